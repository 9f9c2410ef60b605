"""`bench chain`: everything from MQTT to the alert on these cores, beside the plain loop, paho alone and COPY alone."""

from typing import Final

from bus.kafka_topics import ensure_topics
from ecovigil.bench.bare_copy import bare_copy
from ecovigil.bench.bench_servers import BenchServers
from ecovigil.bench.fleet import FleetShape, registry_of
from ecovigil.bench.ingest import PLAIN, bare_paho
from ecovigil.bench.load import Order, Outcome
from ecovigil.bench.result import Cost, Figure, Result, costs, percentiles
from ecovigil.bench.runs import (
    READINGS,
    Rows,
    Terms,
    answer,
    asked_of,
    await_bridge,
    await_until,
    bytes_under,
    carried_out,
    commit_latency_s,
    found,
    load,
    order,
    peer,
    rows,
)
from ecovigil.log_access import kafka_address
from schemas.times import SECOND_US
from sim.playback import Backlog

ROLES: Final = ("detectors", "relay", "city", "alerts", "notifier", "bridge")
DAY_S: Final = 86_400


def chain(terms: Terms) -> Result:
    """Measure the whole chain, then the plain loop and the ceilings, on the same servers."""
    shape = FleetShape(devices=terms.of(1000, 400), minutes=terms.of(6000, 65))
    with BenchServers(registry_of(shape), embedded=terms.embedded, client=terms.client) as servers:
        start_roles(servers, shape)
        before = disk_bytes(servers)
        servers.meter.begin()
        asked = order(servers, shape, ticks="acknowledged")
        ours = carried_out(servers, asked)
        await_settled(servers, shape)
        spent = costs(servers.meter.cpu_s(), servers.meter.peak_mb(), shape.reports * READINGS)
        figures = _figures(servers, asked, ours, before, spent)
        for role in ROLES:
            servers.stop(role)
        return found(
            servers, terms, "chain", f"{shape.devices} devices × {shape.minutes} reports, one worker",
            [*figures, *_ceilings(servers, terms, figures[0].value, spent)], cost=spent,
        )  # fmt: skip


def start_roles(servers: BenchServers, shape: FleetShape, workers: int = 1) -> None:
    """Start every role but the clock, and return when the bridge listens and the workers have their partitions."""
    for role in ROLES:
        servers.started(role)
    for number in range(2, workers + 1):
        servers.started("detectors", f"detectors-{number}")
    await_bridge(servers, shape.instant(0))
    await_until(lambda: asked_of(servers, "claimed") == servers.partitions, "no worker has taken the partitions")


def await_settled(servers: BenchServers, shape: FleetShape, within_s: float = 600.0) -> None:
    """Return when everything was worked off, up to the tick of the last turn."""
    last = shape.instant(shape.minutes - 1) + shape.period_us + 5 * SECOND_US
    Backlog(servers.connection, kafka_address(servers.settings.kafka)).await_settled(last, within_s)


def disk_bytes(servers: BenchServers) -> dict[str, int]:
    """Return what database and log take."""
    return {"database": asked_of(servers, "disk"), "log": bytes_under(servers.folder / "kafka" / "log")}


def lost_and_doubled(counted: Rows, published: int) -> list[Figure]:
    """Return what must be zero, and what came twice and was dropped."""
    return [
        Figure(name="lost", value=published - counted.reports, unit="reports"),
        Figure(name="doubled", value=max(0, counted.readings - published * READINGS), unit="readings"),
        Figure(name="came twice and dropped", value=counted.duplicates, unit="reports"),
    ]


def _figures(
    servers: BenchServers, asked: Order, ours: Outcome, before: dict[str, int], spent: list[Cost]
) -> list[Figure]:
    shape, counted = asked.shape, rows(servers)
    ended = float(answer(servers, "last_commit")[0][0])
    rate = counted.readings / (ended - ours.started_at)
    grown = {name: size - before[name] for name, size in disk_bytes(servers).items()}
    cpu = sum(cost.cpu_s for cost in spent) / counted.readings
    disk = [
        Figure(name=f"{name} on disk", value=size / counted.readings, unit="bytes a reading")
        for name, size in grown.items()
        if size > 0
    ]
    daily = sum(grown.values()) / counted.readings * rate * DAY_S / 1e9
    return [
        Figure(name="readings/s, first publish to last committed row", value=rate),
        Figure(name="readings/s a core, all processes", value=1 / cpu),
        *lost_and_doubled(counted, shape.reports),
        *percentiles("publish to committed row", commit_latency_s(servers, asked)),
        *disk,
        Figure(name="on disk at this rate", value=daily, unit="GB a day"),
        Figure(name="hour means", value=counted.means), Figure(name="verdicts", value=counted.verdicts),
        Figure(name="indices", value=counted.indices), Figure(name="alerts", value=counted.alerts),
    ]  # fmt: skip


def _ceilings(servers: BenchServers, terms: Terms, rate: float, spent: list[Cost]) -> list[Figure]:
    by_name = {cost.process: cost.cpu_s_per_million for cost in spent}
    _, paho_s = bare_paho(servers, terms)
    plain_rate, plain_s = plain_chain(servers, terms)
    copy_rate = bare_copy(servers, terms.of(2_000_000, 300_000))
    ours_s = sum(by_name[role] for role in ROLES)
    return [
        Figure(name="readings/s", value=rate, beside="plain loop on the same servers", beside_value=plain_rate),
        Figure(
            name="CPU of our roles", value=ours_s, unit="s a million readings",
            beside="of the plain loop", beside_value=plain_s,
        ),
        Figure(
            name="CPU of the bridge", value=by_name["bridge"], unit="s a million readings",
            beside="paho alone", beside_value=paho_s / READINGS * 1e6,
        ),
        Figure(name="readings/s", value=rate, beside="binary COPY alone, same table and index", beside_value=copy_rate),
    ]  # fmt: skip


def plain_chain(servers: BenchServers, terms: Terms) -> tuple[float, float]:
    """Return readings a second, and CPU seconds a million readings of its own two processes, of the plain loop."""
    shape = FleetShape(devices=1000, minutes=terms.of(300, 10), prefix="q")
    ensure_topics(kafka_address(servers.settings.kafka), {PLAIN: 4}, 1)
    mqtt, kafka = servers.servers["mqtt"].url, servers.servers["kafka"].url
    count = str(shape.reports)
    with (
        peer(servers, "plain_loop", "worker", kafka, servers.database_url, count, name="plain worker") as worker,
        peer(servers, "plain_loop", "bridge", mqtt, kafka, count, name="plain bridge") as bridge,
        load(servers, order(servers, shape, until="broker")) as source,
    ):
        servers.meter.begin()
        worker.begin()
        source.begin()
        started = Outcome.model_validate(source.outcome()).started_at
        bridge.outcome()
        ended = worker.outcome()["last"]
        cpu = servers.meter.cpu_s()
    own = cpu["plain worker"] + cpu["plain bridge"]
    return shape.reports * READINGS / (ended - started), own / (shape.reports * READINGS) * 1e6

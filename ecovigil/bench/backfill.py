"""`bench backfill`: a day of minute reports in random order, after the day; the final state is that of the same day live."""

import hashlib
import time
from collections.abc import Callable
from typing import Any, Final

from bus.kafka_log import KafkaLogProducer
from ecovigil.bench.bench_servers import BenchServers
from ecovigil.bench.chain import lost_and_doubled, start_roles
from ecovigil.bench.fleet import FleetShape, registry_of
from ecovigil.bench.load import Order
from ecovigil.bench.result import Figure, Result, costs
from ecovigil.bench.runs import READINGS, Terms, await_read, carried_out, found, order, rows
from ecovigil.log_access import kafka_address
from schemas.bundle import Tick, encode_tick
from schemas.times import DAY_US, MINUTE_US, SECOND_US
from schemas.topics import REPORTS
from sim.playback import Backlog
from store.export import PostgresExport
from store.final_port import final_lines

MINUTES: Final = 1440
SETTLED_WITHIN_S: Final = 1800.0
LAST_TICKS: Final = 5
"""Enough for every hour that data came late for: it is judged when two ticks were quiet."""


def backfill(terms: Terms) -> Result:
    """Measure the backfill, then play the same day live, and compare."""
    shape = FleetShape(devices=terms.of(1000, 10), minutes=MINUTES)
    shuffled, digest, wall_s = _played(
        terms, shape, lambda servers: order(servers, shape, shuffled=True, ticks="by_the_clock")
    )
    _, live_digest, live_s = _played(terms, shape, lambda servers: order(servers, shape, ticks="acknowledged"))
    differing = sorted(kind for kind in digest | live_digest if digest.get(kind) != live_digest.get(kind))
    day_s = DAY_US / 1e6
    figures = [
        Figure(
            name="times real time", value=day_s / wall_s, beside="the same day live, as fast as it goes",
            beside_value=day_s / live_s,
        ),
        Figure(name="readings/s", value=shape.reports * READINGS / wall_s),
        *shuffled.figures,
        Figure(name="kinds of rows of export final that differ from the live ones", value=len(differing)),
    ]  # fmt: skip
    note = f"Differing kinds of rows: {', '.join(differing) or 'none'}."
    return shuffled.model_copy(update={"figures": figures, "notes": [note]})


def _played(
    terms: Terms, shape: FleetShape, asked: Callable[[BenchServers], Order]
) -> tuple[Result, dict[str, str], float]:
    """Return result, digests of the final state and seconds from the first publish to the end of all work."""
    with BenchServers(registry_of(shape), embedded=terms.embedded, client=terms.client) as servers:
        start_roles(servers, shape)
        servers.meter.begin()
        outcome = carried_out(servers, asked(servers))
        _finish(servers, shape)
        wall_s = time.time() - outcome.started_at
        spent = costs(servers.meter.cpu_s(), servers.meter.peak_mb(), shape.reports * READINGS)
        workload = f"one day of minutes of {shape.devices} devices in random order"
        figures = lost_and_doubled(rows(servers), shape.reports)
        return found(servers, terms, "backfill", workload, figures, cost=spent), final_digests(servers), wall_s


def final_digests(servers: BenchServers) -> dict[str, str]:
    """Return a SHA-256 of the lines of `export final` for each kind of row."""
    digests: dict[str, Any] = {}
    for kind, row in PostgresExport(servers.connection).final_rows():
        digest = digests.setdefault(kind, hashlib.sha256())
        for line in final_lines(iter([(kind, row)])):
            digest.update(line.encode())
    return {kind: digest.hexdigest() for kind, digest in digests.items()}


def _finish(servers: BenchServers, shape: FleetShape) -> None:
    """Append ticks that close the day, and wait until everything is worked off."""
    await_read(servers)  # else ticks that are still unread would be later than ours
    address = kafka_address(servers.settings.kafka)
    producer, backlog = KafkaLogProducer(address, "bench-last-ticks"), Backlog(servers.connection, address)
    last = max(shape.instant(shape.minutes) + 20 * MINUTE_US, *backlog.ticks().values())
    for _ in range(LAST_TICKS):
        last += 30 * SECOND_US
        for partition in range(servers.partitions):
            producer.send(REPORTS, encode_tick(Tick(last)), partition=partition)
    producer.close()
    backlog.await_settled(last, SETTLED_WITHIN_S)

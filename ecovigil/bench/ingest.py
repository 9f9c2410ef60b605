"""`bench ingest`: the bridge alone, from MQTT to Kafka, beside paho alone and kafka-python alone."""

from typing import Final

from bus.kafka_topics import ensure_topics
from ecovigil.bench.bench_servers import BenchServers
from ecovigil.bench.fleet import FleetShape, registry_of
from ecovigil.bench.result import Figure, Result, costs
from ecovigil.bench.runs import READINGS, Terms, await_bridge, carried_out, found, load, order, peer
from ecovigil.log_access import kafka_address

PLAIN: Final = "plain"
"""Topic of what is compared with ours."""


CLIENTS: Final = ("paho", "frames")
"""What the bridge may receive with (setting mqtt.client); the first is the default."""


def ingest(terms: Terms) -> Result:
    """Measure the bridge with each MQTT client, then what the clients can do by themselves, on the same servers."""
    shape = FleetShape(devices=1000, minutes=terms.of(600, 20))
    with BenchServers(registry_of(shape), embedded=terms.embedded) as servers:
        servers.meter.begin()
        measured = {client: _bridged(servers, shape, client) for client in CLIENTS}
        cost = costs(servers.meter.cpu_s(), servers.meter.peak_mb(), shape.reports * READINGS * len(CLIENTS))
        paho_rate, paho_s = bare_paho(servers, terms)
        kafka = bare_kafka(servers, terms)
        figures = [
            figure
            for client, (rate, cpu_s, lost) in measured.items()
            for figure in (
                Figure(
                    name=f"reports/s, mqtt.client = {client}", value=rate,
                    beside="paho alone: receive and acknowledge", beside_value=paho_rate,
                ),
                Figure(
                    name=f"CPU of the bridge, mqtt.client = {client}", value=cpu_s * 1e6, unit="µs a report",
                    beside="paho alone", beside_value=paho_s * 1e6,
                ),
                Figure(
                    name=f"reports/s a core, mqtt.client = {client}", value=1 / cpu_s,
                    beside="kafka-python alone, one record a report: append, a core",
                    beside_value=kafka["count"] / kafka["append_cpu_s"],
                ),
                Figure(name=f"lost, mqtt.client = {client}", value=lost, unit="reports"),
            )
        ]  # fmt: skip
        workload = f"{shape.devices} devices × {shape.minutes} reports, with each client"
        return found(servers, terms, "ingest", workload, figures, cost=cost)


def _bridged(servers: BenchServers, shape: FleetShape, client: str) -> tuple[float, float, int]:
    """Return reports/s, CPU seconds a report of the bridge, and how many reports were lost."""
    label = f"bridge, {client}"
    servers.started("bridge", label, ECOVIGIL_MQTT__CLIENT=client)
    await_bridge(servers, shape.start_us)
    before = servers.meter.cpu_s()[label]
    ours = carried_out(servers, order(servers, shape))
    cpu_s = (servers.meter.cpu_s()[label] - before) / shape.reports
    servers.stop(label)
    return ours.kafka_has / (ours.acknowledged_at - ours.started_at), cpu_s, shape.reports - ours.kafka_has


def bare_paho(servers: BenchServers, terms: Terms) -> tuple[float, float]:
    """Return messages a second and CPU seconds a message of paho alone, fed by the same load."""
    shape = FleetShape(devices=1000, minutes=terms.of(200, 20), prefix="p")
    with (
        peer(
            servers, "bare_clients", "paho", servers.servers["mqtt"].url, str(shape.reports), name="paho alone"
        ) as bare,
        load(servers, order(servers, shape, until="broker")) as source,
    ):
        source.begin()
        seen = bare.outcome()
        source.outcome()
    return seen["count"] / (seen["last"] - seen["first"]), seen["cpu_s"] / seen["count"]


def bare_kafka(servers: BenchServers, terms: Terms) -> dict[str, float]:
    """Return what kafka-python does alone with one record a report."""
    ensure_topics(kafka_address(servers.settings.kafka), {PLAIN: 4}, 1)
    url = servers.servers["kafka"].url
    with peer(servers, "bare_clients", "kafka", url, str(terms.of(200_000, 20_000)), name="kafka-python alone") as bare:
        bare.begin()
        return {name: float(value) for name, value in bare.outcome().items()}

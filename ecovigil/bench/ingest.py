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


def ingest(terms: Terms) -> Result:
    """Measure the bridge, then what the clients can do by themselves, on the same servers."""
    shape = FleetShape(devices=1000, minutes=terms.of(600, 60))
    with BenchServers(registry_of(shape), embedded=terms.embedded) as servers:
        servers.started("bridge")
        await_bridge(servers, shape.start_us)
        asked = order(servers, shape)
        servers.meter.begin()
        ours = carried_out(servers, asked)
        spent = costs(servers.meter.cpu_s(), servers.meter.peak_mb(), shape.reports * READINGS)
        servers.stop("bridge")
        bridge_s = next(cost.cpu_s for cost in spent if cost.process == "bridge")
        rate = ours.kafka_has / (ours.acknowledged_at - ours.started_at)
        paho_rate, paho_s = bare_paho(servers, terms)
        kafka = bare_kafka(servers, terms)
        figures = [
            Figure(name="reports/s", value=rate, beside="paho alone: receive and acknowledge", beside_value=paho_rate),
            Figure(name="readings/s", value=rate * READINGS),
            Figure(
                name="CPU of the bridge", value=bridge_s / shape.reports * 1e6, unit="µs a report",
                beside="paho alone", beside_value=paho_s * 1e6,
            ),
            Figure(
                name="reports/s a core of the bridge", value=shape.reports / bridge_s,
                beside="kafka-python alone, one record a report: append", beside_value=kafka["append_per_s"],
            ),
            Figure(name="lost", value=shape.reports - ours.kafka_has, unit="reports"),
        ]  # fmt: skip
        return found(
            servers, terms, "ingest", f"{shape.devices} devices × {shape.minutes} reports", figures, cost=spent
        )


def bare_paho(servers: BenchServers, terms: Terms) -> tuple[float, float]:
    """Return messages a second and CPU seconds a message of paho alone, fed by the same load."""
    shape = FleetShape(devices=1000, minutes=terms.of(200, 40), prefix="p")
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
    with peer(servers, "bare_clients", "kafka", url, str(terms.of(200_000, 40_000)), name="kafka-python alone") as bare:
        bare.begin()
        return {name: float(value) for name, value in bare.outcome().items()}

"""`bench detect`: from a full log to committed rows, means and verdicts, by one worker."""

import time
from typing import Final

from ecovigil.bench.bare_copy import bare_copy
from ecovigil.bench.bench_servers import BenchServers
from ecovigil.bench.chain import lost_and_doubled
from ecovigil.bench.fleet import FleetShape, registry_of
from ecovigil.bench.prefilled import fill
from ecovigil.bench.result import Figure, Result, costs
from ecovigil.bench.runs import READINGS, Terms, answer, asked_of, await_read, await_until, found, peer, rows

CPU_UNIT: Final = "s a million readings"
PLAIN_SHARE: Final = 4
"""The plain loop reads a quarter of the reports: it is that much slower, and its rate does not change."""


def detect(terms: Terms) -> Result:
    """Measure one worker on a full log, then the plain and the tuned loop on the same reports."""
    shape = FleetShape(devices=terms.of(1000, 400), minutes=terms.of(600, 65))
    registry = registry_of(shape)
    with BenchServers(registry, embedded=terms.embedded) as servers:
        fill(servers, registry, shape, plain=True)
        rate = worked_off(servers, shape)
        spent = costs(servers.meter.cpu_s(), servers.meter.peak_mb(), shape.reports * READINGS)
        counted = rows(servers)
        servers.stop("detectors")
        worker_s = next(cost.cpu_s_per_million for cost in spent if cost.process == "detectors")
        plain_rate, plain_s = _peer(servers, "plain_loop", shape.reports // PLAIN_SHARE)
        tuned_rate, tuned_s = _peer(servers, "tuned_loop", shape.reports)
        copy_rate = bare_copy(servers, terms.of(2_000_000, 300_000))
        figures = [
            Figure(name="readings/s, one worker", value=rate, beside="plain loop", beside_value=plain_rate),
            Figure(name="readings/s, one worker", value=rate, beside="hand-tuned loop", beside_value=tuned_rate),
            Figure(
                name="readings/s, one worker", value=rate,
                beside="binary COPY alone, same table and index", beside_value=copy_rate,
            ),
            Figure(name="CPU of the worker", value=worker_s, unit=CPU_UNIT, beside="plain loop", beside_value=plain_s),
            Figure(name="CPU of the worker", value=worker_s, unit=CPU_UNIT, beside="hand-tuned", beside_value=tuned_s),
            *lost_and_doubled(counted, shape.reports),
            Figure(name="hour means", value=counted.means), Figure(name="verdicts", value=counted.verdicts),
        ]  # fmt: skip
        workload = f"{shape.devices} devices × {shape.minutes} reports on {servers.partitions} partitions"
        return found(servers, terms, "detect", workload, figures, cost=spent)


def worked_off(servers: BenchServers, shape: FleetShape) -> float:
    """Let a worker take the log to the tables; return readings a second from its start to the last committed row."""
    servers.started("detectors")
    await_until(lambda: asked_of(servers, "claimed") == servers.partitions, "no worker has taken the partitions")
    started = time.time()
    servers.meter.begin()
    await_read(servers)
    return shape.reports * READINGS / (float(answer(servers, "last_commit")[0][0]) - started)


def _peer(servers: BenchServers, module: str, reports: int) -> tuple[float, float]:
    """Return readings a second, and CPU seconds a million readings, of a loop of benchmarks/."""
    kafka = servers.servers["kafka"].url
    arguments = ["worker", kafka] if module == "plain_loop" else [kafka]
    name = f"{module} on the log"
    with peer(servers, module, *arguments, servers.database_url, str(reports), name=name) as child:
        servers.meter.begin()
        child.begin()
        seen = child.outcome()
        cpu_s = servers.meter.cpu_s()[name]
    readings = seen["count"] * READINGS
    return readings / (seen["last"] - seen["first"]), cpu_s / readings * 1e6

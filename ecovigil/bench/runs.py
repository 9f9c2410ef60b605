"""What the modes share: the load as a process, waiting for roles, rows and sizes, and the result around the figures."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bus.kafka_topics import high_water
from bus.mqtt_fleet import DeviceFleetLink
from ecovigil.bench.bench_servers import BenchServers, versions
from ecovigil.bench.child import Child
from ecovigil.bench.fleet import FleetShape
from ecovigil.bench.load import Order, Outcome
from ecovigil.bench.result import Cost, Figure, Result, costs, machine, package_versions
from ecovigil.log_access import kafka_address
from ecovigil.real_servers.real_server import CHECKOUT
from ecovigil.wiring import mqtt_address
from schemas.errors import Unavailable
from schemas.times import cst_text, to_us
from schemas.topics import REPORTS
from store.sql import queries

SQL: Final = queries("bench")
READINGS: Final = 10
"""Readings of a report."""
SAMPLE: Final = 200_000
"""Reports whose latency is looked up at most."""
READY_WITHIN_S: Final = 180.0
WORKED_OFF_WITHIN_S: Final = 1800.0


@dataclass(frozen=True)
class Terms:
    """Under which terms to measure."""

    quick: bool = False
    embedded: bool = False
    client: str = "paho"
    """What the bridge receives with (setting mqtt.client)."""

    def of(self, full: int, quick: int) -> int:
        """Return a size."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Rows:
    """How many rows there are."""

    reports: int
    readings: int
    means: int
    verdicts: int
    alerts: int
    duplicates: int
    rejected: int
    indices: int


def order(servers: BenchServers, shape: FleetShape, **changed: Any) -> Order:
    """Return an order for the load on these servers."""
    times_file = str(servers.folder / f"times-{shape.prefix}.npy")
    return Order(
        shape=shape, mqtt_url=servers.servers["mqtt"].url, bootstrap=servers.servers["kafka"].url,
        times_file=times_file, **changed,
    )  # fmt: skip


@contextmanager
def load(servers: BenchServers, asked: Order) -> Iterator[Child]:
    """Give the load as a process that is ready and metered."""
    file = servers.folder / f"order-{asked.shape.prefix}.json"
    file.write_text(asked.model_dump_json(), encoding="utf-8")
    name = f"load-{asked.shape.prefix}" if asked.shape.prefix != FleetShape().prefix else "load"
    with Child(["-m", "ecovigil.bench.load", str(file)], servers.folder / f"{name}.log", CHECKOUT) as child:
        child.await_ready()
        servers.meter.watch(name, child.pid)
        yield child


@contextmanager
def peer(servers: BenchServers, module: str, *arguments: str, name: str = "") -> Iterator[Child]:
    """Give a script of benchmarks/ as a process that is ready and metered."""
    label = name or module.replace("_", "-")
    command = ["-m", f"benchmarks.{module}", *arguments]
    with Child(command, servers.folder / f"{label}.log", CHECKOUT) as child:
        child.await_ready()
        servers.meter.watch(label, child.pid)
        yield child


def carried_out(servers: BenchServers, asked: Order) -> Outcome:
    """Let the load carry out an order alone; return what happened."""
    with load(servers, asked) as child:
        child.begin()
        return Outcome.model_validate(child.outcome())


def await_bridge(servers: BenchServers, now: int) -> None:
    """Return when the bridge listens to its devices; raises Unavailable."""
    fleet = DeviceFleetLink(mqtt_address(servers.settings), "bench-wake")
    try:
        fleet.set_clock(now, timeout_s=READY_WITHIN_S)
    finally:
        fleet.close()


def await_until(condition: Callable[[], bool], problem: str, within_s: float = READY_WITHIN_S) -> None:
    """Return when a condition holds; raises Unavailable."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise Unavailable(f"bench: {problem}")
        time.sleep(0.05)


def await_read(servers: BenchServers) -> None:
    """Return when the workers have committed all that is in the log now; raises Unavailable."""
    address = kafka_address(servers.settings.kafka)
    end = sum(high_water(address, REPORTS, partition) for partition in range(servers.partitions))
    await_until(lambda: asked_of(servers, "read_offsets") >= end, "the log was not worked off", WORKED_OFF_WITHIN_S)


def asked_of(servers: BenchServers, name: str) -> int:
    """Return the one number that a query of bench.sql gives."""
    return int(answer(servers, name)[0][0])


def answer(servers: BenchServers, name: str, **parameters: Any) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a query of bench.sql."""
    with servers.connection.read() as cursor:
        return cursor.execute(SQL[name], parameters).fetchall()


def rows(servers: BenchServers) -> Rows:
    """Count the rows."""
    return Rows(*(int(one) for one in answer(servers, "rows")[0]))


def commit_latency_s(servers: BenchServers, asked: Order) -> NDArray[np.float64]:
    """Return the seconds from publish to committed row of a sample of all reports."""
    shape = asked.shape
    published = np.load(asked.times_file)
    step = max(1, shape.reports // SAMPLE)
    found = [
        (int(device[len(shape.prefix) :]), to_us(observed_at), committed)
        for device, observed_at, committed in answer(servers, "committed", step=step)
        if device.startswith(shape.prefix)
    ]
    device, instant, committed = (np.array(column) for column in zip(*found, strict=True))
    turn = (instant - shape.instant(asked.first_turn)) // shape.period_us
    mine = turn >= 0
    latency: NDArray[np.float64] = committed[mine] - published[turn[mine], device[mine] // asked.chunk]
    return latency


def bytes_under(folder: Path) -> int:
    """Return how much the files of a folder take."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def found(
    servers: BenchServers, terms: Terms, mode: str, workload: str, figures: list[Figure], *notes: str,
    cost: list[Cost] | None = None, readings: int = 0,
) -> Result:  # fmt: skip
    """Return a result of now."""
    spent = cost if cost is not None else costs(servers.meter.cpu_s(), servers.meter.peak_mb(), readings)
    known = versions(embedded=terms.embedded) | package_versions()
    with servers.connection.read() as cursor:
        known["database"] = f"PostgreSQL {cursor.connection.info.parameter_status('server_version')}"
    return Result(
        mode=mode, client=terms.client, quick=terms.quick, embedded=terms.embedded, at=cst_text(time.time_ns() // 1000),
        machine=servers.machine | machine_after(servers), versions=known, workload=workload, figures=figures, costs=spent,
        notes=list(notes),
    )  # fmt: skip


def machine_after(servers: BenchServers) -> dict[str, str]:
    """Return how busy the machine was at the end, and how fast during the last measurement."""
    return {"load_after": machine()["load_before"], "yardstick_ms": f"{servers.meter.yardstick_ms():.2f}"}

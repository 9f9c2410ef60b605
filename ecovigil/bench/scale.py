"""`bench scale`: one worker, two and four on the same log, how soon partitions are shared, and how soon a killed worker's are taken over."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import Final, NamedTuple

from ecovigil.bench.bench_servers import BenchServers
from ecovigil.bench.chain import lost_and_doubled
from ecovigil.bench.detect import CPU_UNIT
from ecovigil.bench.fleet import FleetShape, registry_of
from ecovigil.bench.prefilled import Entry, append, entries
from ecovigil.bench.result import Cost, Figure, Result, costs
from ecovigil.bench.runs import READINGS, Terms, answer, asked_of, await_read, await_until, found, rows
from schemas.registry import Registry

PARTITIONS: Final = 16
COUNTS: Final = (1, 2, 4)
"""Workers; a shortened run leaves the last out. In the end there is one again: hosts are not always equally fast."""
DEVICES: Final = 1000
"""10,000 series."""
WARM_UP: Final = 10
"""Turns before each number of workers is measured: the first report of a device costs a worker more than all others."""
AFTER_KILL: Final = 4
"""Turns that come when a worker has been killed."""
AIM_S: Final = 10.0
"""Within which another worker should have taken over."""
FIRST: Final = "detectors"
SUCCESSOR: Final = "detectors, successor"


@dataclass
class Source:
    """The reports of the fleet, turn by turn, made before they are appended."""

    registry: Registry
    shape: FleetShape
    turn: int = 0
    reports: int = 0

    def take(self, turns: int) -> list[Entry]:
        """Return the records of the next turns."""
        since, self.turn = self.turn, self.turn + turns
        self.reports += turns * self.shape.devices
        return list(entries(self.registry, self.shape, range(since, self.turn), PARTITIONS))


class Spent(NamedTuple):
    """What so many workers have taken together."""

    workers: int
    cpu_s: float
    """A million readings."""
    yardstick_ms: float
    """How slow the host was."""


@dataclass
class Scaled:
    """What was measured so far."""

    figures: list[Figure] = field(default_factory=list)
    cost: list[Cost] = field(default_factory=list)
    """Of the last measurement."""
    spent: list[Spent] = field(default_factory=list)

    def compared(self) -> list[Figure]:
        """Return what each number of workers took, beside the mean of what one took before and afterwards: as measured, and at the host's mean speed."""
        speed_ms = mean(one.yardstick_ms for one in self.spent)
        measured = {"": [one.cpu_s for one in self.spent]}
        measured[", at one speed of the host"] = [one.cpu_s / one.yardstick_ms * speed_ms for one in self.spent]
        return [
            Figure(
                name=f"CPU, workers: {one.workers}{how}", value=value, unit=CPU_UNIT,
                beside="of one worker, before and after", beside_value=_of_one(self.spent, values),
            )
            for how, values in measured.items() for one, value in zip(self.spent, values, strict=True)
        ]  # fmt: skip


def _of_one(spent: Sequence[Spent], values: Sequence[float]) -> float:
    return mean(value for one, value in zip(spent, values, strict=True) if one.workers == 1)


def scale(terms: Terms) -> Result:
    """Measure some numbers of workers by CPU time a reading, how soon more of them have joined, and how soon a killed one is replaced."""
    turns, counts = terms.of(480, 60), COUNTS[: terms.of(3, 2)]
    shape = FleetShape(devices=DEVICES, minutes=(len(counts) + 1) * (WARM_UP + turns) + AFTER_KILL)
    registry = registry_of(shape)
    with BenchServers(registry, embedded=terms.embedded, partitions=PARTITIONS) as servers:
        source, scaled = Source(registry, shape), Scaled()
        for before, workers in zip((0, *counts), counts, strict=False):
            joined_s = _joined_s(servers, before, workers)
            if before:
                scaled.figures.append(Figure(name=f"joining, workers: {workers}", value=joined_s, unit="s"))
            _measure(servers, source, scaled, turns, workers)
        cost = scaled.cost
        _leave_one(servers, counts[-1])
        _measure(servers, source, scaled, turns, 1)
        scaled.figures += [*scaled.compared(), *_takeover(servers, source)]
        await_read(servers)
        scaled.figures += lost_and_doubled(rows(servers), source.reports)[:2]
        workload = f"{DEVICES} devices × {turns} reports on {PARTITIONS} partitions, for each number of workers"
        return found(servers, terms, "scale", workload, scaled.figures, cost=cost)


def _joined_s(servers: BenchServers, before: int, workers: int) -> float:
    """Start workers until there are so many; return the seconds until all of them have as many partitions."""
    started = time.monotonic()
    for number in range(before + 1, workers + 1):
        servers.started("detectors", _label(number))
    await_until(lambda: _greatest_share(servers) == PARTITIONS // workers, "the partitions were not shared")
    return time.monotonic() - started


def _measure(servers: BenchServers, source: Source, scaled: Scaled, turns: int, workers: int) -> None:
    append(servers, source.take(WARM_UP))
    made = source.take(turns)
    await_read(servers)
    readings = turns * DEVICES * READINGS
    servers.meter.begin()
    started = time.time()
    append(servers, made)
    await_read(servers)
    rate = readings / (float(answer(servers, "last_commit")[0][0]) - started)
    scaled.cost = costs(servers.meter.cpu_s(), servers.meter.peak_mb(), readings)
    own_s = sum(cost.cpu_s_per_million for cost in scaled.cost if cost.process.startswith(FIRST))
    scaled.spent.append(Spent(workers, own_s, servers.meter.yardstick_ms()))
    scaled.figures.append(Figure(name=f"readings/s, workers: {workers}", value=rate))


def _leave_one(servers: BenchServers, workers: int) -> None:
    for number in range(2, workers + 1):
        servers.stop(_label(number))
    await_until(lambda: _greatest_share(servers) == PARTITIONS, "one worker has not taken all partitions")
    await_read(servers)


def _takeover(servers: BenchServers, source: Source) -> list[Figure]:
    """Kill the one worker, and start another at that moment; reports come on."""
    made, read = source.take(AFTER_KILL), asked_of(servers, "read_offsets")
    servers.kill(FIRST)
    killed = time.monotonic()
    servers.started("detectors", SUCCESSOR)
    append(servers, made)
    owner = f"%:{servers.pid(SUCCESSOR)}"
    owned_s = _after(killed, lambda: int(answer(servers, "owned", owner=owner)[0][0]) == PARTITIONS)
    read_s = _after(killed, lambda: asked_of(servers, "read_offsets") > read)
    return [
        Figure(name=f"takeover: SIGKILL to {what}", value=taken_s, unit="s", beside="aim", beside_value=AIM_S)
        for what, taken_s in (("all partitions owned", owned_s), ("first commit of new reports", read_s))
    ]


def _after(since: float, condition: Callable[[], bool]) -> float:
    """Return the seconds from `since` until a condition holds."""
    await_until(condition, "nobody has taken over")
    return time.monotonic() - since


def _greatest_share(servers: BenchServers) -> int:
    return asked_of(servers, "greatest_share")


def _label(number: int) -> str:
    return FIRST if number == 1 else f"{FIRST}-{number}"

"""How fast a worker detects, in memory: columns of bundles through intake and ticks to drafts with means, verdicts, warnings and findings.

Run: `python -m benchmarks.detect [--devices 1000 10000]`. Each device is a coal-fired stack with ten readings a minute report; between two
ticks all devices report once, as in a worker at full load (`--spread 60`: a tick a second, a sixtieth of the devices between two of them).
One minute warms up, 60 are measured, in which one hour closes. Seconds are those of the processor, so that a busy machine does not show. Nothing is stored: a draft is joined and dropped.
"""

import argparse
import gc
import json
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detectors.directory import Directory
from detectors.draft import Draft
from detectors.partition import Partition
from schemas.bundle import Bundle
from schemas.codes import FLAG_NORMAL, Kind
from schemas.registry import Registry
from schemas.times import MINUTE_US, SECOND_US
from schemas.topics import REPORTS
from store.memory import MemoryStore
from store.port import Advance, Lease

START = 1_773_100_800 // 3600 * 3600 * 1_000_000
MINUTES = 60
REPORTS_A_BUNDLE = 250
LEVELS = {
    "a34013": 8.0, "a34013-Zs": 10.0, "a21026": 25.0, "a21026-Zs": 31.0, "a21002": 60.0, "a21002-Zs": 75.0,
    "a19001": 9.0, "a00000": 40.0, "a01012": 90.0, "a01014": 8.0,
}  # fmt: skip
"""Usual value by parameter."""
OVER = 0.02
"""Share of the stacks whose SO2 is above its limit of 50 mg/m³."""


@dataclass
class Figure:
    """What one size costs, in seconds of the processor."""

    devices: int
    spread: int
    collector: bool
    readings: int
    readings_per_s: float
    seconds: dict[str, float] = field(default_factory=dict)
    busiest_tick_ms: float = 0.0
    """The longest tick in which no hour closed."""
    made: dict[str, int] = field(default_factory=dict)
    open_bytes_per_series: float = 0.0


def registry_of(devices: int) -> Registry:
    """Return the registry of so many stacks, each with a device of its own."""
    law = {"standard": "GB 13223-2011", "category": "coal boiler", "variant": "special (key regions)"}
    rule = law | {"effective_from": "2020-01-01", "reason": "benchmark"}
    sites = [f"stack-{number}" for number in range(devices)]
    return Registry.from_tables(
        {
            "site": [{"id": site, "kind": "stack"} for site in sites],
            "binding": [rule | {"site": site} for site in sites],
            "device": [{"id": f"mn-{site}", "sites": [site]} for site in sites],
        }
    )


class Fleet:
    """Minute reports of many stacks, as bundles."""

    def __init__(self, devices: int) -> None:
        self.devices = devices
        self._rng = np.random.default_rng(20260301)
        self._level = np.tile(np.array(list(LEVELS.values())), (devices, 1))
        over = self._rng.random(devices) < OVER
        self._level[over, 2] *= 2.2

    def minute(self, minute: int, parts: int) -> Iterator[list[Bundle]]:
        """Yield the bundles of each of so many parts of a minute."""
        edges = np.linspace(0, self.devices, parts + 1).astype(int)
        for part, (first, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
            sent = START + (minute + 1) * MINUTE_US + part * (MINUTE_US // parts)
            cuts = [*range(first, end, REPORTS_A_BUNDLE), end]
            yield [self._bundle(a, b, minute, sent) for a, b in pairwise(cuts)]

    def _bundle(self, first: int, end: int, minute: int, sent: int) -> Bundle:
        n, codes = end - first, list(LEVELS)
        values = self._level[first:end] * (1 + 0.05 * self._rng.standard_normal((n, len(codes))))
        digest = np.frombuffer(self._rng.bytes(32 * n), "V32")
        return Bundle(
            bridge="benchmark",
            devices=[f"mn-stack-{number}" for number in range(first, end)],
            sites=[f"stack-{number}" for number in range(first, end)],
            parameters=codes,
            report_device=np.arange(n, dtype=np.int32),
            report_site=np.arange(n, dtype=np.int32),
            report_observed_at=np.full(n, START + minute * MINUTE_US),
            report_kind=np.full(n, Kind.MINUTE, np.uint8),
            report_sent_at=np.full(n, sent),
            report_received_at=np.full(n, sent + SECOND_US // 2),
            report_sha256=digest,
            report_position=np.arange(n, dtype=np.int32),
            report_letter=np.zeros(n, np.int64),
            reading_report=np.repeat(np.arange(n, dtype=np.int32), len(codes)),
            reading_parameter=np.tile(np.arange(len(codes), dtype=np.uint16), n),
            reading_value=np.round(_converted(values).ravel(), 2),
            reading_flag=np.full(n * len(codes), FLAG_NORMAL, np.uint8),
            rejected=[],
            received={f"mn-stack-{number}": 1 for number in range(first, end)},
            raw=b"",
        )


def _converted(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values of reports with the device's own conversions (6 % O2 baseline) beside what it measured."""
    codes = list(LEVELS)
    share = (21.0 - 6.0) / (21.0 - values[:, codes.index("a19001")])
    for at in (0, 2, 4):
        values[:, at + 1] = values[:, at] * share
    return values


class Stopwatch:
    """Seconds of the processor by step, and the longest tick that closed nothing."""

    def __init__(self) -> None:
        self.seconds = {"take": 0.0, "tick": 0.0, "close": 0.0, "join": 0.0}
        self.busiest_tick_s = 0.0
        self._at = 0.0

    def start(self) -> None:
        """Begin a step."""
        self._at = time.process_time()

    def stop(self, step: str) -> None:
        """End a step and begin the next one."""
        taken = time.process_time() - self._at
        self.seconds[step] += taken
        if step == "tick":
            self.busiest_tick_s = max(self.busiest_tick_s, taken)
        self._at = time.process_time()


def measure(devices: int, spread: int, *, collector: bool) -> Figure:
    """Return what a fleet of this size costs; `collector`: with Python's cyclic garbage collector on."""
    store = MemoryStore()
    store.import_registry(registry_of(devices), "benchmark", 0)
    directory = Directory(store)
    directory.refresh()
    partition = Partition(Lease("log", REPORTS, 0, 1, 0, 0), directory, store)
    partition.marks.known = 0
    fleet, watch, made = Fleet(devices), Stopwatch(), {"means": 0, "verdicts": 0, "findings": 0}
    _work(partition, fleet, 0, spread, Stopwatch(), dict(made))
    open_bytes = 0
    gc.collect()
    gc.freeze()
    if not collector:
        gc.disable()
    for minute in range(1, MINUTES + 1):
        _work(partition, fleet, minute, spread, watch, made)
        open_bytes = max(open_bytes, partition.open.nbytes + partition.open_days.nbytes)
    gc.enable()
    readings = MINUTES * devices * len(LEVELS)
    seconds = sum(watch.seconds.values())
    return Figure(
        devices, spread, collector, readings, readings / seconds, watch.seconds, 1000 * watch.busiest_tick_s, made,
        open_bytes / (devices * len(LEVELS)),
    )  # fmt: skip


def _work(partition: Partition, fleet: Fleet, minute: int, spread: int, watch: Stopwatch, made: dict[str, int]) -> None:
    for bundles in fleet.minute(minute, spread):
        draft = Draft()
        watch.start()
        draft.raws.extend((0, 0, bundle.raw) for bundle in bundles)
        if bundles:
            partition.take(bundles, draft)
        watch.stop("take")
        now = int(bundles[0].report_received_at[0]) if bundles else partition.tick_at + SECOND_US
        if not partition.is_idle(now):
            partition.tick(now, draft)
        partition.tick_at = now
        watch.stop("close" if draft.means else "tick")
        draft.devices.append(partition.devices.take_dirty())
        batch = draft.batch([Advance(partition.lease, 0, now)])
        partition.settle()
        watch.stop("join")
        for name in made:
            made[name] += len(getattr(batch, name))


def main() -> None:
    """Print the table and, as JSON, the same with machine and versions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--spread", type=int, nargs="+", default=[1, 60])
    chosen = parser.parse_args()
    figures = []
    print("devices  ticks/min  collector  readings/s   take    tick   close    join  busiest tick  bytes/series")
    for devices in chosen.devices:
        for spread in chosen.spread:
            for collector in (True, False):
                f = measure(devices, spread, collector=collector)
                figures.append(f)
                print(_line(f), flush=True)
    machine = {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine()}
    print(json.dumps({"machine": machine, "figures": [asdict(f) for f in figures]}))


def _line(f: Figure) -> str:
    per_reading = " ".join(f"{1e9 * seconds / f.readings:5.0f}ns" for seconds in f.seconds.values())
    return (
        f"{f.devices:>7,} {f.spread:>10} {'on' if f.collector else 'off':>10} {f.readings_per_s:>11,.0f} "
        f"{per_reading} {f.busiest_tick_ms:>10.2f} ms {f.open_bytes_per_series:>12,.0f}"
    )


if __name__ == "__main__":
    main()

"""How fast columns become verdicts, in memory: readings a second on one core, memory a series, and how both grow with the number of series.

Run: `python -m benchmarks.judge [--series 1000 10000 200000]`. One hour of minute readings of half crushers' dust (limit by standard)
and half permit figures goes through the same functions as in a worker: means, amounts, verdicts, in blocks as a worker's. Seconds are those
of the processor, best of five. Memory is what Python and numpy have allocated for a partition with 60 minutes and 24 hours open, as
tracemalloc counts it: open windows, device states, limits, neighbours; and with the names and numbers of series, without the registry.
"""

import argparse
import gc
import json
import math
import platform
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from detectors.directory import Directory
from detectors.gas import with_amounts
from detectors.means import hour_means
from detectors.partition import Partition
from detectors.verdicts import Judge
from schemas.codes import FLAG_NORMAL, Kind
from schemas.columns import Readings
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US, day_start
from schemas.topics import REPORTS
from store.memory import MemoryStore
from store.port import Lease

START = 1_773_100_800 // 3600 * 3600 * 1_000_000
MINUTES = 60
BLOCK = 4_096
"""Series that go through at once, as in `detectors.open_readings`."""
SERIES_A_DEVICE = 10
MEMORY_UP_TO = 20_000
"""Series of which memory is measured: tracing costs many times what is traced, and bytes a series only fall with their number."""


@dataclass(frozen=True)
class Figure:
    """What one size costs."""

    series: int
    readings: int
    readings_per_s: float
    ns_per_reading: float
    open_bytes_per_series: float
    """Open windows alone: an hour of minutes, a day of hour means."""
    bytes_per_series: float
    """All that a partition keeps."""
    bytes_with_names: float
    """The same and the directory: names and numbers of series."""


def store_of(series: int) -> MemoryStore:
    """Return a store whose registry has so many stacks with one dust channel each."""
    names = [f"crusher-{number}" for number in range(series)]
    law = {
        "standard": "GB 4915-2013",
        "category": "crusher, mill, packing and other vented equipment",
        "variant": "general",
    }
    rule = law | {"effective_from": "2020-01-01", "reason": "benchmark"}
    permit = {"parameter": "a34013", "limit": 15.0, "averaging": "hour_mean", "effective_from": "2020-01-01"}
    tables = {
        "site": [{"id": name, "kind": "stack"} for name in names],
        "binding": [rule | {"site": name} for name in names],
        "permit": [permit | {"site": name} for name in names[::2]],
    }
    store = MemoryStore()
    store.import_registry(Registry.from_tables(tables), "benchmark", 0)
    store.series_numbers([(name, "a34013") for name in names])
    return store


def directory_of(store: MemoryStore) -> Directory:
    """Return a directory that knows all series of the registry."""
    directory = Directory(store)
    directory.refresh()
    directory.channels([(site, "a34013") for site in directory.registry.sites])
    return directory


def hour_of(series: Sequence[int], rng: np.random.Generator) -> Readings:
    """Return one hour of minutes as it comes in: minute by minute over all series."""
    n = len(series)
    observed = np.repeat(START + np.arange(MINUTES) * MINUTE_US, n)
    return Readings(
        np.tile(np.array(series, np.int32), MINUTES), np.full(n * MINUTES, Kind.MINUTE, np.uint8), observed,
        rng.normal(15.0, 2.0, n * MINUTES), np.full(n * MINUTES, FLAG_NORMAL, np.uint8), observed + MINUTE_US,
        rng.integers(0, 2**63, n * MINUTES).astype(np.uint64),
    )  # fmt: skip


def judged(directory: Directory, hour: Readings) -> int:
    """Take an hour's columns to verdicts; return how many there are."""
    means = with_amounts(directory, hour_means(hour, directory.validity()))
    return len(Judge(directory).verdicts(means))


def measure(series: int) -> Figure:
    """Return what one size costs."""
    store = store_of(series)
    memory = kept(store, series) if series <= MEMORY_UP_TO else (math.nan, math.nan, math.nan)
    directory = directory_of(store)
    numbers = sorted(directory.series)
    rng = np.random.default_rng(20260301)
    hours = [hour_of(numbers[i : i + BLOCK], rng) for i in range(0, series, BLOCK)]
    gc.collect()
    gc.freeze()
    best = min(_timed(directory, hours, series) for _ in range(5))
    readings = series * MINUTES
    return Figure(series, readings, readings / best, best / readings * 1e9, *memory)


def kept(store: MemoryStore, series: int) -> tuple[float, float, float]:
    """Return how many bytes a series its open windows, the whole partition, and the partition with its directory take."""
    registry = store.registry()[1]
    assert len(registry.sites) + len(registry.site_bindings) + len(registry.site_permits)
    gc.collect()
    tracemalloc.start()
    directory = directory_of(store)
    with_names = tracemalloc.get_traced_memory()[0]
    partition = Partition(Lease("log", REPORTS, 0, 1, 0, 0), directory, store)
    _fill(partition, series)
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    windows = partition.open.nbytes + partition.open_days.nbytes
    return windows / series, (taken - with_names) / series, taken / series


def _fill(partition: Partition, series: int) -> None:
    """Let a partition have 60 minutes and 24 hours of each series open, after it judged an hour."""
    rng, directory = np.random.default_rng(1), partition.directory
    numbers = np.array(sorted(directory.series), np.int32)
    device = np.arange(series, dtype=np.int32) // SERIES_A_DEVICE
    partition.devices.reserve(int(device.max()))
    partition.series_device.note(numbers, device)
    for first in range(0, series, BLOCK):
        hour = hour_of(numbers[first : first + BLOCK].tolist(), rng)
        means = with_amounts(directory, hour_means(hour, directory.validity()))
        partition.results.judge(means, hour)
        for at in range(24):
            partition.open_days.put(replace(means, start=day_start(means.start) + at * HOUR_US))
        for minute in range(MINUTES):
            partition.open.add(hour.take(slice(minute * len(means), (minute + 1) * len(means))))


def _timed(directory: Directory, hours: list[Readings], series: int) -> float:
    started = time.process_time()
    verdicts = sum(judged(directory, hour) for hour in hours)
    taken = time.process_time() - started
    assert verdicts == series, f"{verdicts} verdicts of {series} series over {HOUR_US} µs"
    return taken


def main() -> None:
    """Print the table and, as JSON, the same with machine and versions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, nargs="+", default=[1_000, 10_000, 200_000])
    kept(store_of(SERIES_A_DEVICE), SERIES_A_DEVICE)  # what is loaded once is no memory of a series
    figures = [measure(series) for series in parser.parse_args().series]
    print(
        f"{'series':>9} {'readings/s':>12} {'ns/reading':>11}   bytes/series: {'open windows':>13} {'partition':>10} {'and names':>10}"
    )
    for f in figures:
        sizes = f"{f.open_bytes_per_series:>28,.0f} {f.bytes_per_series:>10,.0f} {f.bytes_with_names:>10,.0f}"
        print(f"{f.series:>9,} {f.readings_per_s:>12,.0f} {f.ns_per_reading:>11.1f} {sizes}")
    print(
        f"growth of the cost per reading, first to last size: {figures[-1].ns_per_reading / figures[0].ns_per_reading:.2f}×"
    )
    machine = {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine()}
    print(json.dumps({"machine": machine, "figures": [asdict(f) for f in figures]}))


if __name__ == "__main__":
    main()

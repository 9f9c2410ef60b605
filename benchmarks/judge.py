"""How fast columns become verdicts, in memory: readings a second on one core, memory a series, and how both grow with the number of series.

Run: `python -m benchmarks.judge [--series 1000 10000 200000]`. One hour of minute readings of half crushers' dust (limit by standard)
and half permit figures goes through the same functions as in a worker: means, amounts, verdicts. The figures are for one core, best of three.
"""

import argparse
import gc
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from detectors.directory import Directory
from detectors.gas import with_amounts
from detectors.means import hour_means
from detectors.verdicts import Judge
from schemas.codes import FLAG_NORMAL, Kind
from schemas.columns import Readings
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US
from store.memory import MemoryStore

START = 1_773_100_800 // 3600 * 3600 * 1_000_000
MINUTES = 60
CHUNK = 2_000_000
"""Readings that go through at once at most: as a worker's batches, so that memory stays bounded."""


@dataclass(frozen=True)
class Figure:
    """What one size costs."""

    series: int
    readings: int
    readings_per_s: float
    ns_per_reading: float
    open_bytes_per_series: float
    """Columns of one open hour of minutes and one open day of hour means."""


def directory_of(series: int) -> Directory:
    """Return a directory that knows so many dust channels, one a site."""
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
    directory = Directory(store)
    directory.refresh()
    directory.channels([(name, "a34013") for name in names])
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
    """Return what one size costs, best of three."""
    directory = directory_of(series)
    numbers = sorted(directory.series)
    rng = np.random.default_rng(20260301)
    per_chunk = max(1, CHUNK // MINUTES)
    hours = [hour_of(numbers[i : i + per_chunk], rng) for i in range(0, series, per_chunk)]
    gc.freeze()
    best = min(_timed(directory, hours, series) for _ in range(3))
    readings = series * MINUTES
    reading_bytes = sum(column.itemsize for column in vars(hours[0]).values())
    hour_mean_bytes = sum(
        column.itemsize for column in vars(hour_means(hours[0].take(slice(0, 1)), directory.validity())).values()
    )
    return Figure(
        series, readings, readings / best, best / readings * 1e9, MINUTES * reading_bytes + 24 * hour_mean_bytes
    )


def _timed(directory: Directory, hours: list[Readings], series: int) -> float:
    started = time.perf_counter()
    verdicts = sum(judged(directory, hour) for hour in hours)
    taken = time.perf_counter() - started
    assert verdicts == series, f"{verdicts} verdicts of {series} series over {HOUR_US} µs"
    return taken


def main() -> None:
    """Print the table and, as JSON, the same with machine and versions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, nargs="+", default=[1_000, 10_000, 200_000])
    figures = [measure(series) for series in parser.parse_args().series]
    print(f"{'series':>9} {'readings/s':>12} {'ns/reading':>11} {'bytes/series':>13}")
    for f in figures:
        print(f"{f.series:>9,} {f.readings_per_s:>12,.0f} {f.ns_per_reading:>11.1f} {f.open_bytes_per_series:>13,.0f}")
    print(
        f"growth of the cost per reading, first to last size: {figures[-1].ns_per_reading / figures[0].ns_per_reading:.2f}×"
    )
    machine = {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine()}
    print(json.dumps({"machine": machine, "figures": [asdict(f) for f in figures]}))


if __name__ == "__main__":
    main()

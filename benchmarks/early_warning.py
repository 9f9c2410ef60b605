"""How well the early warning foretells: share of exceedances told in time and false warnings a site-year, on the simulated fleet.

Run: python -m benchmarks.early_warning. The table of docs/detection.md is this output. Everything is seeded: two runs print the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from detectors.directory import Directory
from detectors.early_warning import EarlyWarnings, RowsOf
from detectors.projection import RECENT_MIN
from detectors.watched_limits import HourLimits, WatchedLimits
from schemas.codes import FLAG_NORMAL, Kind, SiteKind
from schemas.columns import Readings
from schemas.registry import Registry
from schemas.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, date_us
from sim.example import example_registry
from sim.fleet import Fleet, Monitor
from sim.incidents import Incident, Truth
from standards.judgement import NOISE
from standards.parameters import CONVERTED, base_code
from store.memory import MemoryStore

START = date_us(date(2014, 4, 1))
IN_TIME_US = 15 * MINUTE_US
ARRIVES_AFTER_US = 6 * SECOND_US
"""A report is looked at so long after the end of its period: 5 s on the way, then the next tick."""
INCIDENTS_A_MONTH = 4
"""Of each limited series."""
PEAKS = (0.7, 3.0)
"""Level during an incident, in limits."""
LASTING_MIN = (10, 360)


@dataclass(frozen=True)
class Case:
    """One way to run the fleet."""

    title: str
    kind: Kind
    days: int
    incidents: bool = False
    level: float = 0.0
    """Share of the limit at which every plant runs; 0: as simulated."""


CASES = (
    Case("in order, ten-minute values", Kind.TEN_MINUTE, 365),
    Case("in order, minute values", Kind.MINUTE, 60),
    Case("with incidents, ten-minute values", Kind.TEN_MINUTE, 180, incidents=True),
    Case("with incidents, minute values", Kind.MINUTE, 60, incidents=True),
    Case("at nine tenths of the limit, ten-minute values", Kind.TEN_MINUTE, 180, level=0.9),
    Case("at nine tenths of the limit, minute values", Kind.MINUTE, 60, level=0.9),
)


VARIANTS = (10, 20, 30)
"""Minutes that foretell the rest of the hour: what another choice would cost."""


@dataclass(frozen=True)
class Stacks:
    """The values of all series with an hour limit, (samples, series)."""

    directory: Directory
    store: MemoryStore
    kind: Kind
    series: NDArray[np.int32]
    values: NDArray[np.float64]
    limit: NDArray[np.float64]
    sites: int

    @property
    def samples(self) -> int:
        """Samples an hour."""
        return 3600 // self.kind.length_s


def stacks(case: Case) -> Stacks:
    """Return the simulated stacks of a case."""
    registry = _only_stacks(example_registry())
    store = MemoryStore()
    store.import_registry(registry, "benchmark", 0)
    directory = Directory(store)
    directory.refresh()
    fleet = Fleet(registry, START, START + case.days * DAY_US, kind=case.kind)
    directory.channels([(m.site_id, p) for m in fleet.monitors for p in m.parameters])
    limits = WatchedLimits(directory).at(START)
    limits.meet(np.array(sorted(directory.series), np.int32))
    _trouble(case, fleet, directory, limits)
    series = np.array(sorted(limits.limits), np.int32)
    values = np.column_stack([_column(fleet, *directory.series[s]) for s in series.tolist()])
    return Stacks(directory, store, case.kind, series, values, limits.maximum[series], len(fleet.monitors))


def _only_stacks(registry: Registry) -> Registry:
    sites = {site.id for site in registry.site if site.kind is SiteKind.STACK}
    return registry.model_copy(update={"device": [d for d in registry.device if sites.issuperset(d.sites)]})


def _column(fleet: Fleet, site: str, parameter: str) -> NDArray[np.float64]:
    monitor = next(m for m in fleet.monitors if m.site_id == site)
    return monitor.values[:, monitor.parameters.index(parameter)]


def _trouble(case: Case, fleet: Fleet, directory: Directory, limits: HourLimits) -> None:
    """Raise what a case asks for: incidents at random times, lengths and levels, or the level of all plants."""
    rng = np.random.default_rng(20140401)
    by_site = {monitor.site_id: monitor for monitor in fleet.monitors}
    for series, limit in sorted(limits.limits.items()):
        site, parameter = directory.series[series]
        usual = float(np.median(_column(fleet, site, parameter)))
        if case.level:
            _raise(
                by_site[site], parameter, case.level * (limit.maximum or 0.0) / usual, START, START + case.days * DAY_US
            )
        for _ in range(rng.poisson(INCIDENTS_A_MONTH * case.days / 30) if case.incidents else 0):
            start = START + int(rng.integers(case.days * 1440)) * MINUTE_US
            lasting = int(np.exp(rng.uniform(*np.log(LASTING_MIN)))) * MINUTE_US
            factor = rng.uniform(*PEAKS) * (limit.maximum or 0.0) / usual
            _raise(by_site[site], parameter, factor, start, start + lasting)


def _raise(monitor: Monitor, parameter: str, factor: float, start: int, end: int) -> None:
    code = base_code(parameter)
    named = [name for name in (code, code + CONVERTED) if name in monitor.parameters]
    incident = Incident.model_construct(
        id="i",
        title="i",
        kind="bypass",
        site=monitor.site_id,
        start=start,
        to=end,
        factor=factor,
        parameters=named,
        truth=Truth(),
    )
    monitor.suffer(incident)


def warnings(run: Stacks, recent_min: int) -> dict[tuple[int, int], int]:
    """Return (series, hour) → when it was warned of, by letting the detector see each sample at its time."""
    detector = EarlyWarnings(run.directory, run.store, 0, lambda readings: readings, recent_min)
    found: dict[tuple[int, int], int] = {}
    for now, rows, fresh in _ticks(run):
        for finding in detector.look(_only(rows), fresh, now):
            series = run.directory.site_series[finding.site_id or ""]
            code = finding.parameter or ""
            found[series.get(code + CONVERTED, series[code]), finding.start or 0] = now
    return found


def _only(rows: Readings) -> RowsOf:
    def given(_series: NDArray[np.int32], _hour: int) -> Readings:
        return rows

    return given


def _ticks(run: Stacks) -> Iterator[tuple[int, Readings, Readings]]:
    count, period_us = len(run.series), run.kind.length_s * SECOND_US
    instant = START + np.arange(len(run.values)) * period_us
    for sample, at in enumerate(instant.tolist()):
        first = sample - sample % run.samples
        part = slice(first, sample + 1)
        rows = _readings(
            np.tile(run.series, sample + 1 - first), run.kind, instant[part].repeat(count), run.values[part].ravel()
        )
        yield at + period_us + ARRIVES_AFTER_US, rows, rows.take(slice((sample - first) * count, None))


def _readings(
    series: NDArray[np.int32], kind: Kind, observed_at: NDArray[np.int64], value: NDArray[np.float64]
) -> Readings:
    n = len(series)
    zeros = np.zeros(n, np.int64)
    return Readings(
        series, np.full(n, kind, np.uint8), observed_at, value, np.full(n, FLAG_NORMAL, np.uint8), zeros, zeros.astype(np.uint64)
    )  # fmt: skip


def figures(case: Case, recent_min: int = RECENT_MIN) -> list[str]:
    """Return one row of the table."""
    run = stacks(case)
    told = warnings(run, recent_min)
    hourly = run.values.reshape(-1, run.samples, len(run.series))
    exceeded = hourly.mean(axis=1) > run.limit * (1 + NOISE)
    seen = int((HOUR_US - IN_TIME_US - ARRIVES_AFTER_US) // (run.kind.length_s * SECOND_US))
    visible = exceeded & (hourly[:, :seen] > run.limit).any(axis=1)
    in_time = np.zeros_like(exceeded)
    false = 0
    column = {series: i for i, series in enumerate(run.series.tolist())}
    for (series, hour), at in told.items():
        place = (hour - START) // HOUR_US, column[series]
        in_time[place] = hour + HOUR_US - at >= IN_TIME_US
        false += not exceeded[place]
    years = run.sites * case.days / 365
    return [
        case.title,
        f"{years:.1f}",
        f"{exceeded.sum()}",
        _share((in_time & exceeded).sum(), exceeded.sum()),
        _share((in_time & visible).sum(), visible.sum()),
        f"{len(told)}",
        _share(false, len(told)),
        f"{false / years:.2f}",
    ]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


HEAD = [
    "fleet",
    "site-years",
    "hours exceeded",
    "told ≥ 15 min ahead",
    "… of those visible by then",
    "warnings",
    "false",
    "false a site-year",
]


def main() -> None:
    """Print the tables as Markdown."""
    _print_head(HEAD)
    for case in CASES:
        print("| " + " | ".join(figures(case)) + " |", flush=True)
    print()
    _print_head(["last minutes", *HEAD])
    for recent_min, case in ((m, case) for m in VARIANTS for case in CASES if case.incidents):
        print(f"| {recent_min} | " + " | ".join(figures(case, recent_min)) + " |", flush=True)


def _print_head(names: list[str]) -> None:
    print("| " + " | ".join(names) + " |")
    print("|" + " --- |" * len(names))


if __name__ == "__main__":
    main()

"""Hour and day means with sample counts and validity, as pure functions on columns.

Rules: HJ 212-2017 annex D (a gas hour needs 45 valid minutes, a gas day 20 valid hours; water hours are made of 1 to 6
ten-minute values, water days of 1 to 24 hours), facts.md 6.2; ozone's day is its daily maximum 8-hour mean (HJ 663-2013,
facts.md 2.2). Sums run over readings sorted by time, so that arrival order never shows in the last digit.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.codes import FLAG_NORMAL, KIND_LENGTH_S, Kind, NotJudged
from schemas.columns import PERIOD_DAY, PERIOD_HOUR, Means, Readings
from schemas.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, day_start, hour_start
from standards.ambient import daily_maximum_8h

GAS_MIN_MINUTES: Final = 45
GAS_MIN_HOURS: Final = 20
WATER_MIN: Final = 1
_EXPECTED: Final = np.array([0, 60, 12, 6, 1, 1], dtype=np.int64)
"""Samples of an hour by kind (for the kind day: of a day); realtime has no fixed number."""
_LENGTH_MIN: Final = np.array([1, 1, 5, 10, 60, 1440], dtype=np.int64)


@dataclass(frozen=True)
class Validity:
    """How many samples a series needs, by series number."""

    min_minutes: NDArray[np.int64]
    """Valid minutes of an hour."""
    min_hours: NDArray[np.int64]
    """Valid hours of a day."""
    maximum_8h: NDArray[np.bool_]
    """The day value is the daily maximum 8-hour mean (ozone of an ambient station)."""


def in_force(readings: Readings) -> Readings:
    """Return one reading per (series, kind, observed_at), sorted by that key: the greatest (sent_at, SHA-256)."""
    order = np.lexsort((readings.sha8, readings.sent_at, readings.observed_at, readings.kind, readings.series))
    rows = readings.take(order)
    if len(rows) < 2:
        return rows
    last = np.ones(len(rows), dtype=bool)
    last[:-1] = (
        (rows.series[1:] != rows.series[:-1])
        | (rows.kind[1:] != rows.kind[:-1])
        | (rows.observed_at[1:] != rows.observed_at[:-1])
    )
    return rows if last.all() else rows.take(last)


def window_start(readings: Readings) -> NDArray[np.int64]:
    """Return the window of each reading: its hour, or its China Standard Time day for readings of kind day."""
    return np.where(readings.kind == Kind.DAY, day_start(readings.observed_at), hour_start(readings.observed_at))


def window_end(readings: Readings) -> NDArray[np.int64]:
    """Return the end of the window of each reading."""
    return window_start(readings) + np.where(readings.kind == Kind.DAY, DAY_US, HOUR_US)


def period_ends(observed_at: NDArray[np.int64], kind: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the end of the period of each report (a realtime one: its instant)."""
    return observed_at + np.array(KIND_LENGTH_S, dtype=np.int64)[kind] * SECOND_US


@dataclass(frozen=True)
class _Groups:
    """Readings in force of one (series, window, kind) each."""

    series: NDArray[np.int32]
    start: NDArray[np.int64]
    kind: NDArray[np.uint8]
    present: NDArray[np.int64]
    samples: NDArray[np.int64]
    value: NDArray[np.float64]

    @property
    def complete(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (self.present >= _EXPECTED[self.kind]) & (self.kind != Kind.REALTIME)
        return found


def _group(readings: Readings) -> _Groups:
    rows = in_force(readings)
    start = window_start(rows)
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows.series[1:] != rows.series[:-1]) | (rows.kind[1:] != rows.kind[:-1]) | (start[1:] != start[:-1])
    at = np.flatnonzero(first)
    normal = rows.flag == FLAG_NORMAL
    counted = np.add.reduceat(normal.astype(np.int64), at)
    total = np.add.reduceat(np.where(normal, rows.value, 0.0), at)
    value = np.divide(total, counted, out=np.full(len(at), np.nan), where=counted > 0)
    kind = rows.kind[at]
    samples = np.where(kind == Kind.REALTIME, _distinct_minutes(rows, normal, first, at), counted)
    present = np.diff(np.append(at, len(rows)))
    return _Groups(rows.series[at], start[at], kind, present, samples, value)


def _distinct_minutes(
    rows: Readings, normal: NDArray[np.bool_], first: NDArray[np.bool_], at: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Count the minutes with at least one valid realtime reading; rows are sorted by time within a group."""
    minute = rows.observed_at // MINUTE_US
    group = np.cumsum(first)
    keys = np.unique(np.stack((group[normal], minute[normal])), axis=1)[0] if normal.any() else np.empty(0, np.int64)
    return np.bincount(keys, minlength=len(at) + 1)[1:].astype(np.int64)


def _choose(groups: _Groups) -> NDArray[np.int64]:
    """Return the group to judge in each (series, window): the finest complete kind, else the one that covers most."""
    coverage = groups.present / np.maximum(_EXPECTED[groups.kind], 1)
    coverage = np.where(groups.kind == Kind.REALTIME, 0.0, np.minimum(coverage, 1.0))
    score = np.where(groups.complete, 10.0, coverage)
    order = np.lexsort((groups.kind, -score, groups.start, groups.series))
    series, start = groups.series[order], groups.start[order]
    best = np.ones(len(order), dtype=bool)
    best[1:] = (series[1:] != series[:-1]) | (start[1:] != start[:-1])
    return order[best]


def hour_means(readings: Readings, validity: Validity) -> Means:
    """Return one mean per (series, hour) that has readings, sorted by series and start; readings of kind day are ignored."""
    readings = readings.take(readings.kind != Kind.DAY)
    if not len(readings):
        return Means.empty()
    groups = _group(readings)
    pick = _choose(groups)
    series, kind, samples = groups.series[pick], groups.kind[pick], groups.samples[pick]
    length = _LENGTH_MIN[kind]
    needed = np.maximum(1, -(-validity.min_minutes[series] // length))
    needed = np.where(kind == Kind.HOUR, 1, needed)
    valid = samples >= needed
    return Means(
        series, np.full(len(pick), PERIOD_HOUR, np.uint8), groups.start[pick], groups.value[pick],
        samples.astype(np.int32), kind, valid, reasons(valid),
    )  # fmt: skip


def complete_windows(readings: Readings) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]]:
    """Return (series, window start, whether some kind has all its samples) of each window, sorted by series and start."""
    groups = _group(readings)
    pick = _choose(groups)
    return groups.series[pick], groups.start[pick], groups.complete[pick]


def reasons(valid: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Return why means are invalid: "" where valid."""
    found: NDArray[Any] = np.full(len(valid), NotJudged.TOO_FEW_SAMPLES.value, dtype=object)
    found[valid] = ""
    return found


def day_means(hours: Means, reported: Readings, validity: Validity) -> Means:
    """Return one mean per (series, day) of hour means, or of the device's own day value where hours are incomplete.

    `hours` are current hour means (one per series and hour), `reported` readings of kind day.
    """
    made = _days_of_hours(hours, validity) if len(hours) else Means.empty()
    told = _days_as_told(reported)
    if not len(told):
        return made
    complete = {(s, d) for s, d, n in zip(made.series, made.start, _hours_present(hours), strict=True) if n >= 24}
    keep_told = np.array([(s, d) not in complete for s, d in zip(told.series, told.start, strict=True)], dtype=bool)
    kept = told.take(keep_told)
    replaced = set(zip(kept.series.tolist(), kept.start.tolist(), strict=True))
    keep_made = np.array([(s, d) not in replaced for s, d in zip(made.series, made.start, strict=True)], dtype=bool)
    both = Means.concat([made.take(keep_made), kept])
    return both.take(np.lexsort((both.start, both.series)))


def _day_groups(hours: Means) -> tuple[Means, NDArray[np.int64], NDArray[np.int64]]:
    rows = hours.take(np.lexsort((hours.start, hours.series)))
    day = day_start(rows.start)
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows.series[1:] != rows.series[:-1]) | (day[1:] != day[:-1])
    return rows, day, np.flatnonzero(first)


def _hours_present(hours: Means) -> NDArray[np.int64]:
    rows, _, at = _day_groups(hours)
    return np.diff(np.append(at, len(rows))) if len(rows) else np.empty(0, np.int64)


def _days_of_hours(hours: Means, validity: Validity) -> Means:
    rows, day, at = _day_groups(hours)
    series = rows.series[at]
    samples = np.add.reduceat(rows.valid.astype(np.int64), at)
    total = np.add.reduceat(np.where(rows.valid, rows.value, 0.0), at)
    value = np.divide(total, samples, out=np.full(len(at), np.nan), where=samples > 0)
    valid = samples >= np.maximum(1, validity.min_hours[series])
    ozone = validity.maximum_8h[series]
    if ozone.any():
        value[ozone], valid[ozone] = daily_maximum_8h(_hour_grid(rows, day, at)[ozone])
    return Means(
        series, np.full(len(at), PERIOD_DAY, np.uint8), day[at], value, samples.astype(np.int32),
        np.full(len(at), Kind.HOUR, np.uint8), valid, reasons(valid),
    )  # fmt: skip


def _hour_grid(rows: Means, day: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the valid hour values as (day window, hour of the day), NaN where there is none."""
    group = np.repeat(np.arange(len(at)), np.diff(np.append(at, len(rows))))
    grid = np.full((len(at), 24), np.nan)
    grid[group, (rows.start - day) // HOUR_US] = np.where(rows.valid, rows.value, np.nan)
    return grid


def _days_as_told(reported: Readings) -> Means:
    if not len(reported):
        return Means.empty()
    rows = in_force(reported)
    valid = rows.flag == FLAG_NORMAL
    return Means(
        rows.series, np.full(len(rows), PERIOD_DAY, np.uint8), day_start(rows.observed_at),
        np.where(valid, rows.value, np.nan), valid.astype(np.int32), np.full(len(rows), Kind.DAY, np.uint8), valid, reasons(valid),
    )  # fmt: skip


def latest(means: Means) -> NDArray[np.int64]:
    """Return the rows that stand last for their (series, start), in that order: a re-judged hour replaces the first one."""
    order = np.lexsort((np.arange(len(means)), means.start, means.series))
    series, start = means.series[order], means.start[order]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (series[1:] != series[:-1]) | (start[1:] != start[:-1])
    return order[last]

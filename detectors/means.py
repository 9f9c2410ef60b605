"""Hour and day means with sample counts and validity, as pure functions on columns.

Rules: HJ 212-2017 annex D (a gas hour needs 45 valid minutes, a gas day 20 valid hours; water hours are made of 1 to 6
ten-minute values, water days of 1 to 24 hours), facts.md 6.2; ozone's day is its daily maximum 8-hour mean (HJ 663-2013,
facts.md 2.2). Sums run over readings sorted by time, so that arrival order never shows in the last digit.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.shortage import Shortage
from detectors.weighting import Weighted, flow_beside, group_medians, weighted_means
from schemas.codes import FLAG_MARKED, FLAG_NORMAL, KIND_LENGTH_S, Kind, NotJudged
from schemas.columns import PERIOD_HOUR, Means, Readings
from schemas.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, day_start, hour_start

GAS_MIN_MINUTES: Final = 45
GAS_MIN_HOURS: Final = 20
WATER_MIN: Final = 1
EXPECTED: Final = np.array([0, 60, 12, 6, 1, 1], dtype=np.int64)
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
    median: NDArray[np.bool_]
    """The value is a median, not a mean (pH)."""
    flow_of: NDArray[np.int64]
    """Flow series that weighs the samples (discharged water), -1 = none."""


def in_force(readings: Readings) -> Readings:
    """Return one reading per (series, kind, observed_at), sorted by that key: the greatest (sent_at, SHA-256)."""
    if len(readings) < 2:
        return readings
    key = composite_key(readings)
    if (key[1:] > key[:-1]).all():
        return readings
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    if (ordered[1:] != ordered[:-1]).all():
        return readings.take(order)
    order = np.lexsort((readings.sha8, readings.sent_at, key))
    rows = readings.take(order)
    last = np.ones(len(rows), dtype=bool)
    last[:-1] = (
        (rows.series[1:] != rows.series[:-1])
        | (rows.kind[1:] != rows.kind[:-1])
        | (rows.observed_at[1:] != rows.observed_at[:-1])
    )
    return rows if last.all() else rows.take(last)


def composite_key(readings: Readings) -> NDArray[np.int64]:
    """Return one number that sorts as (series, kind, observed_at); it holds 10^5 series over a day, more by the second."""
    if not len(readings):
        return readings.observed_at
    first = int(readings.observed_at.min())
    offset, groups = readings.observed_at - first, readings.series.astype(np.int64) * len(KIND_LENGTH_S) + readings.kind
    span = int(offset.max()) + 1
    if span * (int(groups.max()) + 1) < 2**62:
        return groups * span + offset
    _, rank = np.unique(readings.observed_at, return_inverse=True)
    return groups * (int(rank.max()) + 1) + rank


def window_start(readings: Readings) -> NDArray[np.int64]:
    """Return the window of each reading: its hour, or its China Standard Time day for readings of kind day."""
    hours = hour_start(readings.observed_at)
    days = readings.kind == Kind.DAY
    return np.where(days, day_start(readings.observed_at), hours) if days.any() else hours


def window_end(readings: Readings) -> NDArray[np.int64]:
    """Return the end of the window of each reading."""
    days = readings.kind == Kind.DAY
    return window_start(readings) + (np.where(days, DAY_US, HOUR_US) if days.any() else HOUR_US)


def period_ends(observed_at: NDArray[np.int64], kind: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the end of the period of each report (a realtime one: its instant)."""
    return observed_at + np.array(KIND_LENGTH_S, dtype=np.int64)[kind] * SECOND_US


@dataclass(frozen=True)
class _Groups:
    """Readings in force, sorted, cut into groups of one (series, window, kind)."""

    rows: Readings
    at: NDArray[np.int64]
    """First row of each group."""
    series: NDArray[np.int32]
    start: NDArray[np.int64]
    kind: NDArray[np.uint8]
    present: NDArray[np.int64]

    @property
    def complete(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (self.present >= EXPECTED[self.kind]) & (self.kind != Kind.REALTIME)
        return found


def _group(readings: Readings) -> _Groups:
    rows = in_force(readings)
    start = window_start(rows)
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows.series[1:] != rows.series[:-1]) | (rows.kind[1:] != rows.kind[:-1]) | (start[1:] != start[:-1])
    at = np.flatnonzero(first)
    return _Groups(rows, at, rows.series[at], start[at], rows.kind[at], np.diff(np.append(at, len(rows))))


def _samples(groups: _Groups, normal: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the valid readings of each group; realtime ones by the minutes that have any."""
    counted = np.add.reduceat(normal.astype(np.int64), groups.at)
    if not (groups.kind == Kind.REALTIME).any():
        return counted
    group = np.repeat(np.arange(len(groups.at)), groups.present)[normal]
    minute = groups.rows.observed_at[normal] // MINUTE_US
    distinct = np.bincount(np.unique(np.stack((group, minute)), axis=1)[0].astype(np.int64), minlength=len(groups.at))
    return np.where(groups.kind == Kind.REALTIME, distinct, counted)


def _choose(groups: _Groups) -> NDArray[np.int64]:
    """Return the group to judge in each (series, window): the finest complete kind, else the one that covers most."""
    coverage = groups.present / np.maximum(EXPECTED[groups.kind], 1)
    coverage = np.where(groups.kind == Kind.REALTIME, 0.0, np.minimum(coverage, 1.0))
    score = np.where(groups.complete, 10.0, coverage)
    order = np.lexsort((groups.kind, -score, groups.start, groups.series))
    series, start = groups.series[order], groups.start[order]
    best = np.ones(len(order), dtype=bool)
    best[1:] = (series[1:] != series[:-1]) | (start[1:] != start[:-1])
    return order[best]


def hour_means(readings: Readings, validity: Validity) -> Means:
    """Return one mean per (series, hour) that has readings, sorted by series and start; readings of kind day are ignored."""
    readings = readings.among(np.flatnonzero(readings.kind != Kind.DAY))
    if not len(readings):
        return Means.empty()
    groups = _group(readings)
    rows, normal = groups.rows, groups.rows.flag == FLAG_NORMAL
    instant = rows.observed_at * len(KIND_LENGTH_S) + rows.kind
    values = group_values(rows.series, instant, rows.value, normal, groups.at, validity)
    pick = _choose(groups)
    series, kind, samples = groups.series[pick], groups.kind[pick], _samples(groups, normal)[pick]
    needed = np.maximum(1, -(-validity.min_minutes[series] // _LENGTH_MIN[kind]))
    needed = np.where(kind == Kind.HOUR, 1, needed)
    marked = rows.flag == FLAG_MARKED
    unmarked = _samples(groups, normal | marked)[pick] if marked.any() else samples
    shortage = Shortage(samples < needed, unmarked >= needed)
    return made_means(series, PERIOD_HOUR, groups.start[pick], kind, samples, shortage, values.rows(pick))


def group_values(
    series: NDArray[np.int32],
    instant: NDArray[np.int64],
    value: NDArray[np.float64],
    valid: NDArray[np.bool_],
    at: NDArray[np.int64],
    validity: Validity,
) -> Weighted:
    """Return the value of each group of rows: mean, median, or flow-weighted mean, as the series asks."""
    counted = np.add.reduceat(valid.astype(np.int64), at)
    total = np.add.reduceat(np.where(valid, value, 0.0), at)
    plain = np.divide(total, counted, out=np.full(len(at), np.nan), where=counted > 0)
    if validity.median[series[at]].any():
        plain = np.where(validity.median[series[at]], group_medians(value, valid, at), plain)
    if not (validity.flow_of[series[at]] >= 0).any():
        return Weighted(plain, np.zeros(len(at), dtype=bool))
    flow_of = validity.flow_of[series]
    return weighted_means(value, valid, flow_beside(series, instant, value, valid, flow_of), plain, at)


def made_means(
    series: NDArray[np.int32],
    period: int,
    start: NDArray[np.int64],
    kind: NDArray[np.uint8],
    samples: NDArray[np.int64],
    shortage: Shortage,
    values: Weighted,
) -> Means:
    """Return means of one period; invalid where there are too few samples, or no flow to weigh them by."""
    valid = ~shortage.short & ~values.unweighable
    reason = shortage.reasons()
    reason[~shortage.short & values.unweighable] = NotJudged.FLOW_MISSING.value
    none = np.full(len(series), np.nan)
    return Means(
        series,
        np.full(len(series), period, np.uint8),
        start,
        values.value,
        samples.astype(np.int32),
        kind,
        valid,
        reason,
        none,
        none,
        np.zeros(len(series), np.int64),
    )


def lacking_readings(readings: Readings) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return (series, window start, readings that are lacking) of each window that has no kind with all its samples, sorted by series and start.

    Counted by the kind that covers most.
    """
    groups = _group(readings)
    pick = _choose(groups)
    pick = pick[~groups.complete[pick]]
    return groups.series[pick], groups.start[pick], np.maximum(EXPECTED[groups.kind[pick]] - groups.present[pick], 1)


def latest(means: Means) -> NDArray[np.int64]:
    """Return the rows that stand last for their (series, start), in that order: a re-judged hour replaces the first one."""
    order = np.lexsort((np.arange(len(means)), means.start, means.series))
    series, start = means.series[order], means.start[order]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (series[1:] != series[:-1]) | (start[1:] != start[:-1])
    return order[last]

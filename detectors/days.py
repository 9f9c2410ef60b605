"""Day means, from the hour means of a China Standard Time day or from the device's own day values; pure functions on columns.

A gas day needs 20 valid hours, a water day one (HJ 212-2017 annex D, facts.md 6.2; a binding may say otherwise); ozone's day is its
daily maximum 8-hour mean (HJ 663-2013, facts.md 2.2); the day's mass is the sum of the hours'.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detectors.means import Validity, group_values, in_force, made_means
from detectors.shortage import Shortage
from detectors.weighting import Weighted
from schemas.codes import FLAG_MARKED, FLAG_NORMAL, Kind, NotJudged
from schemas.columns import PERIOD_DAY, Means, Readings
from schemas.times import HOUR_US, day_start
from standards.ambient import daily_maximum_8h


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
    values = group_values(rows.series, rows.start, rows.value, rows.valid, at, validity)
    marked = np.add.reduceat((rows.reason == NotJudged.MARKED.value).astype(np.int64), at)
    unweighed = rows.reason == NotJudged.FLOW_MISSING.value
    needed = np.maximum(1, validity.min_hours[series])
    enough = samples >= needed
    ozone = validity.maximum_8h[series]
    if ozone.any():
        values.value[ozone], enough[ozone] = daily_maximum_8h(_hour_grid(rows, day, at)[ozone])
    shortage = Shortage(~enough, (marked > 0) & (samples + marked >= needed))
    days = made_means(series, PERIOD_DAY, day[at], np.full(len(at), Kind.HOUR, np.uint8), samples, shortage, values)
    reason = _why_unweighed(days.reason, np.add.reduceat(unweighed.astype(np.int64), at) + samples >= needed)
    return replace(days, reason=reason, converted=_day_converted(rows, at, validity), mass_kg=_day_mass(rows, at))


def _why_unweighed(reason: NDArray[np.object_], enough_with_flow: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Say that the flow is missing where the hours would be enough with it."""
    lacking = (reason == NotJudged.TOO_FEW_SAMPLES.value) & enough_with_flow
    return np.where(lacking, NotJudged.FLOW_MISSING.value, reason).astype(object)


def _day_converted(rows: Means, at: NDArray[np.int64], validity: Validity) -> NDArray[np.float64]:
    """Return the mean of the converted hours, NaN where fewer than a valid day needs are there."""
    there = rows.valid & ~np.isnan(rows.converted)
    count = np.add.reduceat(there.astype(np.int64), at)
    total = np.add.reduceat(np.where(there, rows.converted, 0.0), at)
    enough = count >= np.maximum(1, validity.min_hours[rows.series[at]])
    mean: NDArray[np.float64] = np.divide(total, count, out=np.full(len(at), np.nan), where=enough & (count > 0))
    return mean


def _day_mass(rows: Means, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum of the hours' masses, NaN where no hour has one (Gd = sum of Gh, HJ 212-2017 annex D)."""
    there = ~np.isnan(rows.mass_kg)
    total = np.add.reduceat(np.where(there, rows.mass_kg, 0.0), at)
    return np.where(np.add.reduceat(there.astype(np.int64), at) > 0, total, np.nan)


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
    values = Weighted(np.where(valid, rows.value, np.nan), np.zeros(len(rows), dtype=bool))
    kind = np.full(len(rows), Kind.DAY, np.uint8)
    shortage = Shortage(~valid, rows.flag == FLAG_MARKED)
    return made_means(
        rows.series, PERIOD_DAY, day_start(rows.observed_at), kind, valid.astype(np.int64), shortage, values
    )

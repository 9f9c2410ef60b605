"""Ambient means: 24-hour mean, maximum 8-hour mean of ozone, mean of a city's stations (GB 3095, HJ 663)."""

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from standards.tables import rows_of

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MIN_HOURS: Final = 20
"""Valid hours that a 24-hour mean needs (GB 3095, table of validity)."""
MIN_HOURS_OF_8: Final = 6
MIN_WINDOWS: Final = 14
"""Valid 8-hour windows of the 17 that end at 08:00 … 24:00 (HJ 663-2013; recalled, to be checked in the original)."""


@cache
def ozone_limit() -> float:
    """Return the grade 2 limit of the daily maximum 8-hour mean, 160 µg/m³ in every edition."""
    rows = rows_of("ambient_limits")
    return float(next(r["grade_2"] for r in rows if r["pollutant"] == "O3" and r["averaging"] == "8h_max"))


def _mean(values: Any, axis: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return (mean of what is there, how many there are) along an axis, rounded to 9 decimals so that noise decides nothing."""
    there = np.isfinite(values)
    count = there.sum(axis=axis)
    total = np.where(there, values, 0.0).sum(axis=axis)
    return np.where(count > 0, np.round(total / np.maximum(count, 1), 9), np.nan), count


def mean_24h(hours: Any) -> tuple[Floats, Flags]:
    """Return (mean, valid) of windows of 24 hours, shape (n, 24), NaN = no valid hour; valid with 20 hours."""
    value, count = _mean(np.asarray(hours, np.float64), 1)
    return value, count >= MIN_HOURS


def daily_maximum_8h(hours: Any) -> tuple[Floats, Flags]:
    """Return (value, valid) of days of hourly ozone, shape (n, 24), NaN = no valid hour; µg/m³.

    The windows end at 08:00 … 24:00, so none reaches into the day before; one needs 6 hours. The day is valid with 14 windows, or
    with fewer when the maximum already exceeds the limit of 160. Value is NaN where no window is valid.
    """
    windows = sliding_window_view(np.asarray(hours, np.float64), 8, axis=1)
    means, count = _mean(windows, 2)
    means = np.where(count >= MIN_HOURS_OF_8, means, -np.inf)
    highest = means.max(axis=1)
    enough = (count >= MIN_HOURS_OF_8).sum(axis=1) >= MIN_WINDOWS
    return np.where(np.isfinite(highest), highest, np.nan), enough | (highest > ozone_limit())


def running_maximum_8h(hours: Any) -> tuple[Floats, Flags]:
    """Return (value, valid) of any 24 consecutive hours of ozone, shape (n, 24): all 17 windows inside them, the rule of a day."""
    return daily_maximum_8h(hours)


def city_mean(values: Any, stations_expected: int) -> tuple[Floats, Flags]:
    """Return (mean, valid) by period of stations' values, shape (stations, n), NaN = none; valid with 75 % of the stations."""
    value, count = _mean(np.asarray(values, np.float64), 0)
    return value, (4 * count >= 3 * stations_expected) & (count > 0)

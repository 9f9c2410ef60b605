"""The limits of means by series, as arrays: asked of the law once for each series, period and natural day."""

from collections.abc import Sequence
from sys import intern
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.directory import Directory
from schemas.codes import SiteKind
from schemas.times import day_start
from standards.limits import COLD_WATER_DEGC, LimitDecision, limits_for
from standards.rules import LimitPeriod

PERIODS: Final[tuple[LimitPeriod, ...]] = ("hour", "day")
"""By code of the period; months are judged one by one."""
_KEPT: Final = 6
"""Tables kept: both periods of today, yesterday and one day more."""
_DTYPES: Final[dict[str, Any]] = {
    "known": np.bool_,
    "by_water": np.bool_,
    "limited": np.bool_,
    "minimum": np.float64,
    "maximum": np.float64,
    "baseline": np.float64,
    "rule": np.object_,
    "binding": np.object_,
    "reason": np.object_,
}


class PeriodLimits:
    """The limits of one period and natural day, filled as series are met: 51 bytes a series."""

    def __init__(self, directory: Directory, period: LimitPeriod, day: int) -> None:
        self._directory, self._period, self._day = directory, period, day
        size = max(directory.series, default=-1) + 1
        self.columns: dict[str, NDArray[Any]] = {name: np.zeros(size, dtype) for name, dtype in _DTYPES.items()}
        """`by_water`: which limit applies depends on the water's temperature; `limited`: there is one; `minimum`, `maximum`: NaN where there
        is none; `baseline`: O2 % that values are converted to, NaN where they are not; `reason`: why there is no limit, "" where none is due."""

    def of(self, series: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
        """Return the columns of some series."""
        new = series[~self.columns["known"][series]]
        if len(new):
            self._fill(np.unique(new).tolist())
        return {name: column[series] for name, column in self.columns.items()}

    def _fill(self, series: Sequence[int]) -> None:
        rows = [self._row(number) for number in series]
        for name, values in zip(_DTYPES, zip(*rows, strict=True), strict=True):
            self.columns[name][series] = values

    def _row(self, series: int) -> tuple[Any, ...]:
        decision, limit = self._decide(series), None
        if decision is not None:
            limit = decision.limit
        figures = (None, None, None) if limit is None else (limit.minimum, limit.maximum, limit.baseline_o2_pct)
        return (
            True,
            self._is_by_water(series),
            limit is not None,
            *(np.nan if figure is None else figure for figure in figures),
            intern(limit.rule_id) if limit else "",
            intern(decision.binding_id) if decision else "",
            str(decision.reason or "") if decision else "",
        )

    def _decide(self, series: int, water_temperature: float | None = None) -> LimitDecision | None:
        site, parameter = self._directory.series[series]
        if site not in self._directory.registry.sites:
            return None
        return limits_for(self._directory.registry, site, parameter, self._period, self._day, water_temperature)

    def _is_by_water(self, series: int) -> bool:
        site = self._directory.site_of(series)
        if site is None or site.kind is not SiteKind.EFFLUENT:
            return False
        cold, warm = (self._decide(series, COLD_WATER_DEGC + degrees) for degrees in (-1.0, 1.0))
        return not self._decide(series) == cold == warm


def period_limits(directory: Directory, period: int, start: NDArray[np.int64]) -> list[tuple[PeriodLimits, Any]]:
    """Return the table of each natural day among starts of a period, with the rows that it is for (a mask, or all)."""
    days = np.unique(day_start(start)).tolist() if len(start) else []
    if len(days) == 1:
        return [(_table(directory, period, days[0]), slice(None))]
    day = day_start(start)
    return [(_table(directory, period, one), day == one) for one in days]


def _table(directory: Directory, period: int, day: int) -> PeriodLimits:
    tables: dict[tuple[int, int], PeriodLimits] = directory.kept("period_limits", dict)
    if (period, day) not in tables:
        for oldest in list(tables)[: len(tables) + 1 - _KEPT]:
            del tables[oldest]
        tables[period, day] = PeriodLimits(directory, PERIODS[period], day)
    return tables[period, day]


def limits_of(
    directory: Directory, series: NDArray[np.int32], period: int, start: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Return the limits of means of one period, column by column."""
    found: dict[str, NDArray[Any]] = {name: np.zeros(len(series), dtype) for name, dtype in _DTYPES.items()}
    for table, rows in period_limits(directory, period, start):
        for name, column in table.of(series[rows]).items():
            found[name][rows] = column
    return found

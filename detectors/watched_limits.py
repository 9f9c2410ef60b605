"""The limits of hours by series, as arrays: what a single value is held against while its hour is open.

A limit for converted values watches the device's own `-Zs` series, or else the measured one, converted with the oxygen of the same instant.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.directory import OXYGEN, PH, Directory
from detectors.gas import at_baseline
from detectors.weighting import flow_beside
from schemas.codes import FLAG_NORMAL, KIND_LENGTH_S, SiteKind
from schemas.columns import Readings
from schemas.times import day_start
from standards.limits import Limit, limits_for
from standards.parameters import AUXILIARY, CONVERTED, base_code

_KINDS: Final = frozenset({SiteKind.STACK, SiteKind.EFFLUENT})
_DAYS_KEPT: Final = 2


class HourLimits:
    """The limits of one natural day, filled as series are met; 33 bytes a series."""

    def __init__(self, directory: Directory, day: int) -> None:
        self._directory = directory
        self._day = day
        size = max(directory.series, default=0) + 1
        self._known = np.zeros(size, dtype=bool)
        self.maximum = np.full(size, np.nan)
        """Unit of the series; NaN where nothing is to be watched."""
        self.level = np.full(size, np.nan)
        """What a warning is given at: the maximum, or the share of it that the site's binding asks for."""
        self.baseline = np.full(size, np.nan)
        """O2 % to which values are converted here; NaN where they are not."""
        self.oxygen = np.full(size, -1, dtype=np.int64)
        """Series of the oxygen that converts them."""
        self.limits: dict[int, Limit] = {}

    def meet(self, series: NDArray[np.int32]) -> None:
        """Fill in the series that are new here."""
        for number in np.unique(series[~self._known[series]]).tolist():
            self._known[number] = True
            self._fill(number)

    def converted(self, rows: Readings) -> NDArray[np.float64]:
        """Return the values as the limits want them; NaN where a conversion is not possible."""
        oxygen = self.oxygen[rows.series]
        if not (oxygen >= 0).any():
            return rows.value
        part = np.flatnonzero((oxygen >= 0) | np.isin(rows.series, np.unique(oxygen)))
        some, value = rows.take(part), rows.value.copy()
        instant = some.observed_at * len(KIND_LENGTH_S) + some.kind
        beside = flow_beside(some.series, instant, some.value, some.flag == FLAG_NORMAL, oxygen[part])
        asked = oxygen[part] >= 0
        converted = at_baseline(some.value, beside, self.baseline[some.series])
        value[part[asked]] = converted[asked]
        return value

    def _fill(self, series: int) -> None:
        site_id, parameter = self._directory.series[series]
        site = self._directory.site_of(series)
        if site is None or site.kind not in _KINDS or parameter in AUXILIARY or base_code(parameter) == PH:
            return
        if (site_id, parameter) in self._directory.registry.gas_states:
            return  # what is heard is not what is judged
        limit = limits_for(self._directory.registry, site_id, base_code(parameter), "hour", self._day).limit
        if (
            limit is None
            or limit.maximum is None
            or parameter.endswith(CONVERTED) != self._is_told(limit, site_id, parameter)
        ):
            return
        if limit.needs_conversion and not parameter.endswith(CONVERTED):
            self.baseline[series] = limit.baseline_o2_pct or 0.0
            self.oxygen[series] = self._directory.site_series[site_id].get(OXYGEN, -1)
            if self.oxygen[series] < 0:
                return
        self.limits[series] = limit
        self.maximum[series] = limit.maximum
        self.level[series] = limit.maximum * self._share(site_id)

    def _is_told(self, limit: Limit, site_id: str, parameter: str) -> bool:
        """Whether the device itself sends what the limit is for as a converted value."""
        return limit.needs_conversion and base_code(parameter) + CONVERTED in self._directory.site_series[site_id]

    def _share(self, site_id: str) -> float:
        bindings = self._directory.registry.site_bindings.get(site_id, ())
        asked = [b.warn_at_pct for b in bindings if b.warn_at_pct is not None and b.covers(self._day)]
        return min(asked, default=100.0) / 100.0


class WatchedLimits:
    """The limits of the days that have open hours, for one state of the registry and the series."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._days: dict[int, HourLimits] = {}
        self._state = (-1, -1)

    def at(self, instant: int) -> HourLimits:
        """Return the limits of the natural day of an instant."""
        state = (self._directory.version, len(self._directory.series))
        if state != self._state:
            self._state, self._days = state, {}
        day = int(day_start(np.array([instant]))[0])
        if day not in self._days:
            kept = sorted(self._days)[1 - _DAYS_KEPT :]
            self._days = {d: self._days[d] for d in kept}
            self._days[day] = HourLimits(self._directory, day)
        return self._days[day]

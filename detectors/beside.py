"""What stands beside a series at its site: oxygen, flow, the converted value; as arrays by series number, made anew when series are met."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.directory import GAS_FLOW, OXYGEN, WATER_FLOW, Directory
from schemas.codes import SiteKind
from schemas.columns import Means
from standards.parameters import AUXILIARY, CONVERTED

_FLOW: Final = {SiteKind.STACK: GAS_FLOW, SiteKind.EFFLUENT: WATER_FLOW}
_Series = NDArray[np.int32]
_Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Beside:
    """By series number; -1 where there is no such series. 19 bytes a series."""

    is_stack: _Mask
    """Gas of a registered stack, no auxiliary quantity."""
    is_effluent: _Mask
    """Water of a registered effluent, no auxiliary quantity."""
    is_told: _Mask
    """A value that the device itself has converted."""
    oxygen: _Series
    flow: _Series
    told: _Series
    """The device's own converted value of a measured series."""
    measured: _Series
    """The measured series of a converted one."""


def beside(directory: Directory) -> Beside:
    """Return the neighbours of all series that were met so far."""
    return directory.kept("beside", lambda: _made(directory))


def _made(directory: Directory) -> Beside:
    size = max(directory.series, default=-1) + 1
    rows = np.array([_of(directory, number) for number in range(size)], np.int32).reshape(-1, 7)
    return Beside(rows[:, 0] > 0, rows[:, 1] > 0, rows[:, 2] > 0, *np.ascontiguousarray(rows.T[3:]))


def _of(directory: Directory, series: int) -> tuple[int, int, int, int, int, int, int]:
    site = directory.site_of(series) if series in directory.series else None
    if site is None or site.kind not in _FLOW:
        return 0, 0, 0, -1, -1, -1, -1
    parameter, others = directory.series[series][1], directory.site_series[site.id]
    judged = parameter not in AUXILIARY
    is_told = parameter.endswith(CONVERTED)
    return (
        judged and site.kind is SiteKind.STACK,
        judged and site.kind is SiteKind.EFFLUENT,
        is_told,
        others.get(OXYGEN, -1),
        others.get(_FLOW[site.kind], -1),
        -1 if is_told else others.get(parameter + CONVERTED, -1),
        others.get(parameter.removesuffix(CONVERTED), -1) if is_told else -1,
    )


class Neighbours:
    """Finds means of the same period and start; of means that are there once for each (series, period, start)."""

    def __init__(self, means: Means) -> None:
        self._means = means
        window = means.start * 4 + means.period
        _, self._window = np.unique(window, return_inverse=True)
        self._span = int(self._window.max(initial=0)) + 1
        key = means.series.astype(np.int64) * self._span + self._window
        self._order = np.argsort(key)
        self._key = key[self._order]

    def rows(self, series: _Series) -> NDArray[np.int64]:
        """Return, for each mean, the row of the mean of another series in its window; -1 where there is none."""
        asked = series.astype(np.int64) * self._span + self._window
        at = np.minimum(np.searchsorted(self._key, asked), len(self._key) - 1)
        found: NDArray[np.int64] = np.where((self._key[at] == asked) & (series >= 0), self._order[at], -1)
        return found

    def valid(self, series: _Series) -> NDArray[np.float64]:
        """Return, for each mean, the valid mean of another series in its window; NaN where there is none."""
        row = self.rows(series)
        return np.where((row >= 0) & self._means.valid[row], self._means.value[row], np.nan)

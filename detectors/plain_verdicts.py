"""Verdicts on columns: measured gas and water by limits that need nothing but the mean, the converted mean, or the oxygen beside it.

What looks further (the water's temperature, a device that sends converted values only, classes of surface water) is judged by `verdicts`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.beside import Neighbours, beside
from detectors.directory import Directory
from detectors.gas import OXYGEN_GUARD_PCT
from detectors.period_limits import PERIODS, limits_of
from schemas.codes import NotJudged, Outcome
from schemas.columns import Means
from standards.judgement import NOISE
from store.port import Verdicts

_Mask = NDArray[np.bool_]
_Figures = NDArray[np.float64]


class PlainVerdicts:
    """The verdicts on those means of one batch that can be judged by columns."""

    def __init__(self, directory: Directory, means: Means) -> None:
        self._means = means
        self._near = beside(directory)
        s, self._neighbours = means.series, Neighbours(means)
        discharged = self._near.is_stack[s] | self._near.is_effluent[s]
        converted = self._near.is_told[s]
        rows = np.flatnonzero(discharged & ~converted & (means.period < len(PERIODS)))
        self._limits = _joined(directory, means, rows)
        plain = ~self._limits["by_water"]
        self.rows = rows[plain]
        """Rows of the means that are judged here, whether there is a verdict or not."""
        self._limits = {name: column[plain] for name, column in self._limits.items()}
        self.beside_measured = converted & (self._neighbours.rows(self._near.measured[s]) >= 0)
        """Converted means with a measured one beside them: they are looked at together with it."""

    def verdicts(self) -> tuple[NDArray[np.int64], Verdicts]:
        """Return the rows of the means that have a verdict, and the verdicts."""
        said = self._limits["limited"] | (self._limits["reason"] != "")
        rows, limits = self.rows[said], {name: column[said] for name, column in self._limits.items()}
        value, reason, basis = self._subjects(rows, limits)
        outcome, times_over = _judged(value, limits["minimum"], limits["maximum"])
        open_ = reason != ""
        outcome[open_], times_over[open_], value[open_] = Outcome.NOT_JUDGED.value, np.nan, np.nan
        means = self._means
        return rows, Verdicts(
            means.series[rows], means.period[rows], means.start[rows], outcome, value, limits["minimum"],
            limits["maximum"], times_over, reason, limits["rule"], limits["binding"], basis,
        )  # fmt: skip

    def _subjects(
        self, rows: NDArray[np.int64], limits: dict[str, NDArray[Any]]
    ) -> tuple[_Figures, NDArray[np.object_], NDArray[np.object_]]:
        """Return what is held against the limits, why nothing is ("" where something is), and what it was taken for."""
        value, reason = self._means.value[rows].copy(), self._means.reason[rows].copy()
        basis = np.full(len(rows), "measured", dtype=object)
        none = ~limits["limited"]
        reason[none] = limits["reason"][none]
        at_baseline = np.flatnonzero(~np.isnan(limits["baseline"]))
        if len(at_baseline):
            value[at_baseline], reason[at_baseline] = self._converted(rows[at_baseline])
            basis[at_baseline] = "converted"
        return value, reason, basis

    def _converted(self, rows: NDArray[np.int64]) -> tuple[_Figures, NDArray[np.object_]]:
        """Return the device's own converted means, else ours, and why there is none."""
        means, near = self._means, self._near
        told = self._neighbours.rows(near.told[means.series])[rows]
        is_told = (told >= 0) & means.valid[told]
        value = np.where(is_told, means.value[told], means.converted[rows])
        oxygen = self._neighbours.valid(near.oxygen[means.series])[rows]
        lacking = np.where(oxygen >= OXYGEN_GUARD_PCT, NotJudged.OXYGEN_GUARD.value, NotJudged.CONVERSION_MISSING.value)
        reason = np.where(np.isnan(value), lacking.astype(object), "")
        invalid = ~is_told & ~means.valid[rows]
        reason[invalid] = means.reason[rows][invalid]
        return value, reason


def _joined(directory: Directory, means: Means, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return the limits of the means at `rows`, whatever their periods."""
    period = means.period[rows]
    if len(rows) and (period == period[0]).all():
        return limits_of(directory, means.series[rows], int(period[0]), means.start[rows])
    parts = [limits_of(directory, means.series[rows[period == p]], p, means.start[rows[period == p]]) for p in (0, 1)]
    order = np.argsort(np.argsort(period, kind="stable"), kind="stable")
    return {name: np.concatenate([part[name] for part in parts])[order] for name in parts[0]}


def _judged(value: _Figures, minimum: _Figures, maximum: _Figures) -> tuple[NDArray[np.object_], _Figures]:
    """Return what `standards.judgement.judge` says of each value, and how far over it is (NaN where that says nothing)."""
    above = value - maximum > NOISE * np.abs(maximum)
    below = ~above & (minimum - value > NOISE * np.abs(minimum))
    outcome = np.where(above | below, Outcome.EXCEEDED.value, Outcome.MET.value).astype(object)
    one_sided = above & np.isnan(minimum) & (maximum > 0)
    times_over = np.full(len(value), np.nan)
    np.divide(value, maximum, out=times_over, where=one_sided)
    return outcome, times_over - 1.0

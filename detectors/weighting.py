"""Flow-weighted means of discharged water: mean C = sum(C Q) / sum(Q) (HJ 212-2017 annex D.1, facts.md 1.6, 6.2).

Samples and the flow beside them are paired by time; a sample without its flow does not weigh. Where a site measures no flow at all
in the window the plain mean stands; where it does, but nothing flows or no flow fits, there is no mean.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Weighted(NamedTuple):
    """Means of groups of samples."""

    value: NDArray[np.float64]
    """NaN where there is none."""
    unweighable: NDArray[np.bool_]
    """Flow is measured, but no valid sample has a flow above zero beside it."""

    def rows(self, index: NDArray[np.int64]) -> "Weighted":
        """Return the groups at `index`."""
        return Weighted(self.value[index], self.unweighable[index])


def flow_beside(
    series: NDArray[np.int32],
    instant: NDArray[np.int64],
    value: NDArray[np.float64],
    valid: NDArray[np.bool_],
    flow_of: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the valid flow of the same site and instant for each row, NaN where there is none.

    `flow_of` is the flow series of each row's series (-1: none). Rows of one (series, instant) are unique.
    """
    found = values_beside(series, instant, value, valid, flow_of)
    found[found < 0] = np.nan
    return found


def values_beside(
    series: NDArray[np.int32],
    instant: NDArray[np.int64],
    value: NDArray[np.float64],
    valid: NDArray[np.bool_],
    asked_of: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the valid value of another series at the same instant for each row, NaN where there is none; see `flow_beside`."""
    found = np.full(len(series), np.nan)
    wanted = np.flatnonzero(asked_of >= 0)
    if not len(wanted):
        return found
    _, when = np.unique(instant, return_inverse=True)
    span = int(when.max()) + 1
    key = series.astype(np.int64) * span + when
    order = np.argsort(key)
    asked = asked_of[wanted] * span + when[wanted]
    at = np.minimum(np.searchsorted(key[order], asked), len(key) - 1)
    hit = order[at]
    there = (key[hit] == asked) & valid[hit]
    found[wanted[there]] = value[hit[there]]
    return found


def weighted_means(
    value: NDArray[np.float64],
    valid: NDArray[np.bool_],
    flow: NDArray[np.float64],
    plain: NDArray[np.float64],
    at: NDArray[np.int64],
) -> Weighted:
    """Return the mean of each group that starts at a row of `at`: weighted where any flow is beside its rows, else `plain`."""
    measured = ~np.isnan(flow)
    weight = np.where(valid & measured, flow, 0.0)
    total = np.add.reduceat(weight, at)
    mass = np.add.reduceat(np.where(weight > 0, value, 0.0) * weight, at)
    any_flow = np.add.reduceat(measured.astype(np.int64), at) > 0
    mean = np.divide(mass, total, out=plain.copy(), where=total > 0)
    unweighable = any_flow & (total <= 0)
    return Weighted(np.where(unweighable, np.nan, mean), unweighable)


def group_medians(value: NDArray[np.float64], valid: NDArray[np.bool_], at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the median of the valid rows of each group; NaN where there is none."""
    ends = np.append(at[1:], len(value))
    groups = (value[a:b][valid[a:b]] for a, b in zip(at.tolist(), ends.tolist(), strict=True))
    return np.array([np.median(rows) if len(rows) else np.nan for rows in groups], dtype=np.float64)

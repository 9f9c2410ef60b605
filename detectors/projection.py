"""Where the mean of an open hour is going, from its samples so far: a pure function on columns.

Projection = (sum so far + remaining samples × expected rest) / (valid samples so far + remaining samples). The expected rest is a low quantile
of the values of the last minutes; before there are so many minutes it is nothing, and only what is certain already counts.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from detectors.means import Validity, in_force
from detectors.watched_limits import HourLimits
from detectors.weighting import flow_beside
from schemas.codes import FLAG_NORMAL, KIND_LENGTH_S, Kind
from schemas.columns import Columns, Readings
from schemas.times import MINUTE_US

RECENT_MIN: Final = 20
"""The rest of the hour is expected to be like so many last minutes, which must all lie in the hour."""
QUANTILE: Final = 0.1
"""… at this quantile of their values (the lower one): one value in ten may be below."""
_LENGTH_MIN: Final = np.array([1, 1, 5, 10], dtype=np.int64)
_HOUR_MIN: Final = 60


@dataclass(frozen=True)
class Outlook(Columns):
    """What is to be expected of open hours, one row a series."""

    series: NDArray[np.int32]
    projected: NDArray[np.float64]
    """Unit of the limit."""
    so_far: NDArray[np.float64]
    """Mean of the samples so far."""
    rest: NDArray[np.float64]
    """What was expected of the rest."""
    samples: NDArray[np.int64]
    """Valid samples so far."""
    minutes_left: NDArray[np.int64]
    """Minutes of which nothing has been heard."""
    judgeable: NDArray[np.bool_]
    """Whether the hour can still have as many valid samples as the law asks for."""

    DTYPES: ClassVar[dict[str, Any]] = {
        "series": np.int32,
        "projected": np.float64,
        "so_far": np.float64,
        "rest": np.float64,
        "samples": np.int64,
        "minutes_left": np.int64,
        "judgeable": np.bool_,
    }


def outlook(
    readings: Readings,
    wanted: NDArray[np.int32],
    hour: int,
    limits: HourLimits,
    validity: Validity,
    recent_min: int = RECENT_MIN,
) -> Outlook:
    """Return the outlook of the `wanted` series; `readings` are those of the hour, with their sites' oxygen and flow beside them."""
    rows = in_force(readings.take(readings.kind <= Kind.TEN_MINUTE))
    value, weight = limits.converted(rows), _weights(rows, validity)
    mine = np.isin(rows.series, wanted)
    if not mine.any():
        return Outlook.empty()
    rows, value, weight = rows.take(mine), value[mine], weight[mine]
    groups = _Groups(rows, value, hour, recent_min)
    found = groups.outlook(weight, validity)
    return found.take(groups.widest())


def _weights(rows: Readings, validity: Validity) -> NDArray[np.float64]:
    """Return the flow beside each sample of discharged water, NaN where there is none; 1 for all other samples."""
    flow_of = validity.flow_of[rows.series]
    if not (flow_of >= 0).any():
        return np.ones(len(rows))
    instant = rows.observed_at * len(KIND_LENGTH_S) + rows.kind
    flow = flow_beside(rows.series, instant, rows.value, rows.flag == FLAG_NORMAL, flow_of)
    return np.where(flow_of >= 0, flow, 1.0)


class _Groups:
    """Samples in force of one hour, in groups of one series and kind."""

    def __init__(self, rows: Readings, value: NDArray[np.float64], hour: int, recent_min: int) -> None:
        self.rows, self.value, self.recent_min = rows, value, recent_min
        new = np.ones(len(rows), dtype=bool)
        new[1:] = (rows.series[1:] != rows.series[:-1]) | (rows.kind[1:] != rows.kind[:-1])
        self.at = np.flatnonzero(new)
        self.group = np.cumsum(new) - 1
        self.length = _LENGTH_MIN[rows.kind[self.at]]
        minute = (rows.observed_at - hour) // MINUTE_US
        self.minute = minute
        self.end = minute + self.length[self.group]
        self.reached = np.minimum(np.maximum.reduceat(self.end, self.at), _HOUR_MIN)
        self.valid = (rows.flag == FLAG_NORMAL) & np.isfinite(value)

    def widest(self) -> NDArray[np.int64]:
        """Return, for each series, the group that has come furthest, the finer of two."""
        series = self.rows.series[self.at]
        order = np.lexsort((self.length, self.rows.kind[self.at], -self.reached, series))
        first = np.ones(len(order), dtype=bool)
        first[1:] = series[order][1:] != series[order][:-1]
        return order[first]

    def outlook(self, weight: NDArray[np.float64], validity: Validity) -> Outlook:
        """Return the outlook of each group."""
        samples, so_far = self._samples(), self._mean(weight)
        left = _HOUR_MIN - self.reached
        remaining = left // self.length
        rest = np.where(self.reached >= self.recent_min, self._low(), 0.0)
        all_samples = np.maximum(samples + remaining, 1)
        needed = -(-validity.min_minutes[self.rows.series[self.at]] // self.length)
        return Outlook(
            self.rows.series[self.at],
            np.where(samples > 0, (so_far * samples + rest * remaining) / all_samples, 0.0),
            so_far,
            rest,
            samples,
            left,
            samples + remaining >= needed,
        )

    def _samples(self) -> NDArray[np.int64]:
        """Count valid samples; realtime values by the minutes that have any."""
        again = np.zeros(len(self.group), dtype=bool)
        valid = np.flatnonzero(self.valid)
        again[valid[1:]] = (self.group[valid][1:] == self.group[valid][:-1]) & (
            self.minute[valid][1:] == self.minute[valid][:-1]
        )
        return np.add.reduceat((self.valid & ~again).astype(np.int64), self.at)

    def _mean(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of the valid samples, weighted where there is a flow; 0 where there is no sample."""
        flow = np.where(self.valid & ~np.isnan(weight), weight, 0.0)
        flows = np.add.reduceat(flow, self.at) > 0
        used = np.where(flows[self.group], flow, self.valid.astype(np.float64))
        total = np.add.reduceat(used, self.at)
        mass = np.add.reduceat(np.where(used > 0, self.value, 0.0) * used, self.at)
        return np.divide(mass, total, out=np.zeros(len(self.at)), where=total > 0)

    def _low(self) -> NDArray[np.float64]:
        """Return the lower quantile of each group's last minutes; 0 where these have no valid sample."""
        recent = np.flatnonzero(self.valid & (self.end > self.reached[self.group] - self.recent_min))
        ordered = recent[np.lexsort((self.value[recent], self.group[recent]))]
        count = np.bincount(self.group[recent], minlength=len(self.at))
        first = np.cumsum(count) - count
        low = np.zeros(len(self.at))
        some = count > 0
        low[some] = self.value[ordered[(first + (QUANTILE * (count - 1)).astype(np.int64))[some]]]
        return low

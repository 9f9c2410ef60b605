"""Hour means of days that are not closed, a row a series and day.

264 bytes for the 24 hours of a series, and 384 more where it has converted values or masses.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.reporters import Reporters
from detectors.slot_rows import SlotRows
from schemas.codes import NotJudged
from schemas.columns import PERIOD_HOUR, Means
from schemas.times import DAY_US, HOUR_US, day_start

_HOURS: Final = 24
_REASONS: Final = np.array(["", *(reason.value for reason in NotJudged)], dtype=object)
_CODE: Final = {reason: code for code, reason in enumerate(_REASONS.tolist())}
_DTYPES: Final = {
    "value": np.float64,
    "samples": np.uint8,
    "kind": np.uint8,
    "state": np.uint8,
}
"""`state`: 0 = no mean, else 1 + 2 × number of the reason + (1 where valid)."""
_AMOUNTS: Final = {"converted": np.float64, "mass_kg": np.float64}


class _Day:
    """The hours of one day."""

    def __init__(self) -> None:
        self.means = SlotRows(_DTYPES, _HOURS)
        self.amounts = SlotRows(_AMOUNTS, _HOURS)
        """Rows for those who have any."""

    def put(self, slots: NDArray[np.int32], hour: NDArray[np.int64], part: Means, most: int) -> None:
        """Keep means, in the place of earlier ones of the same hours."""
        row, columns = self.means.made(slots, most), self.means.columns
        for name in ("value", "samples", "kind"):
            columns[name][row, hour] = getattr(part, name)
        code = np.array([_CODE[reason] for reason in part.reason.tolist()], np.uint8)
        columns["state"][row, hour] = 1 + 2 * code + part.valid
        some = ~(np.isnan(part.converted) & np.isnan(part.mass_kg)) | (self.amounts.find(slots) >= 0)
        row = self.amounts.made(slots[some], most)
        for name in _AMOUNTS:
            self.amounts.columns[name][row, hour[some]] = getattr(part, name)[some]

    def amount(self, name: str, slots: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the amounts of slots by hour, NaN where there are none."""
        found, row = np.full((len(slots), _HOURS), np.nan), self.amounts.find(slots)
        found[row >= 0] = self.amounts.columns[name][row[row >= 0]]
        return found

    def free(self, rows: NDArray[np.int64]) -> None:
        """Forget rows of means."""
        row = self.amounts.find(self.means.slot[rows])
        self.amounts.free(row[row >= 0])
        self.means.free(rows)


class OpenDays:
    """The hour means of the open days of one partition; of two for one hour the later one stands."""

    def __init__(self, reporters: Reporters) -> None:
        self._reporters = reporters
        self._days: dict[int, _Day] = {}

    @property
    def nbytes(self) -> int:
        """Return how many bytes the arrays take."""
        return sum(day.means.nbytes + day.amounts.nbytes for day in self._days.values())

    def put(self, means: Means) -> None:
        """Keep hour means of known series."""
        start = day_start(means.start)
        for one in np.unique(start).tolist():
            part = means.take(start == one)
            slots, hour = self._reporters.slots(part.series), (part.start - one) // HOUR_US
            self._days.setdefault(one, _Day()).put(slots, hour, part, len(self._reporters))

    def of(self, series: NDArray[np.int32]) -> Means:
        """Return the hour means that are kept of some series."""
        parts = []
        for start, day in self._days.items():
            rows = day.means.rows()
            mine = np.isin(self._reporters.series[day.means.slot[rows]], series)
            parts.append(self._means(start, day, rows[mine]))
        return Means.concat(parts)

    def close(self, frontier: NDArray[np.int64]) -> Means:
        """Return and forget the means of days that end at or before the frontiers of their devices, by series and start."""
        parts = []
        for start in [s for s in self._days if s + DAY_US <= frontier.max(initial=0)]:
            day = self._days[start]
            day.means.pack()
            day.amounts.pack()
            rows = day.means.rows()
            rows = rows[start + DAY_US <= frontier[self._reporters.device[day.means.slot[rows]]]]
            parts.append(self._means(start, day, rows))
            day.free(rows)
            if not len(day.means):
                del self._days[start]
        found = Means.concat(parts)
        return found.take(np.lexsort((found.start, found.series)))

    def _means(self, start: int, day: _Day, rows: NDArray[np.int64]) -> Means:
        of: dict[str, NDArray[Any]] = {name: column[rows] for name, column in day.means.columns.items()}
        slots, there = day.means.slot[rows], of["state"] > 0
        state = of["state"][there] - 1
        series = np.repeat(self._reporters.series[slots], np.count_nonzero(there, axis=1))
        hour = np.broadcast_to(np.arange(_HOURS), there.shape)[there]
        amounts = {name: day.amount(name, slots)[there] for name in _AMOUNTS}
        return Means(
            series, np.full(len(series), PERIOD_HOUR, np.uint8), start + hour * HOUR_US, of["value"][there],
            of["samples"][there].astype(np.int32), of["kind"][there], (state & 1).astype(bool), _REASONS[state >> 1],
            closed_at=np.zeros(len(series), np.int64), **amounts,
        )  # fmt: skip

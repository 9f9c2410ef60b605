"""Hour values, beginning with the hour, of hours that are not closed: one a series and hour, so that a day of them is one table, a row a series.

A device that sends its hours sends few, or a day of them at once; a table for each hour would cost as much for one value as for sixty.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.slot_rows import SlotRows
from schemas.codes import Kind
from schemas.columns import Readings
from schemas.times import HOUR_US

_HOURS: Final = 24
_DTYPES: Final = {"value": np.float64, "flag": np.uint8, "there": np.bool_}
_Mask = NDArray[np.bool_]


class OneHours:
    """The hour values of one day, China Standard Time."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.table = SlotRows(_DTYPES, _HOURS)

    def add(self, slots: NDArray[np.int32], part: Readings, most: int) -> None:
        """Keep values whose keys are not here yet."""
        self._put(self.table.made(slots, most), part)

    def replace(self, slots: NDArray[np.int32], part: Readings) -> _Mask:
        """Put values into the place of those with their key; return which had a place."""
        row, hour = self.table.find(slots), self._hour(part)
        hit: _Mask = row >= 0
        hit[hit] = self.table.columns["there"][row[hit], hour[hit]]
        self._put(row[hit], part.take(hit))
        return hit

    def hours(self, part: Readings) -> Iterator["OneHour"]:
        """Yield the hours of which there are values among these."""
        for number in np.flatnonzero(np.bincount(self._hour(part), minlength=_HOURS)).tolist():
            yield OneHour(self, number)

    def _hour(self, part: Readings) -> NDArray[np.int64]:
        return (part.observed_at - self.start) // HOUR_US

    def _put(self, row: NDArray[Any], part: Readings) -> None:
        at, columns = (row, self._hour(part)), self.table.columns
        columns["value"][at], columns["flag"][at], columns["there"][at] = part.value, part.flag, True


class OneHour:
    """One hour of a day: what is open in it, a row a series."""

    kind: Final = int(Kind.HOUR)

    def __init__(self, day: OneHours, number: int) -> None:
        self._day, self._number = day, number
        self.start = day.start + number * HOUR_US
        self.end = self.start + HOUR_US

    def __len__(self) -> int:
        """Return how many values are kept."""
        return int(np.count_nonzero(self._column("there")))

    @property
    def table(self) -> SlotRows:
        """Rows and slots, those of the whole day."""
        return self._day.table

    def rows(self) -> NDArray[np.int64]:
        """Return all rows that hold something."""
        return np.flatnonzero(self._column("there"))

    def find(self, slots: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the rows of slots, -1 where there is none."""
        row = self.table.find(slots)
        found = np.flatnonzero(row >= 0)
        row[found[~self._column("there")[row[found]]]] = -1
        return row

    def readings(self, rows: NDArray[Any], series: NDArray[np.int32]) -> Readings:
        """Return the values of rows; `series`: of each row."""
        n = len(rows)
        return Readings(
            series, np.full(n, self.kind, np.uint8), np.full(n, self.start), self._column("value")[rows],
            self._column("flag")[rows], np.zeros(n, np.int64), np.zeros(n, np.uint64),
        )  # fmt: skip

    def complete(self, rows: NDArray[np.int64]) -> _Mask:
        """Return which rows hold all that is expected: every one."""
        return np.ones(len(rows), dtype=bool)

    def free(self, rows: NDArray[np.int64]) -> None:
        """Forget rows."""
        there = self.table.columns["there"]
        there[rows, self._number] = False
        self.table.free(rows[~there[rows].any(axis=1)])

    def _column(self, name: str) -> NDArray[Any]:
        return self.table.columns[name][:, self._number]

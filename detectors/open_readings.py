"""Readings of windows that are not closed, packed by window and kind, so that a tick costs what it asks for and not what is open.

13 bytes a reading (hour values: 240 bytes a series and day, see `open_hours`): its place in time is kept as microseconds since the window began. Who sent it when is not kept: it was settled at the
intake which of two readings of one key is in force, and the store has both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.means import EXPECTED, window_start
from detectors.open_hours import OneHour, OneHours
from detectors.reporters import Reporters
from detectors.slot_rows import SlotRows
from schemas.codes import KIND_LENGTH_S, Kind
from schemas.columns import Readings
from schemas.times import DAY_US, HOUR_US, day_start

_FIRST_WIDTH: Final = 8
_BLOCK: Final = 4096
"""Rows that are judged at once: about 10 MB of readings where each has sixty."""
_NARROW: Final = 1 << 16
_ON_THE_HOUR: Final = len(KIND_LENGTH_S)
"""Stands for the kind of hour values whose period begins with the hour, as it should."""
_Mask = NDArray[np.bool_]


class _Window:
    """The readings of one kind in one window, a row a series, in order of arrival."""

    def __init__(self, start: int, kind: int) -> None:
        self.start, self.kind = start, kind
        self.end = start + (DAY_US if kind == Kind.DAY else HOUR_US)
        self.expected = int(EXPECTED[kind])
        offset = np.int64 if kind == Kind.DAY else np.uint32
        dtypes = {"offset": offset, "value": np.float64, "flag": np.uint8}
        self.table = SlotRows(dtypes, min(_FIRST_WIDTH, self.expected or _FIRST_WIDTH))

    def add(self, slots: NDArray[np.int32], part: Readings, most: int) -> None:
        """Keep readings whose keys are not here yet."""
        row = self.table.made(slots, most)
        at = self.table.count[row] + _ranks(row)
        needed = int(at.max(initial=-1)) + 1
        if needed > self.table.width:
            self.table.widen(self._wider(needed))
        self._put(row, at, part)
        np.maximum.at(self.table.count, row, (at + 1).astype(np.int32))

    def _wider(self, needed: int) -> int:
        doubled = max(needed, 2 * self.table.width)
        return max(needed, min(doubled, self.expected)) if self.expected else doubled

    def _put(self, row: NDArray[Any], at: NDArray[Any], part: Readings) -> None:
        columns = self.table.columns
        columns["offset"][row, at] = part.observed_at - self.start
        columns["value"][row, at] = part.value
        columns["flag"][row, at] = part.flag

    def replace(self, slots: NDArray[np.int32], part: Readings) -> _Mask:
        """Put readings into the place of those with their key; return which had a place."""
        row = self.table.find(slots)
        found = np.flatnonzero(row >= 0)
        row, part = row[found], part.take(found)
        same = self.table.columns["offset"][row] == (part.observed_at - self.start)[:, None]
        same &= self._filled(row)
        hit = same.any(axis=1)
        self._put(row[hit], same.argmax(axis=1)[hit], part.take(hit))
        replaced = np.zeros(len(slots), dtype=bool)
        replaced[found[hit]] = True
        return replaced

    def _filled(self, rows: NDArray[Any]) -> _Mask:
        there: _Mask = np.arange(self.table.width) < self.table.count[rows][:, None]
        return there

    def readings(self, rows: NDArray[Any], series: NDArray[np.int32]) -> Readings:
        """Return the readings of rows; `series`: of each row."""
        there, columns = self._filled(rows), self.table.columns
        series = np.repeat(series, self.table.count[rows])
        n = len(series)
        return Readings(
            series, np.full(n, self.kind, np.uint8), columns["offset"][rows][there] + np.int64(self.start),
            columns["value"][rows][there], columns["flag"][rows][there], np.zeros(n, np.int64), np.zeros(n, np.uint64),
        )  # fmt: skip

    def complete(self, rows: NDArray[np.int64]) -> _Mask:
        """Return which rows hold all that is expected; of realtime values nothing is."""
        found: _Mask = self.table.count[rows] >= (self.expected or np.iinfo(np.int32).max)
        return found

    def __len__(self) -> int:
        """Return how many readings are kept."""
        return int(self.table.count[self.rows()].sum())

    def rows(self) -> NDArray[np.int64]:
        """Return all rows that hold something."""
        return self.table.rows()

    def find(self, slots: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the rows of slots, -1 where there is none."""
        return self.table.find(slots)

    def free(self, rows: NDArray[np.int64]) -> None:
        """Forget rows."""
        self.table.free(rows)


_Open = _Window | OneHour


@dataclass(frozen=True)
class Due:
    """Rows of windows that close."""

    parts: list[tuple[_Open, NDArray[np.int64]]]

    def __len__(self) -> int:
        """Return how many rows close."""
        return sum(len(rows) for _, rows in self.parts)


class OpenReadings:
    """All readings of the open windows of one partition."""

    def __init__(self, reporters: Reporters) -> None:
        self._reporters = reporters
        self._windows: dict[tuple[int, int], _Open] = {}
        self._days: dict[int, OneHours] = {}
        """The tables behind the windows of hour values."""

    def __len__(self) -> int:
        """Return how many readings are kept."""
        return sum(len(window) for window in self._windows.values())

    @property
    def windows(self) -> int:
        """Return of how many windows, one of a series and kind, readings are kept."""
        return sum(len(window.rows()) for window in self._windows.values())

    @property
    def nbytes(self) -> int:
        """Return how many bytes the arrays take."""
        tables = [window.table for window in self._windows.values() if isinstance(window, _Window)]
        return sum(table.nbytes for table in [*tables, *(day.table for day in self._days.values())])

    def add(self, readings: Readings, again: _Mask | None = None) -> None:
        """Keep readings of known series; where `again` is true they may take the place of one with their key."""
        for window, index in self._by_window(readings):
            part = readings.take(index)
            slots = self._reporters.slots(part.series)
            if again is not None and again[index].any():
                old = np.flatnonzero(again[index])
                replaced = np.zeros(len(part), dtype=bool)
                replaced[old] = window.replace(slots[old], part.take(old))
                slots, part = slots[~replaced], part.take(~replaced)
            window.add(slots, part, len(self._reporters))
            if isinstance(window, OneHours):
                self._windows |= {(hour.start, _ON_THE_HOUR): hour for hour in window.hours(part)}

    def _by_window(self, readings: Readings) -> Iterator[tuple[_Window | OneHours, NDArray[np.int64] | slice]]:
        """Yield each window (of hour values: their day) with the rows that belong to it, in their order."""
        if not len(readings):
            return
        hourly = (readings.kind == Kind.HOUR) & (readings.observed_at % HOUR_US == 0)
        start = np.where(hourly, day_start(readings.observed_at), window_start(readings))
        key = start * (_ON_THE_HOUR + 1) + np.where(hourly, _ON_THE_HOUR, readings.kind)
        if (key == key[0]).all():
            yield self._table(int(key[0])), slice(None)
            return
        found, which = np.unique(key, return_inverse=True)
        order = np.argsort(which, kind="stable")
        ends = np.cumsum(np.bincount(which))
        for one, first, end in zip(found.tolist(), [0, *ends[:-1].tolist()], ends.tolist(), strict=True):
            yield self._table(one), order[first:end]

    def _table(self, key: int) -> _Window | OneHours:
        start, kind = divmod(key, _ON_THE_HOUR + 1)
        if kind == _ON_THE_HOUR:
            return self._days.setdefault(start, OneHours(start))
        window = self._windows.setdefault((start, kind), _Window(start, kind))
        assert isinstance(window, _Window)
        return window

    def of(self, series: NDArray[np.int32], hour: int | None = None) -> Readings:
        """Return the readings of some series: of all open windows, or of those of an hour."""
        series = series[self._reporters.met(series)]
        slots = self._reporters.slots(series)
        parts = []
        for window in self._windows.values():
            if hour is None or (window.start == hour and window.kind != Kind.DAY):
                row = window.find(slots)
                parts.append(window.readings(row[row >= 0], series[row >= 0]))
        return Readings.concat(parts)

    def closing(self, frontier: NDArray[np.int64]) -> Due:
        """Return the rows of windows that end at or before the frontiers of their devices."""
        last = int(frontier.max(initial=0))
        for day in self._days.values():
            day.table.pack()
        parts = []
        for window in self._windows.values():
            if window.end <= last:
                if isinstance(window, _Window):
                    window.table.pack()
                rows = window.rows()
                over = window.end <= frontier[self._device(window, rows)]
                if over.any():
                    parts.append((window, self._by_series(window, rows[over])))
        return Due(parts)

    def blocks(self, due: Due) -> Iterator[Due]:
        """Yield what closes in parts that the processor's cache holds; all rows of a device are in one part."""
        if len(due) <= _BLOCK:
            yield due
            return
        devices = [self._device(window, rows) for window, rows in due.parts]
        found, counts = np.unique(np.concatenate(devices), return_counts=True)
        block = np.zeros(int(found[-1]) + 1, np.int64)
        block[found] = np.cumsum(counts) // _BLOCK
        for number in np.unique(block[found]).tolist():
            chosen = [rows[block[device] == number] for device, (_, rows) in zip(devices, due.parts, strict=True)]
            yield Due([(w, rows) for (w, _), rows in zip(due.parts, chosen, strict=True) if len(rows)])

    def take(self, due: Due) -> Readings:
        """Return the readings of what closes, and forget them."""
        found = Readings.concat([window.readings(rows, self._series(window, rows)) for window, rows in due.parts])
        for window, rows in due.parts:
            window.free(rows)
            if not len(window):
                kind = _ON_THE_HOUR if isinstance(window, OneHour) else window.kind
                del self._windows[window.start, kind]
        self._days = {start: day for start, day in self._days.items() if len(day.table)}
        return found

    def series(self, due: Due) -> NDArray[np.int32]:
        """Return the series of the rows that close."""
        return np.concatenate([np.empty(0, np.int32), *(self._series(window, rows) for window, rows in due.parts)])

    def _series(self, window: _Open, rows: NDArray[Any]) -> NDArray[np.int32]:
        found: NDArray[np.int32] = self._reporters.series[window.table.slot[rows]]
        return found

    def _device(self, window: _Open, rows: NDArray[Any]) -> NDArray[np.int32]:
        found: NDArray[np.int32] = self._reporters.device[window.table.slot[rows]]
        return found

    def _by_series(self, window: _Open, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return rows[np.argsort(self._series(window, rows))]

    def whole(self, frontier: NDArray[np.int64], reached: NDArray[np.int64]) -> _Mask:
        """Return which devices have windows that end after their frontier and until they have `reached`, and all of these complete."""
        seen, lacking = np.zeros(len(frontier), dtype=bool), np.zeros(len(frontier), dtype=bool)
        last = int(reached.max(initial=0))
        for (_, end), windows in self._alike().items():
            if end <= last:
                present, complete = self._standing(windows, (frontier < end) & (end <= reached))
                seen[self._reporters.device[present]] = True
                lacking[self._reporters.device[present & ~complete]] = True
        return seen & ~lacking

    def _standing(self, windows: list[_Open], asked: _Mask) -> tuple[_Mask, _Mask]:
        """Return, by slot, who has readings of some kind and who has all of some kind; of devices that are asked for."""
        present, complete = (np.zeros(len(self._reporters), dtype=bool) for _ in range(2))
        for window in windows:
            rows = window.rows()
            rows = rows[asked[self._reporters.device[window.table.slot[rows]]]]
            slot = window.table.slot[rows]
            present[slot] = True
            complete[slot] |= window.complete(rows)
        return present, complete

    def _alike(self) -> dict[tuple[int, int], list[_Open]]:
        """Return the windows of all kinds by start and end."""
        found: dict[tuple[int, int], list[_Open]] = {}
        for window in self._windows.values():
            found.setdefault((window.start, window.end), []).append(window)
        return found


def _ranks(row: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return for each position how many before it hold the same number."""
    # numbers of 16 bits are sorted in linear time
    narrow = row.astype(np.uint16) if row.max(initial=0) < _NARROW else row
    order = np.argsort(narrow, kind="stable")
    ordered = row[order]
    new = np.ones(len(row), dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    first = np.flatnonzero(new)
    rank = np.empty(len(row), np.int64)
    rank[order] = np.arange(len(row)) - np.repeat(first, np.diff(np.append(first, len(row))))
    return rank

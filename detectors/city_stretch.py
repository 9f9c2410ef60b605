"""A stretch of one city's hours and days: which are due, what they change, and the index rows that follow."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.city_grid import DAYS, HOURS, StationGrid
from detectors.city_index import SO2, WINDOW_H, Concentrations, Indices, of_stations, running
from schemas.codes import Period
from schemas.columns import PERIOD_DAY, PERIOD_HOUR
from schemas.events import MeansClosed
from schemas.times import HOUR_US, MINUTE_US
from store.city_port import CityStore
from store.port import IndexRow

DEADLINE_US: Final = 10 * MINUTE_US
"""How long after its end a period waits for its last stations (contract of the windows: 10 min by default)."""
SO2_CEILING: Final = 800
"""µg/m³: above it 1-hour SO2 has no index of its own (HJ 633-2012), and the 24-hour mean stands in."""
LOOK_BACK_H: Final = WINDOW_H - 1

Mask = NDArray[np.bool_]
Rows = dict[tuple[str, int], IndexRow]


class Limits(NamedTuple):
    """How far time has come."""

    tick: int | None
    """Lowest tick over all input partitions, µs; None: not every partition has ticked."""
    caught_up: bool
    """Whether the log holds no more events for now; before that a deadline says nothing of the newest hours."""


def heard(grid: StationGrid) -> Mask:
    """Return the periods that any station has closed."""
    found: Mask = np.any(grid.seen, axis=1)
    return found


def within_window(mark: Mask) -> Mask:
    """Return the positions whose 24-hour window, this one the last, holds a marked one."""
    total = np.concatenate([np.zeros(WINDOW_H, np.int64), np.cumsum(mark)])
    found: Mask = total[WINDOW_H:] > total[:-WINDOW_H]
    return found


def past(grid: StationGrid, limits: Limits) -> Mask:
    """Return the periods whose deadline is over."""
    starts = grid.starts
    if limits.tick is None:
        return np.zeros(grid.length, np.bool_)
    over: Mask = starts + grid.calendar.length_us + DEADLINE_US <= limits.tick
    if not limits.caught_up:
        there = np.flatnonzero(heard(grid))
        newest = int(starts[there[-1]]) if len(there) else 0
        over &= starts <= newest - WINDOW_H * HOUR_US
    return over


class Stretch:
    """Grids of hours and days with the rows that were last written about them; tables are read through `store`."""

    def __init__(
        self, indices: Indices, stations: list[str], store: CityStore, first_hour: int, *, bounded: bool = False
    ) -> None:
        self.bounded = bounded
        """It ends where it was told to, not where time has come."""
        self.indices = indices
        self.store = store
        self.hours = StationGrid(HOURS, stations, first_hour)
        self.days = StationGrid(DAYS, stations, int(DAYS.number(HOURS.start(first_hour))))
        self.rows: Rows = {}
        self.touched_hours: set[int] = set()
        self.touched_days: set[int] = set()
        self.known_from = np.zeros(0, np.int64)

    def load(self, end: int) -> None:
        """Read means and rows up to the instant `end`."""
        self._refresh(self.hours, PERIOD_HOUR, self.hours.calendar.start(self.hours.first), end)
        self._refresh(self.days, PERIOD_DAY, self.days.calendar.start(self.days.first), end)
        for row in self.store.city_indices(self.indices.city, self.days.calendar.start(self.days.first), end):
            self.rows[row.period, row.start] = row
            grid = {Period.HOUR.value: self.hours, Period.DAY.value: self.days}.get(row.period)
            if grid is not None and (number := grid.calendar.number(row.start)) >= grid.first:
                grid.cover(number)
                grid.done[number - grid.first] = True

    def _refresh(self, grid: StationGrid, period: int, start: int, end: int) -> set[int]:
        return grid.fill(self.store.station_means(grid.stations, period, start, end))

    def note(self, event: MeansClosed) -> bool:
        """Take an event; return whether it changes anything."""
        grid, touched = (
            (self.hours, self.touched_hours) if event.period is Period.HOUR else (self.days, self.touched_days)
        )
        changed = grid.note(event.site_id, event.start, event.means, event.closed_at)
        if changed:
            touched.add(grid.calendar.number(event.start))
        return changed

    def advance(self, limits: Limits) -> list[IndexRow]:
        """Close what is due and return the rows whose content changed, in order of start."""
        if not self.bounded:
            self._extend(limits)
        if self.hours.length:
            self.days.cover(DAYS.number(int(self.hours.starts[-1])))
        self._close(self.hours, PERIOD_HOUR, lambda: within_window(heard(self.hours)), limits, self.touched_hours)
        self._close(self.days, PERIOD_DAY, self._days_there, limits, self.touched_days)
        rows = self._hour_rows() + self._day_rows()
        changed = [row for row in rows if self.rows.get((row.period, row.start)) != row]
        self.rows.update({(row.period, row.start): row for row in changed})
        return changed

    def _extend(self, limits: Limits) -> None:
        """Let the hours go on while their 24-hour window holds data and their deadline is over, so that gaps show."""
        there = np.flatnonzero(heard(self.hours))
        if len(there) and limits.tick is not None and limits.caught_up:
            over = HOURS.number(limits.tick - DEADLINE_US) - 1
            self.hours.cover(min(self.hours.first + int(there[-1]) + LOOK_BACK_H, over))

    def _days_there(self) -> Mask:
        there = heard(self.days)
        there[np.unique(DAYS.numbers(self.hours.starts[heard(self.hours)])) - self.days.first] = True
        return there

    def _close(
        self, grid: StationGrid, period: int, there: Callable[[], Mask], limits: Limits, touched: set[int]
    ) -> None:
        due = _due(grid, there(), limits)
        late = due & ~grid.seen.all(axis=1)
        if late.any():
            # the deadline has passed: what the tables hold is all there is, whether its event has come yet or not
            starts = grid.starts[late]
            touched |= self._refresh(grid, period, int(starts[0]), int(starts[-1]) + 1)
            # what they hold whole was known before the deadline; only its event is on its way
            late &= ~grid.seen.all(axis=1)
            over = grid.starts[late] + grid.calendar.length_us + DEADLINE_US
            grid.known_at[late] = np.maximum(grid.known_at[late], over)
            due = _due(grid, there(), limits)
        grid.done[due] = True
        touched.update((grid.first + np.flatnonzero(due)).tolist())

    def _hour_rows(self) -> list[IndexRow]:
        grid = self.hours
        touched = _mask(grid, self.touched_hours)
        self.known_from = np.maximum.accumulate(np.where(touched, grid.known_at, 0))
        affected = np.flatnonzero(within_window(touched) & grid.done) if touched.any() else np.empty(0, np.int64)
        # the window of an earlier position reaches before the stretch: late hours have a stretch of their own
        affected = affected[affected >= LOOK_BACK_H]
        self.touched_hours = {number for number in self.touched_hours if not grid.done[number - grid.first]}
        if not len(affected):
            return []
        low, high = int(affected[0]), int(affected[-1]) + 1
        back = low - LOOK_BACK_H
        made = of_stations(np.where(grid.done[back:high, None, None], grid.value[back:high], np.nan))
        windows = running(made.value).take(affected - low)
        hours = made.take(affected - back)
        return self._rows_of(grid.starts[affected], hours, windows, touched[affected])

    def _rows_of(
        self, starts: NDArray[np.int64], hours: Concentrations, windows: Concentrations, own: Mask
    ) -> list[IndexRow]:
        at = np.flatnonzero(own | (hours.value[:, SO2] > SO2_CEILING))
        hour_rows = self.indices.rows(Period.HOUR, starts[at], hours.take(at), windows.value[at, SO2])
        return hour_rows + self.indices.rows(Period.RUNNING24, starts, windows)

    def _day_rows(self) -> list[IndexRow]:
        grid = self.days
        at = np.flatnonzero(_mask(grid, self.touched_days) & grid.done)
        self.touched_days = {number for number in self.touched_days if not grid.done[number - grid.first]}
        if not len(at):
            return []
        return self.indices.rows(Period.DAY, grid.starts[at], of_stations(grid.value[at]))

    def known_at(self, position: int) -> int:
        """Return the tick at which the index of a position came to be as it is, 0 where that is not known."""
        at = self.hours.calendar.number(position) - self.hours.first
        return int(self.known_from[at]) if 0 <= at < len(self.known_from) else 0

    def waiting_hours(self) -> set[int]:
        """Return the numbers of the hours that hold data and are not closed, and the first hours of such days."""
        hours = self.hours.first + np.flatnonzero(heard(self.hours) & ~self.hours.done)
        days = self.days.starts[self._days_there() & ~self.days.done]
        return set(hours.tolist()) | set(HOURS.numbers(days).tolist())

    def touch_all(self) -> None:
        """Have everything that is closed worked out again: the law or the stations changed."""
        hours, days = np.flatnonzero(self.hours.done), np.flatnonzero(self.days.done)
        # of the first ones the 24 hours before them are not all here
        self.touched_hours |= set((self.hours.first + hours[hours >= LOOK_BACK_H]).tolist())
        self.touched_days |= set((self.days.first + days[days >= 1]).tolist())

    def forget_before(self, hour: int) -> None:
        """Drop the hours before `hour` and the days that ended before it."""
        self.hours.forget_before(hour)
        self.days.forget_before(int(DAYS.number(HOURS.start(self.hours.first))))


def _due(grid: StationGrid, there: Mask, limits: Limits) -> Mask:
    """Return the periods to close: complete or past their deadline, and none before them still waits."""
    open_ = there & ~grid.done
    ready = grid.seen.all(axis=1) | past(grid, limits)
    waits = np.logical_or.accumulate(open_ & ~ready)
    due: Mask = open_ & ready & ~waits
    return due


def _mask(grid: StationGrid, numbers: set[int]) -> Mask:
    marked = np.zeros(grid.length, np.bool_)
    if numbers:
        marked[np.fromiter(numbers, np.int64) - grid.first] = True
    return marked

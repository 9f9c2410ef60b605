"""Station means of one city as arrays: periods by stations by pollutants, growing forwards, kept for the last days."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.events import MeanValue
from schemas.times import CST_OFFSET_US, DAY_US, HOUR_US
from standards.air_quality import ITEM_CODE, NEEDED
from store.city_port import StationMeans

CODES: Final = tuple(ITEM_CODE[item] for item in NEEDED["hour"])
"""The six pollutants, in the order of the arrays' last axis."""
OZONE: Final = CODES.index("a05024")
COLUMN: Final = {code: column for column, code in enumerate(CODES)}


class Calendar:
    """Numbers the periods of one length; a day begins at midnight China Standard Time."""

    def __init__(self, length_us: int, offset_us: int = 0) -> None:
        self.length_us = length_us
        self._offset_us = offset_us

    def number(self, instant_us: int) -> int:
        """Return the number of the period that an instant lies in."""
        return (instant_us + self._offset_us) // self.length_us

    def numbers(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of the periods that instants lie in."""
        return (instants + self._offset_us) // self.length_us

    def start(self, number: int) -> int:
        """Return the first instant of a period, µs."""
        return number * self.length_us - self._offset_us


HOURS: Final = Calendar(HOUR_US)
DAYS: Final = Calendar(DAY_US, CST_OFFSET_US)


class StationGrid:
    """What is known of a city's stations from period `first` on; nothing that came earlier is missing in between.

    `value` is NaN where there is no valid mean; `seen` says that the station has closed the period at all; `known_at` is
    the tick at which its last mean came, 0 where that is not known; `done` says that the city has closed it.
    """

    def __init__(self, calendar: Calendar, stations: Sequence[str], first: int) -> None:
        self.calendar = calendar
        self.stations = list(stations)
        self.first = first
        self.length = 0
        self._row = {station: row for row, station in enumerate(stations)}
        self._room(64)

    def _room(self, periods: int) -> None:
        stations = len(self.stations)
        self._value = np.full((periods, stations, len(CODES)), np.nan)
        self._seen = np.zeros((periods, stations), np.bool_)
        self._done = np.zeros(periods, np.bool_)
        self._known_at = np.zeros(periods, np.int64)

    @property
    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return (self._value, self._seen, self._done, self._known_at)

    @property
    def value(self) -> NDArray[np.float64]:
        """Shape (periods, stations, 6)."""
        return self._value[: self.length]

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Shape (periods, stations)."""
        return self._seen[: self.length]

    @property
    def done(self) -> NDArray[np.bool_]:
        """Shape (periods,); writable."""
        return self._done[: self.length]

    @property
    def known_at(self) -> NDArray[np.int64]:
        """Shape (periods,), µs."""
        return self._known_at[: self.length]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Shape (periods,): first instant of each period, µs."""
        return self.calendar.start(self.first) + np.arange(self.length) * self.calendar.length_us

    def cover(self, number: int) -> None:
        """Make room up to and with a period; new periods are empty."""
        needed = number - self.first + 1
        if needed > len(self._done):
            before = self._arrays
            self._room(max(needed, 2 * len(self._done)))
            for old, new in zip(before, self._arrays, strict=True):
                new[: self.length] = old[: self.length]
        self.length = max(self.length, needed)

    def note(self, site: str, start: int, means: Iterable[MeanValue], known_at: int) -> bool:
        """Take the means of a station's period; return whether they change anything."""
        number = self.calendar.number(start)
        self.cover(number)
        at, station = number - self.first, self._row[site]
        changed = not self._seen[at, station]
        row = self._value[at, station]
        for mean in means:
            column = COLUMN.get(mean.parameter)
            if column is not None:
                value = mean.value if mean.valid and mean.value is not None else np.nan
                changed |= not (row[column] == value or (value != value and row[column] != row[column]))
                row[column] = value
        self._seen[at, station] = True
        self._known_at[at] = max(self._known_at[at], known_at)
        return changed

    def fill(self, rows: StationMeans) -> set[int]:
        """Take means of these stations as the tables have them; return the numbers of the periods that they change."""
        if not len(rows):
            return set()
        number = self.calendar.numbers(rows.start)
        self.cover(int(number.max()))
        at = number - self.first
        station = np.array([self._row[site] for site in rows.site])
        column = np.array([COLUMN.get(parameter, -1) for parameter in rows.parameter])
        value = np.where(rows.valid, rows.value, np.nan)
        ours = column >= 0
        key = (at[ours], station[ours], column[ours])
        changed = ~self._seen[at, station]
        changed[ours] |= ~((self._value[key] == value[ours]) | (np.isnan(self._value[key]) & np.isnan(value[ours])))
        self._seen[at, station] = True
        self._value[key] = value[ours]
        np.maximum.at(self._known_at, at, rows.closed_at)
        return set(number[changed].tolist())

    def forget_before(self, number: int) -> None:
        """Drop the periods before `number`."""
        drop = min(number - self.first, self.length)
        if drop <= 0:
            return
        for array in self._arrays:
            array[: self.length - drop] = array[drop : self.length].copy()
        self.length -= drop
        self.first += drop
        self._clear(self.length, self.length + drop)

    def _clear(self, begin: int, end: int) -> None:
        self._value[begin:end] = np.nan
        for array in self._arrays[1:]:
            array[begin:end] = 0

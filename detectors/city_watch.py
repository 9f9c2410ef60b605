"""One city under watch: its recent hours in arrays, older ones read from the tables when late data touch them, its episodes."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from detectors.city_findings import KINDS, Teller, changes
from detectors.city_grid import DAYS, HOURS, StationGrid
from detectors.city_index import Indices
from detectors.city_stretch import LOOK_BACK_H, Limits, Rows, Stretch
from detectors.episodes import PM25, Course, Law, calm_positions, episodes
from schemas.codes import FindingStatus, Period
from schemas.columns import PERIOD_HOUR
from schemas.events import Finding, MeansClosed
from schemas.registry import Binding, Registry
from schemas.times import DAY_US, HOUR_US, date_us
from standards.thresholds import schemes
from store.city_port import CityStore
from store.port import IndexRow

KEPT_H: Final = 144
"""Hours that are kept in arrays, at least; what is older comes from the tables."""
MARGIN_H: Final = LOOK_BACK_H + 8
CALM_WITHIN_H: Final = 100
"""Before an onset there is a calm or undefined position within the longest duration of any rule (96 h)."""
RUNNING: Final = Period.RUNNING24.value
FAR_US: Final = 1 << 62
FOREVER_US: Final = 10_000_000_000 * 1_000_000
"""The year 2286: later than any mean."""


def laws_of(bindings: Iterable[Binding]) -> list[Law]:
    """Return the threshold schemes of a city's bindings with their time in force; a scheme without grades is none."""
    return [
        Law(
            date_us(b.effective_from),
            date_us(b.effective_to) + DAY_US if b.effective_to else FAR_US,
            schemes()[b.thresholds],
        )
        for b in bindings
        if b.thresholds in schemes()
    ]


class CityWatch:
    """Takes events of one city, and says at each advance which rows and findings are new."""

    def __init__(self, city: str, registry: Registry, store: CityStore, kept_h: int = KEPT_H) -> None:
        self.city = city
        self._kept_h = kept_h
        self._stations = registry.stations[city]
        bindings = registry.city_bindings.get(city, [])
        self._indices = Indices(city, bindings)
        self._laws = laws_of(bindings)
        self._store = store
        self._early: list[MeansClosed] = []
        """Events that came before anything was loaded."""
        self._late: dict[int, int] = {}
        """Hour → tick at which it was touched, of hours before the arrays."""
        self.looked_back = False
        """Whether the last advance had late hours, which it read from the tables."""
        self._recent: Stretch | None = None
        self._rows_from = FAR_US
        """From here on the rows of `_recent` are all there are."""
        self._last_position = 0
        rows = store.city_findings(city, KINDS)
        self._findings: dict[UUID, Finding] = {
            finding.finding_id: finding for finding in (Finding.model_validate_json(row.payload) for row in rows)
        }
        self._load(None)

    @staticmethod
    def facts(city: str, registry: Registry) -> object:
        """Return what of the registry a watch depends on; it is made anew when that changes."""
        return registry.stations.get(city), registry.city_bindings.get(city)

    def note(self, event: MeansClosed) -> None:
        """Take an event of one of the city's stations."""
        if event.site_id not in self._stations:
            return
        if self._recent is None:
            self._early.append(event)
            return
        grid = self._recent.hours if event.period is Period.HOUR else self._recent.days
        self._note_late(grid, event.start, event.closed_at)
        if grid.calendar.number(event.start) >= grid.first:
            self._recent.note(event)

    def catch_up(self, since: int) -> None:
        """Take from the tables what events would have told that were lost: what was closed at `since` (µs) or later.

        The arrays were read from the tables already; what lies before them is late data.
        """
        if self._recent is None:
            return  # there are no means
        for period, start, closed_at in self._store.closed_since(self._stations, since):
            self._note_late(self._recent.hours if period == PERIOD_HOUR else self._recent.days, start, closed_at)

    def _note_late(self, grid: StationGrid, start: int, closed_at: int) -> None:
        """Note a period that lies before the arrays, or so near to their beginning that its window does."""
        margin = LOOK_BACK_H if grid.calendar is HOURS else 1
        if grid.calendar.number(start) < grid.first + margin:
            hour = HOURS.number(start)
            self._late[hour] = max(self._late.get(hour, 0), closed_at)

    def _load(self, first_event: int | None) -> None:
        pending, last = self._store.city_edges(self.city, self._stations)
        begins = [start for start in (pending, last and last - self._kept_h * HOUR_US) if start is not None]
        if first_event is not None and last is None:
            begins.append(first_event)
        if not begins:
            return
        self._recent = Stretch(self._indices, self._stations, self._store, int(HOURS.number(min(begins))) - MARGIN_H)
        self._recent.load(FOREVER_US)
        self._recent.touch_all()
        self._last_position = max((start for _, start in self._recent.rows), default=0)
        self._rows_from = int(self._recent.hours.starts[0]) if self._recent.hours.length else min(begins)
        early, self._early = self._early, []
        for event in early:
            self.note(event)

    def advance(self, limits: Limits) -> tuple[list[IndexRow], list[Finding]]:
        """Return the index rows whose content changed, and the findings that follow from them."""
        if self._early:
            self._load(min(event.start for event in self._early))
        if self._recent is None:
            return [], []
        stretches = [*self._late_stretches(), self._recent]
        self.looked_back = len(stretches) > 1
        rows = [row for stretch in stretches for row in stretch.advance(limits)]
        self._recent.rows.update({(r.period, r.start): r for r in rows if r.start >= self._rows_from - DAY_US})
        for stretch in stretches[:-1]:
            self._settle(stretch)
        self._last_position = max([self._last_position, *(row.start for row in rows)])
        findings = self._tell(rows, stretches, limits)
        self._trim()
        return rows, findings

    def _late_stretches(self) -> Iterator[Stretch]:
        """Return stretches, read from the tables, around the hours that were touched before the arrays begin."""
        for span in _spans(sorted(self._late)):
            stretch = Stretch(self._indices, self._stations, self._store, span[0] - LOOK_BACK_H, bounded=True)
            stretch.load(int(HOURS.start(span[-1] + 2 * LOOK_BACK_H)))
            stretch.hours.cover(span[-1] + LOOK_BACK_H)
            for hour in span:
                stretch.hours.known_at[hour - stretch.hours.first] = self._late[hour]
            stretch.touched_hours |= set(span)
            stretch.touched_days |= {int(DAYS.number(HOURS.start(hour))) for hour in span}
            stretch.days.cover(max(stretch.touched_days))
            yield stretch

    def _settle(self, stretch: Stretch) -> None:
        """Keep of the late hours in a stretch those that still wait for other stations."""
        waiting = stretch.waiting_hours()
        within = range(stretch.hours.first, stretch.hours.first + stretch.hours.length)
        self._late = {hour: at for hour, at in self._late.items() if hour not in within or hour in waiting}

    def _tell(self, changed: list[IndexRow], stretches: Sequence[Stretch], limits: Limits) -> list[Finding]:
        positions = [row.start for row in changed if row.period == RUNNING]
        if not self._laws or not positions:
            return []
        new: Rows = {(row.period, row.start): row for row in changed}
        course = self._course_before(self._anchor(min(positions)), new)
        now = _known_at(stretches, max(positions)) or limits.tick or max(positions) + HOUR_US
        teller = Teller(self.city, partial(self._row, new=new), lambda position: _known_at(stretches, position) or now)
        told = changes(episodes(course, self._laws), self._findings, int(course.start[0]), FAR_US, teller, now)
        self._findings |= {finding.finding_id: finding for finding in told}
        return told

    def _anchor(self, position: int) -> int:
        """Return the onset of the episodes that a position lies in, or the position itself."""
        for finding in sorted(self._findings.values(), key=lambda f: f.start or 0, reverse=True):
            ended = finding.detail["ended"]
            stands = finding.status is not FindingStatus.WITHDRAWN and (ended is None or ended >= position)
            if stands and finding.start is not None:
                position = min(position, finding.start)
        return position

    def _course_before(self, anchor: int, new: Rows) -> Course:
        """Return the course from the position after the last calm or undefined one before `anchor`."""
        back = CALM_WITHIN_H
        while True:
            course = self._course(anchor - back * HOUR_US, new)
            calm = calm_positions(course, self._laws) | np.isnan(course.aqi)
            clean = np.flatnonzero(calm[:back])
            if len(clean):
                cut = slice(int(clean[-1]) + 1, None)
                return Course(course.start[cut], course.aqi[cut], course.pm25[cut])
            back *= 4

    def _course(self, begin: int, new: Rows) -> Course:
        known = self._rows_between(begin, new)
        start: NDArray[np.int64] = np.arange(begin, max(known) + HOUR_US, HOUR_US)
        aqi, pm25 = np.full(len(start), np.nan), np.zeros(len(start), np.bool_)
        for position, row in known.items():
            if row.aqi is not None:
                at = (position - begin) // HOUR_US
                aqi[at], pm25[at] = row.aqi, PM25 in row.primary
        return Course(start, aqi, pm25)

    def _rows_between(self, begin: int, new: Rows) -> dict[int, IndexRow]:
        kept = self._recent.rows if self._recent else {}
        older = self._store.city_indices(self.city, begin, self._rows_from) if begin < self._rows_from else []
        found = {row.start: row for row in older if row.period == RUNNING}
        since = max(begin, self._rows_from)
        last = max((at for period, at in new if period == RUNNING), default=since)
        for position in range(since, max(last, self._last_position) + HOUR_US, HOUR_US):
            row = kept.get((RUNNING, position))
            if row is not None:
                found[position] = row
        return found | {at: row for (period, at), row in new.items() if period == RUNNING and at >= begin}

    def _row(self, position: int, new: Rows) -> IndexRow | None:
        key = (RUNNING, position)
        if key in new or self._recent is None or position >= self._rows_from:
            return new.get(key) or (self._recent.rows.get(key) if self._recent else None)
        rows = self._store.city_indices(self.city, position, position + 1)
        return next((row for row in rows if row.period == RUNNING), None)

    def _trim(self) -> None:
        """Forget hours that are long closed, at times."""
        recent = self._recent
        if recent is None or recent.hours.length < 3 * self._kept_h:
            return
        newest = recent.hours.first + recent.hours.length
        recent.forget_before(min([newest - self._kept_h, *(hour - MARGIN_H for hour in recent.waiting_hours())]))
        self._rows_from = max(self._rows_from, recent.hours.calendar.start(recent.hours.first))
        recent.rows = {key: row for key, row in recent.rows.items() if key[1] >= self._rows_from - DAY_US}


def _known_at(stretches: Sequence[Stretch], position: int) -> int:
    """Return the tick at which a position was known, never before its end; 0 where nothing tells."""
    known = max(stretch.known_at(position) for stretch in stretches)
    return max(known, position + HOUR_US) if known else 0


def _spans(hours: list[int]) -> Iterator[list[int]]:
    """Return groups of hours that lie so close that one stretch serves them."""
    span: list[int] = []
    for hour in hours:
        if span and hour - span[-1] > 3 * LOOK_BACK_H:
            yield span
            span = []
        span.append(hour)
    if span:
        yield span

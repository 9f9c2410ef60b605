"""Furnaces that are too cold: five-minute means below the limit, counted by natural day (MEE Order 10, GB 18484-2020 9.4).

A pure function of the day's readings: late data and corrections count the day again, and a day that falls to five cold means is withdrawn.
Silence ends nothing. Sees no start-up or shut-down by itself: those are marks. Rule: facts.md 6.5.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from detectors.directory import Directory
from detectors.means import in_force, period_ends
from detectors.told import amendment, told_before
from schemas.codes import FLAG_NORMAL, FindingKind, FindingStatus, Kind, Period, SiteKind
from schemas.columns import Readings
from schemas.events import Finding
from schemas.identity import content_id
from schemas.times import DAY_US, MINUTE_US, day_start
from standards.furnace import COLD_MEANS_ALLOWED, FURNACE_TEMPERATURE, FurnaceRule, furnace_rule
from standards.judgement import NOISE
from store.port import WorkStore

SLOT_US: Final = 5 * MINUTE_US
SLOTS: Final = DAY_US // SLOT_US
MIN_MINUTES: Final = 4
"""Valid minutes that make a five-minute mean, where the device sends none itself: three quarters, as 45 of 60 make an hour."""


Admitted = Callable[[Readings], Readings]
"""Returns readings as far as they may be judged: with another flag where a mark takes them out."""


class Slots(NamedTuple):
    """Five-minute means, sorted by series and start."""

    series: NDArray[np.int32]
    start: NDArray[np.int64]
    mean: NDArray[np.float64]
    """°C; NaN where there is no valid one."""


def five_minute_means(readings: Readings) -> Slots:
    """Return the mean of each five minutes: the device's own where it sends such, else of its minutes, else of its realtime values."""
    rows = in_force(readings.take(readings.kind <= Kind.FIVE_MINUTE))
    if not len(rows):
        return Slots(rows.series, rows.observed_at, rows.value)
    slot = rows.observed_at // SLOT_US * SLOT_US
    order = np.lexsort((rows.observed_at, -rows.kind.astype(np.int64), slot, rows.series))
    rows, slot = rows.take(order), slot[order]
    new_slot = _changes(rows.series, slot)
    at = np.flatnonzero(new_slot | _changes(rows.kind))
    valid = (rows.flag == FLAG_NORMAL) & np.isfinite(rows.value)
    enough = (np.add.reduceat(valid.astype(np.int64), at) > 0) & (
        (rows.kind[at] == Kind.FIVE_MINUTE) | (_valid_minutes(rows, valid, at) >= MIN_MINUTES)
    )
    total = np.add.reduceat(np.where(valid, rows.value, 0.0), at)
    count = np.add.reduceat(valid.astype(np.float64), at)
    mean = np.divide(total, count, out=np.full(len(at), np.nan), where=enough)
    coarsest = new_slot[at]
    return Slots(rows.series[at][coarsest], slot[at][coarsest], mean[coarsest])


def _changes(*keys: NDArray[np.generic]) -> NDArray[np.bool_]:
    new = np.zeros(len(keys[0]), dtype=bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def _valid_minutes(rows: Readings, valid: NDArray[np.bool_], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return in how many minutes each group that starts at a row of `at` has a valid value."""
    group = np.repeat(np.arange(len(at)), np.diff(np.append(at, len(rows))))[valid]
    minutes = np.unique(np.stack((group, rows.observed_at[valid] // MINUTE_US)), axis=1)
    return np.bincount(minutes[0].astype(np.int64), minlength=len(at)).astype(np.int64)


@dataclass
class _Day:
    """One furnace's day."""

    cold: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(SLOTS, dtype=bool))
    told: Finding | None = None


class Furnaces:
    """Counts the cold five-minute means of a partition's furnaces; 300 bytes for each day that is open."""

    def __init__(self, directory: Directory, store: WorkStore, since: int, admitted: Admitted) -> None:
        """`since` is the tick at which the partition was taken over: what began later cannot have been told before."""
        self._directory = directory
        self._store = store
        self._admitted = admitted
        self._since = since
        self._days: dict[tuple[int, int], _Day] = {}

    def watched(self, series: NDArray[np.int32], now: int) -> NDArray[np.int32]:
        """Return which of these series, each once, are temperatures of furnaces that one device alone reports for, today at least."""
        of_furnaces = np.array(self._directory.series_of_parameter(FURNACE_TEMPERATURE), dtype=np.int32)
        found = of_furnaces[np.isin(of_furnaces, series)] if len(of_furnaces) else of_furnaces
        return found[self._directory.reporters.others_until(found) <= now]

    def look(self, rows: Readings, frontier: NDArray[np.int64], now: int) -> list[Finding]:
        """Return what is new of the days that `rows` touch: all readings of open hours of watched series.

        `frontier` is, for each row, up to when its device's hours are closed.
        """
        closed = dict(zip(rows.series.tolist(), frontier.tolist(), strict=True))
        news = []
        for series, day, slots in _by_day(_settled(self._admitted(rows), frontier)):
            rule = self._rule(series, day)
            if rule is not None:
                kept = self._day(series, day, closed[series], rule)
                _enter(kept.cold, day, slots, rule)
                news.append(self._tell(series, day, kept, rule, now))
            if day + DAY_US <= closed[series]:
                self._days.pop((series, day), None)
        return [finding for finding in news if finding is not None]

    def recount(self, windows: Mapping[tuple[str, int], int], now: int) -> list[Finding]:
        """Return what is new of the days of hours that were touched after they had closed, from the store alone.

        `windows`: (site, start of the hour) → up to when the hours of its device are closed.
        """
        asked: dict[tuple[int, int], int] = {}
        for (site, start), frontier in windows.items():
            series = self._directory.site_series.get(site, {}).get(FURNACE_TEMPERATURE)
            if series is not None:
                asked[series, int(day_start(np.array([start]))[0])] = frontier
        news = [self._recounted(*key, frontier, now) for key, frontier in sorted(asked.items())]
        return [finding for finding in news if finding is not None]

    def _recounted(self, series: int, day: int, frontier: int, now: int) -> Finding | None:
        rule = self._rule(series, day)
        kept = self._from_store(series, day, day + DAY_US, frontier, rule)
        if day + DAY_US > frontier:
            self._days[series, day] = kept
        return self._tell(series, day, kept, rule, now)

    def _rule(self, series: int, day: int) -> FurnaceRule | None:
        site = self._directory.site_of(series)
        if site is None or site.kind is not SiteKind.FURNACE:
            return None
        return furnace_rule(self._directory.registry, site.id, day)

    def _day(self, series: int, day: int, closed: int, rule: FurnaceRule) -> _Day:
        kept = self._days.get((series, day))
        if kept is None:
            earlier = day <= self._since
            kept = self._from_store(series, day, min(closed, day + DAY_US), closed, rule) if earlier else _Day()
            self._days[series, day] = kept
        return kept

    def _from_store(self, series: int, day: int, until: int, frontier: int, rule: FurnaceRule | None) -> _Day:
        """Return a day as the store has it up to `until`, and what was told of it."""
        finding_id = str(self._finding_id(series, day))
        kept = _Day(told=told_before(self._store, [finding_id]).get(finding_id))
        if rule is not None and until > day:
            one = np.array([series], np.int32)
            rows = self._store.window_readings(one, np.array([day], np.int64), np.array([until], np.int64))
            for _, _, slots in _by_day(_settled(self._admitted(rows), np.full(len(rows), frontier))):
                _enter(kept.cold, day, slots, rule)
        return kept

    def _finding_id(self, series: int, day: int) -> UUID:
        return content_id("finding", FindingKind.FURNACE_TEMPERATURE, *self._directory.series[series], day)

    def _tell(self, series: int, day: int, kept: _Day, rule: FurnaceRule | None, now: int) -> Finding | None:
        news = amendment(kept.told, self._found(series, day, kept.cold, rule, now), now)
        kept.told = news or kept.told
        return news

    def _found(
        self, series: int, day: int, cold: NDArray[np.bool_], rule: FurnaceRule | None, now: int
    ) -> Finding | None:
        at = (day + np.flatnonzero(cold) * SLOT_US).tolist()
        if rule is None or len(at) <= COLD_MEANS_ALLOWED:
            return None
        site, parameter = self._directory.series[series]
        return Finding(
            finding_id=self._finding_id(series, day),
            kind=FindingKind.FURNACE_TEMPERATURE,
            status=FindingStatus.RAISED,
            site_id=site,
            parameter=parameter,
            period=Period.DAY,
            start=day,
            detected_at=now,
            detail={
                "count": len(at),
                "allowed": COLD_MEANS_ALLOWED,
                "limit_min": rule.minimum_degc,
                "rule": rule.rule_id,
                "binding": rule.binding_id,
                "first_at": at[0],
                "sixth_at": at[COLD_MEANS_ALLOWED],
            },
        )


def _settled(rows: Readings, frontier: NDArray[np.int64]) -> Slots:
    """Return the five-minute means that are over: by the device's own time, or with their hour."""
    slots = five_minute_means(rows)
    if not len(slots.series):
        return slots
    reached = np.maximum(period_ends(rows.observed_at, rows.kind), frontier)
    until = np.zeros(int(rows.series.max()) + 1, np.int64)
    np.maximum.at(until, rows.series, reached)
    over = slots.start + SLOT_US <= until[slots.series]
    return Slots(slots.series[over], slots.start[over], slots.mean[over])


def _by_day(slots: Slots) -> Iterator[tuple[int, int, Slots]]:
    """Yield (series, day, the slots of that day)."""
    day = day_start(slots.start)
    at = np.flatnonzero(_changes(slots.series, day)).tolist()
    for first, end in pairwise([*at, len(day)]):
        part = slice(first, end)
        yield int(slots.series[first]), int(day[first]), Slots(slots.series[part], slots.start[part], slots.mean[part])


def _enter(cold: NDArray[np.bool_], day: int, slots: Slots, rule: FurnaceRule) -> None:
    """Note which five minutes of the day were below the limit; a mean that is not there is not."""
    cold[(slots.start - day) // SLOT_US] = slots.mean < rule.minimum_degc * (1 - NOISE)

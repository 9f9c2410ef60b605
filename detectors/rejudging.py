"""Judging closed windows again: late data, a replay, a mark or another registry touch hours, their days follow."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from detectors.converted import mismatches
from detectors.counted import counted
from detectors.days import day_means
from detectors.draft import Draft
from detectors.gas import with_amounts
from detectors.marking import Marking
from detectors.means import hour_means, lacking_readings, latest
from detectors.months import months_again
from detectors.partition import Partition
from detectors.results import taken_back, verdict_keys
from detectors.told import amendments
from detectors.touched_hours import Window
from schemas.codes import Kind
from schemas.columns import PERIOD_HOUR, PERIOD_INSTANT, Means, Readings
from schemas.times import DAY_US, HOUR_US, day_start, hour_start
from store.port import Verdicts


def follow_marks(partition: Partition, draft: Draft) -> int:
    """Note the closed hours that changed marks touch; return the latest entry among these marks, µs (0: nothing is new).

    Open hours meet the marks when they close. The revision is written with the touched hours, so a crash loses neither.
    """
    changed = partition.marks.news()
    for mark in changed:
        devices = [n for n in partition.marks.devices_of(mark.site_id) if partition.devices.is_met(n)]
        for start in sorted(partition.marks.hours_touched(mark)) if devices else ():
            reached = max(devices, key=lambda number: partition.devices.frontier[number])
            if start + HOUR_US <= partition.devices.frontier[reached]:
                partition.touch(mark.site_id, start, reached, draft, at_once=True)
    if changed:
        partition.drafted = True
        partition.marks.followed = draft.marks_followed[partition.lease.partition] = partition.marks.known
    return max((mark.recorded_at for mark in changed), default=0)


@dataclass(frozen=True)
class Stored:
    """What the store has of windows whose readings may be gone: then a mean stays, and is judged again as it is."""

    hours: Means = field(default_factory=Means.empty)
    """Without conversion and mass: those are worked out anew."""
    days: Means = field(default_factory=Means.empty)
    verdicts: Verdicts = field(default_factory=Verdicts.empty)
    """All there are of these windows: those that are not given again are taken back."""


def rejudge(partition: Partition, asked: Sequence[Window], now: int, draft: Draft) -> None:
    """Judge again a slice of what was touched, as known at the tick `now`; everything drafted before must be committed, since this reads the store."""
    windows, readings = _due(partition, asked)
    if windows:
        judge_again(partition, {w: partition.touched.device_of(w) for w in windows}, readings, now, draft)
    for window in windows:
        partition.touched.judged(window)
        draft.rejudged.append(window)


def judge_again(
    partition: Partition,
    due: Mapping[Window, int],
    readings: Readings,
    now: int,
    draft: Draft,
    stored: Stored | None = None,
    open_days: Mapping[Window, int] = MappingProxyType({}),
) -> None:
    """Judge closed windows, (site, start of the hour) → device, from their readings; `open_days`: furnaces' days to count again too."""
    partition.drafted = True
    stored = stored or Stored()
    marking = _marking(partition, [*due, *open_days])
    readings = counted(partition.directory, readings, marking)
    made = hour_means(readings, partition.directory.validity())
    there = set(_hours_of(readings))
    lost = stored.hours.take(~_among(stored.hours, there))
    means = with_amounts(partition.directory, Means.concat([made, lost]))
    partition.adopt(means.series)
    days = _days(partition, means, due, marking, stored.days)
    partition.open_days.put(means.take(day_start(means.start) + DAY_US > _frontier_of(partition, means)))
    closed = {window: int(partition.devices.frontier[device]) for window, device in due.items()}
    months = months_again(partition.directory, partition.store, means, closed)
    gone = _without_lost(stored.verdicts, there)
    for part in (means, days, months):
        verdicts = partition.results.judge(part, readings if part is means else None, marking)
        previous = partition.store.verdicts_at(verdicts.series, verdicts.period, verdicts.start)
        partition.results.tell(part, verdicts, previous, now, draft, marking)
        gone = _without(gone, verdicts)
    partition.results.tell(Means.empty(), taken_back(gone), gone, now, draft, marking)
    found = mismatches(partition.directory, readings, means.take(slice(len(made))), now)
    draft.findings.extend(amendments(partition.store, found, now))
    _count_furnaces(partition, lost, {**due, **open_days}, now, draft)


def _count_furnaces(partition: Partition, lost: Means, windows: Mapping[Window, int], now: int, draft: Draft) -> None:
    """Count the days of the windows again that have all their readings: of others, what was counted stays."""
    names = (partition.directory.series[s][0] for s in lost.series.tolist())
    gone = set(zip(names, day_start(lost.start).tolist(), strict=True))
    frontier = partition.devices.frontier
    whole = {(site, at): int(frontier[n]) for (site, at), n in windows.items() if (site, _day_of(at)) not in gone}
    draft.findings.extend(partition.furnaces.recount(whole, now))


def _among(means: Means, windows: Set[tuple[int, int]]) -> NDArray[np.bool_]:
    """Return which means are of these (series, start)."""
    keys = zip(means.series.tolist(), means.start.tolist(), strict=True)
    return np.array([key in windows for key in keys], dtype=bool)


def _without_lost(verdicts: Verdicts, there: Set[tuple[int, int]]) -> Verdicts:
    """Return verdicts without those on single readings that are gone: they can't be judged again, and stay."""
    hours = zip(verdicts.series.tolist(), hour_start(verdicts.start).tolist(), strict=True)
    kept = np.array([hour in there for hour in hours], dtype=bool)
    return verdicts.take(kept | (verdicts.period != PERIOD_INSTANT))


def _without(verdicts: Verdicts, others: Verdicts) -> Verdicts:
    given = verdict_keys(others)
    return verdicts.take(np.array([key not in given for key in verdict_keys(verdicts)], dtype=bool))


def _day_of(start: int) -> int:
    return int(day_start(np.array([start]))[0])


def _due(partition: Partition, asked: Sequence[Window]) -> tuple[list[Window], Readings]:
    """Return the windows that are complete or ripe, with their readings."""
    touched = partition.touched
    readings = readings_of(partition, {window: touched.device_of(window) for window in asked})
    lacking = _lacking(partition, readings)
    due = [w for w in asked if touched.is_ripe(w) or w not in lacking]
    sites = set(due)
    for window in lacking.keys() - sites:
        touched.lacks(window, lacking[window])
    keep = np.array([(partition.directory.series[s][0], h) in sites for s, h in _hours_of(readings)], dtype=bool)
    return due, readings.take(keep) if len(readings) else readings


def readings_of(partition: Partition, windows: Mapping[Window, int]) -> Readings:
    """Return the readings in force of windows, but the devices' own day values."""
    series, start = _series_of(partition, windows)
    readings = partition.store.window_readings(series, start, start + HOUR_US)
    return readings.take(readings.kind != Kind.DAY)


def _marking(partition: Partition, due: list[Window]) -> Marking:
    """Return what is left out on the days of the windows."""
    if not due:
        return Marking()
    days = day_start(np.array([start for _, start in due], dtype=np.int64))
    return partition.marks.over({site for site, _ in due}, int(days.min()), int(days.max()) + DAY_US)


def _series_of(partition: Partition, windows: Mapping[Window, int]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    partition.directory.series_of_sites(sorted({site for site, _ in windows}))
    pairs = [
        (number, start) for site, start in windows for number in partition.directory.site_series.get(site, {}).values()
    ]
    for number, start in pairs:
        site = partition.directory.series[number][0]
        partition.series_device.setdefault(number, windows[site, start])
    return np.array([n for n, _ in pairs], np.int32), np.array([s for _, s in pairs], np.int64)


def _hours_of(readings: Readings) -> Iterator[tuple[int, int]]:
    return zip(readings.series.tolist(), hour_start(readings.observed_at).tolist(), strict=True)


def _lacking(partition: Partition, readings: Readings) -> Counter[Window]:
    """Return how many readings the windows lack that are incomplete."""
    lacking = Counter[Window]()
    for series, start, count in zip(*(column.tolist() for column in lacking_readings(readings)), strict=True):
        lacking[partition.directory.series[series][0], start] += count
    return lacking


def _frontier_of(partition: Partition, means: Means) -> NDArray[np.int64]:
    return partition.devices.frontier[partition.series_device.devices(means.series)]


def _days(partition: Partition, means: Means, due: Mapping[Window, int], marking: Marking, kept: Means) -> Means:
    """Return the day means of the closed days that the windows belong to; `kept` are day means that the store has of them."""
    days = {(site, _day_of(start)): device for (site, start), device in due.items()}
    closed = [(site, day) for (site, day), device in days.items() if day + DAY_US <= partition.devices.frontier[device]]
    if not closed:
        return Means.empty()
    pairs = [(n, day) for site, day in closed for n in partition.directory.site_series.get(site, {}).values()]
    series, start = np.array([n for n, _ in pairs], np.int32), np.array([d for _, d in pairs], np.int64)
    stored = partition.store.means_between(series, PERIOD_HOUR, start, start + DAY_US)
    hours = Means.concat([stored, means.take(_within(means, set(pairs)))])
    told = _told(partition, series, start)
    counted_days = marking.without_marked(told, partition.directory.series, partition.directory.validity())
    made = day_means(hours.take(latest(hours)), counted_days, partition.directory.validity())
    lost = kept.take((kept.kind == Kind.DAY) & ~_among(kept, set(_hours_of(told))))
    instead = set(zip(lost.series.tolist(), lost.start.tolist(), strict=True))
    return Means.concat([made.take(~_among(made, instead)), lost])


def _within(means: Means, pairs: set[tuple[int, int]]) -> NDArray[np.bool_]:
    days = zip(means.series.tolist(), day_start(means.start).tolist(), strict=True)
    return np.array([pair in pairs for pair in days], dtype=bool)


def _told(partition: Partition, series: NDArray[np.int32], start: NDArray[np.int64]) -> Readings:
    """Return the devices' own day values; a whole day of readings is only read where a device sends such."""
    device = np.array([partition.series_device.get(s, -1) for s in series.tolist()], dtype=np.int64)
    sends = (device >= 0) & (partition.devices.high[device, Kind.DAY] > 0)
    if not sends.any():
        return Readings.empty()
    readings = partition.store.window_readings(series[sends], start[sends], start[sends] + DAY_US)
    return readings.take(readings.kind == Kind.DAY)

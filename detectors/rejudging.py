"""Judging closed windows again: late data, a replay or a mark (later: a changed binding) touch hours, their days follow."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detectors.converted import mismatches
from detectors.counted import counted
from detectors.days import day_means
from detectors.draft import Draft
from detectors.gas import with_amounts
from detectors.marking import Marking
from detectors.means import complete_windows, hour_means, latest
from detectors.months import months_again
from detectors.partition import Partition, Pending
from detectors.told import amendments
from schemas.codes import Kind
from schemas.columns import PERIOD_HOUR, Means, Readings
from schemas.times import DAY_US, HOUR_US, day_start, hour_start

QUIET_TICKS = 2
"""A touched window that stays incomplete is judged when this many ticks have left it alone."""
_Window = tuple[str, int]


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


def rejudge(partition: Partition, now: int, draft: Draft, *, marked_only: bool = False) -> None:
    """Judge again what is due at a tick; everything drafted before must be committed, since this reads the store.

    `marked_only`: between ticks, only what marks touched.
    """
    due, readings = _due(partition, marked_only)
    if not due:
        return
    partition.drafted = True
    marking = _marking(partition, due)
    readings = counted(partition.directory, readings, marking)
    means = with_amounts(partition.directory, hour_means(readings, partition.directory.validity()))
    partition.adopt(means.series)
    days = _days(partition, means, due, marking)
    partition.open_days.put(means.take(day_start(means.start) + DAY_US > _frontier_of(partition, means)))
    closed = {w: int(partition.devices.frontier[partition.pending[w].device]) for w in due}
    months = months_again(partition.directory, partition.store, means, closed)
    for part in (means, days, months):
        verdicts = partition.results.judge(part, readings if part is means else None, marking)
        previous = partition.store.verdicts_at(verdicts.series, verdicts.period, verdicts.start)
        partition.results.tell(part, verdicts, previous, now, draft, marking)
    found = mismatches(partition.directory, readings, means, now)
    draft.findings.extend(amendments(partition.store, found, now))
    draft.findings.extend(partition.furnaces.recount(closed, now))
    for window in due:
        del partition.pending[window]
        draft.rejudged.append(window)


def _due(partition: Partition, marked_only: bool) -> tuple[list[_Window], Readings]:
    """Return the touched windows that are complete or quiet, or that a mark touched, with their readings."""
    asked = []
    for window, pending in partition.pending.items():
        if pending.at_once or (not marked_only and (pending.ticks == 0 or pending.ticks >= QUIET_TICKS)):
            asked.append(window)
        pending.ticks += not marked_only
    if not asked:
        return [], Readings.empty()
    series, start = _series_of(partition, asked)
    readings = partition.store.window_readings(series, start, start + HOUR_US)
    readings = readings.take(readings.kind != Kind.DAY)
    open_windows = _incomplete(partition, readings)
    due = [w for w in asked if _is_due(partition.pending[w]) or w not in open_windows]
    sites = set(due)
    keep = np.array([(partition.directory.series[s][0], h) in sites for s, h in _hours_of(readings)], dtype=bool)
    return due, readings.take(keep) if len(readings) else readings


def _is_due(pending: Pending) -> bool:
    """Whether a window is judged though it is incomplete."""
    return pending.at_once or pending.ticks > QUIET_TICKS


def _marking(partition: Partition, due: list[_Window]) -> Marking:
    """Return what is left out on the days of the windows."""
    days = day_start(np.array([start for _, start in due], dtype=np.int64))
    return partition.marks.over({site for site, _ in due}, int(days.min()), int(days.max()) + DAY_US)


def _series_of(partition: Partition, windows: list[_Window]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    partition.directory.series_of_sites(sorted({site for site, _ in windows}))
    pairs = [
        (number, start) for site, start in windows for number in partition.directory.site_series.get(site, {}).values()
    ]
    for number, start in pairs:
        site = partition.directory.series[number][0]
        partition.series_device.setdefault(number, partition.pending[site, start].device)
    return np.array([n for n, _ in pairs], np.int32), np.array([s for _, s in pairs], np.int64)


def _hours_of(readings: Readings) -> Iterator[tuple[int, int]]:
    return zip(readings.series.tolist(), hour_start(readings.observed_at).tolist(), strict=True)


def _incomplete(partition: Partition, readings: Readings) -> set[_Window]:
    if not len(readings):
        return set()
    series, start, complete = complete_windows(readings)
    return {
        (partition.directory.series[s][0], h)
        for s, h, c in zip(series.tolist(), start.tolist(), complete.tolist(), strict=True)
        if not c
    }


def _frontier_of(partition: Partition, means: Means) -> NDArray[np.int64]:
    return partition.devices.frontier[partition.series_device.devices(means.series)]


def _days(partition: Partition, means: Means, due: list[_Window], marking: Marking) -> Means:
    """Return the day means of the closed days that the windows belong to."""
    days = {(site, int(day_start(np.array([start]))[0])): partition.pending[site, start].device for site, start in due}
    closed = [(site, day) for (site, day), device in days.items() if day + DAY_US <= partition.devices.frontier[device]]
    if not closed:
        return Means.empty()
    pairs = [(n, day) for site, day in closed for n in partition.directory.site_series.get(site, {}).values()]
    series, start = np.array([n for n, _ in pairs], np.int32), np.array([d for _, d in pairs], np.int64)
    stored = partition.store.means_between(series, PERIOD_HOUR, start, start + DAY_US)
    hours = Means.concat([stored, means.take(_within(means, set(pairs)))])
    told = marking.without_marked(
        _told(partition, series, start), partition.directory.series, partition.directory.validity()
    )
    return day_means(hours.take(latest(hours)), told, partition.directory.validity())


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

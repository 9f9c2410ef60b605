"""What a partition knows of the registry's changes: up to which version it has followed them, and what is left to judge again.

A change may touch years. What is left is kept as stretches of whole days in the store, written with the version that was followed, and worked
off in slices between polls, oldest first: an alert then grows with its windows instead of being raised anew for each slice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from detectors.draft import Draft
from detectors.gas import with_amounts
from detectors.partition import Partition
from detectors.rejudging import Stored, judge_again, readings_of
from detectors.touched_hours import Window
from schemas.columns import PERIOD_DAY, PERIOD_HOUR, PERIOD_INSTANT, PERIOD_MONTH, Means
from schemas.periods import month_end, month_start
from schemas.registry import Registry
from schemas.times import CST_OFFSET_US, DAY_US, HOUR_US, hour_start
from standards.changes import changed_days, industry_of
from standards.marks import Span, merged
from store.port import Verdicts

SITE_DAYS_AT_ONCE: Final = 10
"""So much is judged again in one transaction: of minutes of ten parameters some 144,000 readings."""


@dataclass(frozen=True)
class RegistryChanges:
    """What a version of the registry changed against one that was followed before."""

    old: Registry
    new: Registry
    days: Mapping[str, list[Span]]
    """By site."""

    @classmethod
    def between(cls, old: Registry, new: Registry) -> Self:
        """Return what `new` changed."""
        return cls(old, new, changed_days(old, new))

    def sites_of(self, device_id: str) -> set[str]:
        """Return the sites that a device reports for, or did before."""
        devices = (registry.devices.get(device_id) for registry in (self.old, self.new))
        return {site for device in devices if device for site in device.sites}

    def industry_differs(self, site: str) -> bool:
        """Whether marks of a site's conditions may have another time limit by its owner's industry."""
        return industry_of(self.old, site) != industry_of(self.new, site)


def follow_registry(partition: Partition, changes: RegistryChanges, version: int, draft: Draft) -> None:
    """Note which closed windows of a partition the changes touch; windows that close from now on meet the new registry by themselves."""
    sites = _closed_sites(partition, changes)
    touched = {site: list(changes.days.get(site, ())) for site in sites}
    for site, span in partition.marks.ruled_otherwise(sites, changes.old):
        touched[site].append(span)
    for site, number in sites.items():
        spans = [part for span in touched[site] if (part := _up_to(int(partition.devices.frontier[number]), span))]
        if spans:
            kept = partition.stretches.get((site, number), [])
            partition.stretches[site, number] = draft.stretches[site, number] = merged([*kept, *spans])
    _convert_open_hours(partition, {site for site, spans in touched.items() if spans})
    partition.drafted = True
    partition.registry_followed = draft.registry_followed[partition.lease.partition] = version


def _closed_sites(partition: Partition, changes: RegistryChanges) -> dict[str, int]:
    """Return the sites that have closed hours here and may be touched, with the device that has come furthest."""
    found: dict[str, int] = {}
    frontier = partition.devices.frontier
    for number, device_id in partition.directory.device_ids.items():
        if partition.devices.is_met(number):
            for site in changes.sites_of(device_id):
                if site in changes.days or changes.industry_differs(site):
                    found[site] = max(number, found.get(site, number), key=lambda n: int(frontier[n]))
    return found


def _up_to(frontier: int, span: Span) -> Span | None:
    """Return whole days of a span, up to and including the one that is open; None where there are none."""
    start, end = max(_day(span[0]), 0), min(_day(span[1] + DAY_US - 1), _day(frontier) + DAY_US)
    return (start, end) if start < end else None


def _day(instant: int) -> int:
    return (instant + CST_OFFSET_US) // DAY_US * DAY_US - CST_OFFSET_US


def _convert_open_hours(partition: Partition, sites: set[str]) -> None:
    """Amend the hours of open days that are kept: their conversion depends on the limit in force."""
    numbers = [n for site in sites for n in partition.directory.site_series.get(site, {}).values()]
    kept = partition.open_days.of(np.array(numbers, np.int32))
    if len(kept):
        partition.open_days.put(with_amounts(partition.directory, without_amounts(kept)))


def without_amounts(hours: Means) -> Means:
    """Return hour means without what is worked out from their neighbours."""
    none = np.full(len(hours), np.nan)
    return replace(hours, converted=none, mass_kg=none)


@dataclass
class _Slice:
    """What is judged again in one transaction."""

    due: dict[Window, int] = field(default_factory=dict)
    """The device whose closed windows are meant, by (site, start)."""
    open_days: dict[Window, int] = field(default_factory=dict)
    hours: list[Means] = field(default_factory=list)
    days: list[Means] = field(default_factory=list)
    verdicts: list[Verdicts] = field(default_factory=list)


def judge_stretches(partition: Partition, now: int, draft: Draft) -> None:
    """Judge the next slice again, as known at the tick `now`; everything drafted before must be committed, since this reads the store."""
    part = _Slice()
    for key, span in _next(partition):
        _collect(partition, key, span, part)
        partition.stretches[key] = draft.stretches[key] = _behind(partition.stretches[key], span[1])
        if not partition.stretches[key]:
            del partition.stretches[key]
    partition.drafted = True
    stored = Stored(without_amounts(Means.concat(part.hours)), Means.concat(part.days), Verdicts.concat(part.verdicts))
    readings = readings_of(partition, part.due)
    judge_again(partition, part.due, readings, now, draft, stored, part.open_days)


def _next(partition: Partition) -> Iterator[tuple[tuple[str, int], Span]]:
    """Yield ((site, device), span) of the stretches to work off now; days without any mean are passed over."""
    left = SITE_DAYS_AT_ONCE
    for (site, number), spans in list(islice(partition.stretches.items(), SITE_DAYS_AT_ONCE)):
        start, end = spans[0]
        series = partition.directory.series_of_sites([site])
        first = partition.store.next_mean(series, start, end)
        end = end if first is None else min(end, _day(first) + left * DAY_US)
        yield (site, number), (_day(first) if first is not None else start, end)
        left -= 0 if first is None else -(-(end - _day(first)) // DAY_US)
        if left <= 0:
            return


def _behind(spans: list[Span], end: int) -> list[Span]:
    return [(max(start, end), last) for start, last in spans if last > end]


def _collect(partition: Partition, key: tuple[str, int], span: Span, part: _Slice) -> None:
    """Add the closed windows of a site in a span, with the means that are stored of them."""
    site, number = key
    series = np.array(list(partition.directory.site_series.get(site, {}).values()), np.int32)
    start, end = (np.full(len(series), edge, np.int64) for edge in span)
    hours = partition.store.means_between(series, PERIOD_HOUR, start, end)
    days = partition.store.means_between(series, PERIOD_DAY, start, end)
    frontier = int(partition.devices.frontier[number])
    closed = hours.take(hours.start + HOUR_US <= frontier)
    whole = days.take(days.start + DAY_US <= frontier)
    part.due |= {(site, at): number for at in np.unique(np.concatenate((closed.start, whole.start))).tolist()}
    for period, length in ((PERIOD_HOUR, HOUR_US), (PERIOD_INSTANT, HOUR_US), (PERIOD_DAY, DAY_US)):
        judged = partition.store.verdicts_between(series, period, start, end)
        part.verdicts.append(judged.take(hour_start(judged.start) + length <= frontier))
    part.verdicts.append(_of_months(partition, series, np.unique(closed.start).tolist(), frontier))
    part.hours.append(closed)
    part.days.append(whole)
    if span[1] > frontier:
        part.open_days[site, frontier] = number


def _of_months(partition: Partition, series: NDArray[np.int32], hours: list[int], frontier: int) -> Verdicts:
    """Return the verdicts on the months of hours, as far as they have ended: they are judged again with any of their hours."""
    months = sorted({month_start(at) for at in hours if month_end(at) <= frontier})
    pairs = [(number, month) for number in series.tolist() for month in months]
    start = np.array([month for _, month in pairs], np.int64)
    return partition.store.verdicts_between(np.array([n for n, _ in pairs], np.int32), PERIOD_MONTH, start, start + 1)

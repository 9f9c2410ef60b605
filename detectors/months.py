"""Station months of surface water: the mean of each item's readings of a China Standard Time month, by which its class is rated.

The law's clause on how many readings a month needs was not found (facts.md 5.3): one is enough, and the samples are counted. pH has a median.
A month is judged when its device has passed its end, and again whenever one of its hours is: from the hour means that are stored.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.directory import Directory
from detectors.means import group_values, latest, made_means
from detectors.shortage import Shortage
from detectors.touched_hours import Window
from schemas.codes import Kind, NotJudged
from schemas.columns import PERIOD_HOUR, PERIOD_MONTH, Means
from schemas.periods import month_end, month_start
from schemas.times import HOUR_US, day_start
from store.port import WorkStore


def month_means(directory: Directory, hours: Means) -> Means:
    """Return one mean per (series, month) of the hour means of surface water; one per series and hour is given."""
    sites = directory.registry.water_sites
    rows = hours.take(np.array([directory.series[s][0] in sites for s in hours.series.tolist()], dtype=bool))
    if not len(rows):
        return Means.empty()
    rows = rows.take(np.lexsort((rows.start, rows.series)))
    month, at = _groups(rows)
    validity = directory.validity()
    samples = np.add.reduceat(rows.valid.astype(np.int64), at)
    marked = np.add.reduceat((rows.reason == NotJudged.MARKED.value).astype(np.int64), at)
    values = group_values(rows.series, rows.start, rows.value, rows.valid, at, validity)
    kind = np.full(len(at), Kind.HOUR, np.uint8)
    return made_means(
        rows.series[at], PERIOD_MONTH, month[at], kind, samples, Shortage(samples < 1, marked > 0), values
    )


def _groups(rows: Means) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the month of each row, and the first row of each (series, month)."""
    days, place = np.unique(day_start(rows.start), return_inverse=True)
    month = np.array([month_start(day) for day in days.tolist()], dtype=np.int64)[place]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows.series[1:] != rows.series[:-1]) | (month[1:] != month[:-1])
    return month, np.flatnonzero(first)


def months_ended(before: int, after: int) -> list[int]:
    """Return the ends of the months that lie in (before, after]; both are ends of hours, 0 = not met yet."""
    found, end = [], month_end(before) if before else after + 1
    while end <= after:
        found.append(end)
        end = month_end(end)
    return found


def months_again(directory: Directory, store: WorkStore, means: Means, closed: Mapping[Window, int]) -> Means:
    """Return the month means of the hours that were judged again, as far as their months have ended.

    `closed`: each hour → up to when the hours of its device are closed; `means`: the hours as they are now, not yet stored.
    """
    ended = {
        (site, month_start(start))
        for (site, start), frontier in closed.items()
        if site in directory.registry.water_sites and month_end(start) <= frontier
    }
    pairs = [(n, month) for site, month in sorted(ended) for n in directory.site_series.get(site, {}).values()]
    if not pairs:
        return Means.empty()
    hours = Means.concat([_stored(store, pairs), _within(means, pairs)])
    return month_means(directory, hours.take(latest(hours)))


def _stored(store: WorkStore, pairs: Sequence[tuple[int, int]]) -> Means:
    start = np.array([month for _, month in pairs], np.int64)
    end = np.array([month_end(month) for _, month in pairs], np.int64)
    return store.means_between(np.array([n for n, _ in pairs], np.int32), PERIOD_HOUR, start, end)


def _within(means: Means, pairs: Sequence[tuple[int, int]]) -> Means:
    known = set(pairs)
    rows = zip(means.series.tolist(), means.start.tolist(), strict=True)
    return means.take(np.array([(n, month_start(start)) in known for n, start in rows], dtype=bool))


def last_hour(end: int) -> int:
    """Return the start of the last hour of a month that ends at `end`."""
    return end - HOUR_US

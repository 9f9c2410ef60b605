"""What a partition knows of marks: it asks the store whenever it judges, and remembers up to where it has judged again."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from detectors.directory import Directory
from detectors.marking import Marking
from detectors.means import window_end, window_start
from schemas.columns import Readings
from schemas.marks import CONDITION_KINDS, Mark
from schemas.registry import Registry
from schemas.times import DAY_US, HOUR_US
from standards.marks import Span, left_out, longest_run_us, reach, rule_for
from store.mark_reader import MarkReader

_YEAR_US = 366 * DAY_US
_FAR_US = 10_000_000_000 * 1_000_000
"""The year 2286: later than any mark."""


@dataclass
class MarkBook:
    """Marks as one partition sees them."""

    directory: Directory
    store: MarkReader
    followed: int
    """Revision up to which the closed hours that marks touch have been noted."""
    known: int = -1
    """Newest revision that was seen; 0: there are no marks, nothing need be asked."""

    def on(self, readings: Readings) -> Marking:
        """Return what is left out in the windows of these readings."""
        if not len(readings) or self.known == 0:
            return Marking()
        sites = {self.directory.series[number][0] for number in np.unique(readings.series).tolist()}
        return self.over(sites, int(window_start(readings).min()), int(window_end(readings).max()))

    def over(self, sites: Collection[str], start: int, end: int) -> Marking:
        """Return what is left out at these sites in [start, end)."""
        if not sites or self.known == 0:
            return Marking()
        registry = self.directory.registry
        by_site: dict[str, list[Mark]] = defaultdict(list)
        earliest = min(reach(registry, site, start) for site in sites)
        for mark in self.store.marks_over(sorted(sites), earliest, end):
            by_site[mark.site_id].append(mark)
        return Marking({site: left_out(registry, marks) for site, marks in by_site.items()})

    def news(self) -> list[Mark]:
        """Return the marks that changed since this partition followed them."""
        return self.store.marks_after(self.followed) if self.followed < self.known else []

    def hours_touched(self, mark: Mark) -> set[int]:
        """Return the hours whose judgement a change of this mark may change."""
        return set(_hours(self._with_others(mark)))

    def ruled_otherwise(self, sites: Collection[str], before: Registry) -> Iterator[tuple[str, Span]]:
        """Yield (site, stretch) whose judgement changes since another rule than `before` applies to a condition mark."""
        marks = self.store.marks_over(sorted(sites), 0, _FAR_US) if sites and self.known != 0 else []
        for mark in marks:
            if mark.kind in CONDITION_KINDS and rule_for(before, mark) != rule_for(self.directory.registry, mark):
                yield from ((other.site_id, (other.start, other.end)) for other in self._with_others(mark, before))

    def _with_others(self, mark: Mark, *before: Registry) -> list[Mark]:
        """Return a mark and those that share its time limit: that of a condition is for stretches that touch, or for a year."""
        if mark.kind not in CONDITION_KINDS:
            return [mark]
        rules = [rule_for(registry, mark) for registry in (self.directory.registry, *before)]
        span = _YEAR_US if any(rule is not None and rule.per_year for rule in rules) else longest_run_us()
        after = self.store.marks_over([mark.site_id], mark.start, mark.end + span)
        return [mark, *(other for other in after if other.kind in CONDITION_KINDS)]

    def devices_of(self, site: str) -> Iterable[int]:
        """Return the numbers of the devices that report for a site, as far as they are met."""
        named = self.directory.device_ids.items()
        return [number for number, device_id in named if site in self.directory.sites_of(device_id)]


def _hours(marks: Iterable[Mark]) -> Iterable[int]:
    for mark in marks:
        yield from range(mark.start // HOUR_US * HOUR_US, mark.end, HOUR_US)

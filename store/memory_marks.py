"""Marks in the in-memory twin."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from schemas.errors import Overtaken
from schemas.marks import Mark
from store.mark_port import Markable, MarkFilter
from store.memory_tables import MemorySlice
from store.port import FindingRow, OutboxEvent


class MemoryMarks(MemorySlice):
    """`MarkStore` over a list of versions; the revision of a version is its place, from 1."""

    def mark_revision(self) -> int:
        """Return how far the marks go."""
        return len(self.tables.mark)

    def marks_after(self, revision: int) -> list[Mark]:
        """Return the present version of every mark that changed after `revision`, by stretch."""
        changed = {mark.mark_id for mark in self.tables.mark[revision:]}
        return _by_stretch(mark for mark in self._present() if mark.mark_id in changed)

    def marks_over(self, sites: Sequence[str], start: int, end: int) -> list[Mark]:
        """Return the present version of the marks of these sites whose stretch meets [start, end), by stretch."""
        wanted = set(sites)
        return _by_stretch(m for m in self._present() if m.site_id in wanted and m.end > start and m.start < end)

    def marks_followed(self, topic: str, partition: int) -> int:
        """Return up to which revision a partition has judged its windows again."""
        return self.tables.mark_followed.get((topic, partition), 0)

    def keep_mark(self, mark: Mark, findings: Sequence[FindingRow], events: Sequence[OutboxEvent]) -> None:
        """Append a version with its findings and events; raises Overtaken where the version is there already."""
        with self.tables.lock:
            if any((m.mark_id, m.version) == (mark.mark_id, mark.version) for m in self.tables.mark):
                raise Overtaken(f"mark {mark.mark_id} has a version {mark.version} already")
            self.tables.mark.append(mark)
            self.tables.finding.update({finding.finding_id: finding for finding in findings})
            for event in events:
                self.tables.send(event)

    def mark_versions(self, mark_id: UUID) -> list[Mark]:
        """Return all versions of a mark in turn."""
        return sorted((m for m in self.tables.mark if m.mark_id == mark_id), key=lambda mark: mark.version)

    def mark_ids(self, prefix: str) -> list[UUID]:
        """Return the marks whose id begins with `prefix`, at most ten."""
        return sorted({m.mark_id for m in self.tables.mark if str(m.mark_id).startswith(prefix)})[:10]

    def marks(self, wanted: MarkFilter) -> list[Mark]:
        """Return the present versions that are wanted, the latest entered first."""
        found = [
            mark
            for mark in self._present()
            if wanted.site in (None, mark.site_id)
            and wanted.status in (None, mark.status)
            and (wanted.since is None or mark.end > wanted.since)
        ]
        return sorted(found, key=lambda mark: (-mark.entered_at, str(mark.mark_id)))[: wanted.limit]

    def markable(self, since: int, sites: Sequence[str] | None = None) -> list[Markable]:
        """Return the closed hours from `since` on that are exceeded or invalid by other reasons than marks."""
        with self.tables.lock:
            found = [hour for series in self.tables.series_names for hour in self._markable(series, since)]
        wanted = [hour for hour in found if sites is None or hour.site_id in sites]
        return sorted(wanted, key=lambda hour: (hour.site_id, hour.start, hour.parameter))

    def _markable(self, series: int, since: int) -> Iterator[Markable]:
        means, verdicts = self.tables.mean.get((series, 0)), self.tables.verdict.get((series, 0))
        if means is None:
            return
        for start in means.between(since, 2**62):
            mean, verdict = means.rows[start], verdicts.rows.get(start) if verdicts else None
            outcome, value, limit = (verdict.outcome, verdict.value, verdict.limit_max) if verdict else ("", None, None)
            if outcome == "exceeded" or (not mean.valid and mean.reason != "marked"):
                figure = mean.value if value is None else value
                yield Markable(*self.tables.series_names[series], start, outcome, mean.reason, figure, limit)

    def _present(self) -> list[Mark]:
        with self.tables.lock:
            newest = {mark.mark_id: mark for mark in sorted(self.tables.mark, key=lambda mark: mark.version)}
        return list(newest.values())


def _by_stretch(marks: Iterable[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: (mark.start, mark.end, str(mark.mark_id)))

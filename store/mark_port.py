"""What the store keeps of marks: every version, in the order of entry; PostgreSQL and the in-memory twin serve it alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from schemas.marks import Mark, MarkStatus
from store.mark_reader import MarkReader
from store.port import FindingRow, OutboxEvent


@dataclass(frozen=True)
class MarkFilter:
    """Which marks are wanted; None: any."""

    site: str | None = None
    status: MarkStatus | None = None
    since: int | None = None
    """Only marks whose stretch ends after this instant, µs."""
    limit: int = 100


@dataclass(frozen=True)
class Markable:
    """A closed hour that is exceeded or invalid, and that nobody marked."""

    site_id: str
    parameter: str
    start: int
    """Start of the hour, µs."""
    outcome: str
    """exceeded, not_judged, or "" where nothing is judged there."""
    reason: str
    """Why the mean is invalid, else ""."""
    value: float | None
    limit_max: float | None


class MarkStore(MarkReader, Protocol):
    """Entering and reading marks."""

    def keep_mark(self, mark: Mark, findings: Sequence[FindingRow], events: Sequence[OutboxEvent]) -> None:
        """Append a version with its findings and events in one transaction; raises Overtaken where the version is there already."""
        ...

    def mark_versions(self, mark_id: UUID) -> list[Mark]:
        """Return all versions of a mark in turn; none where there is no such mark."""
        ...

    def mark_ids(self, prefix: str) -> list[UUID]:
        """Return the marks whose id begins with `prefix` (lower-case), at most ten, sorted."""
        ...

    def marks(self, wanted: MarkFilter) -> list[Mark]:
        """Return the present versions that are wanted, the latest entered first."""
        ...

    def markable(self, since: int, sites: Sequence[str] | None = None) -> list[Markable]:
        """Return the closed hours from `since` on that are exceeded or invalid by other reasons than marks, by site, start, parameter."""
        ...

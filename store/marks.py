"""Marks in PostgreSQL.

Delivery: a version, its findings and its events are one transaction; versions become visible in the order of their revisions, so
that a partition that has followed a revision has seen all before it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from schemas.errors import Overtaken
from schemas.marks import Mark
from schemas.times import from_us, to_us
from store.mark_port import Markable, MarkFilter
from store.port import FindingRow, OutboxEvent
from store.postgres import Cursor, Database
from store.sql import queries
from store.work_commit import write_findings, write_outbox

SQL = queries("marks")
_INSTANTS = ("start", "end", "entered_at", "recorded_at")
_COLUMNS = (
    "mark_id", "version", "site_id", "parameters", "kind", "variant", "start", "end", "entered_by", "entered_at",
    "evidence", "status", "decided_by", "decided_why", "recorded_at",
)  # fmt: skip


class PostgresMarkReader:
    """`MarkReader` over one Database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def mark_revision(self) -> int:
        """Return how far the marks go."""
        return int(self._found("revision")[0][0])

    def marks_after(self, revision: int) -> list[Mark]:
        """Return the present version of every mark that changed after `revision`, by stretch."""
        return _by_stretch(self._found("after", revision=revision))

    def marks_over(self, sites: Sequence[str], start: int, end: int) -> list[Mark]:
        """Return the present version of the marks of these sites whose stretch meets [start, end), by stretch."""
        return _by_stretch(self._found("over", sites=list(sites), start=from_us(start), finish=from_us(end)))

    def marks_followed(self, topic: str, partition: int) -> int:
        """Return up to which revision a partition has judged its windows again."""
        rows = self._found("followed", topic=topic, partition=partition)
        return int(rows[0][0]) if rows else 0

    def _found(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.database.read() as cursor:
            return cursor.execute(SQL[name], parameters).fetchall()


class PostgresMarks(PostgresMarkReader):
    """`MarkStore` over one Database."""

    def keep_mark(self, mark: Mark, findings: Sequence[FindingRow], events: Sequence[OutboxEvent]) -> None:
        """Append a version with its findings and events; raises Overtaken where the version is there already."""
        with self.database.transaction() as cursor:
            cursor.execute(SQL["lock"])
            if cursor.execute(SQL["keep"], _parameters(mark)).fetchone() is None:
                raise Overtaken(f"mark {mark.mark_id} has a version {mark.version} already")
            write_findings(cursor, findings)
            write_outbox(cursor, events)

    def mark_versions(self, mark_id: UUID) -> list[Mark]:
        """Return all versions of a mark in turn."""
        return [_mark(row) for row in self._found("versions", mark_id=mark_id)]

    def mark_ids(self, prefix: str) -> list[UUID]:
        """Return the marks whose id begins with `prefix`, at most ten."""
        return [row[0] for row in self._found("ids", prefix=prefix)] if _is_prefix(prefix) else []

    def marks(self, wanted: MarkFilter) -> list[Mark]:
        """Return the present versions that are wanted, the latest entered first."""
        since = None if wanted.since is None else from_us(wanted.since)
        status = wanted.status.value if wanted.status else None
        return [
            _mark(row) for row in self._found("list", site=wanted.site, since=since, status=status, limit=wanted.limit)
        ]

    def markable(self, since: int, sites: Sequence[str] | None = None) -> list[Markable]:
        """Return the closed hours from `since` on that are exceeded or invalid by other reasons than marks."""
        rows = self._found("markable", since=from_us(since), sites=None if sites is None else list(sites))
        return [Markable(site, parameter, to_us(start), *rest) for site, parameter, start, *rest in rows]


def follow_marks(cursor: Cursor, topic: str, followed: Mapping[int, int]) -> None:
    """Write up to which revision partitions have followed the marks, inside the worker's transaction."""
    for partition, revision in sorted(followed.items()):
        cursor.execute(SQL["follow"], {"topic": topic, "partition": partition, "revision": revision})


def _is_prefix(text: str) -> bool:
    return all(letter in "0123456789abcdef-" for letter in text)


def _parameters(mark: Mark) -> dict[str, Any]:
    values = {name: getattr(mark, name) for name in _COLUMNS}
    values |= {name: from_us(values[name]) for name in _INSTANTS}
    words = {"kind": mark.kind.value, "status": mark.status.value, "parameters": list(mark.parameters)}
    return values | words | {"finish": values["end"]}


def _mark(row: tuple[Any, ...]) -> Mark:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Mark(**values | {name: to_us(values[name]) for name in _INSTANTS})


def _by_stretch(rows: Sequence[tuple[Any, ...]]) -> list[Mark]:
    return sorted(map(_mark, rows), key=lambda mark: (mark.start, mark.end, str(mark.mark_id)))

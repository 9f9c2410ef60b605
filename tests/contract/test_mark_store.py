"""Marks: what holds in PostgreSQL holds in the in-memory twin."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from schemas.columns import Means
from schemas.errors import Overtaken
from schemas.marks import Mark, MarkKind, MarkStatus, mark_id_of
from schemas.times import HOUR_US
from schemas.topics import MARKS, REPORTS
from store.mark_port import MarkFilter, MarkStore
from store.marks import PostgresMarks
from store.memory import MemoryStore
from store.port import Advance, FindingRow, OutboxEvent, Verdicts, WorkBatch, WorkStore
from store.postgres import Database
from store.work import PostgresWorkStore

T = 1_773_100_800_000_000  # 2026-03-10 08:00 China Standard Time
NAN = float("nan")


@dataclass
class Shelf:
    """The worker's slice and the marks' slice of one store."""

    work: WorkStore
    marks: MarkStore

    def commit(self, **parts: Any) -> None:
        (lease,) = self.work.claim(REPORTS, "log", [0], "test")
        self.work.commit_work(WorkBatch([Advance(lease, lease.next_offset + 1, T)], **parts))

    def close_hour(self, start: int, outcome: str, *, valid: bool = True, reason: str = "") -> None:
        """Write mean and verdict of the dust of site-a."""
        (series,) = self.work.series_numbers([("site-a", "a34013")])
        one: dict[str, Any] = {"series": [series], "period": [0], "start": [start], "value": [26.0], "reason": [reason]}
        means = Means.of(**one, samples=[60], kind=[1], valid=[valid], mass_kg=[NAN], converted=[NAN])
        limits = {"limit_min": [NAN], "limit_max": [20.0], "times_over": [0.3 if outcome == "exceeded" else NAN]}
        words = {"outcome": [outcome], "rule": ["r"], "binding": ["b"], "basis": ["measured"]}
        self.commit(means=means, verdicts=Verdicts.of(**one | limits | words))


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    """The twin, then PostgreSQL."""
    if request.param == "memory":
        store = MemoryStore()
        yield Shelf(store, store)
        return
    database = Database(request.getfixturevalue("database_url"))
    yield Shelf(PostgresWorkStore(database), PostgresMarks(database))
    database.close()


def mark(site: str = "site-a", start: int = T, hours: int = 1, **more: Any) -> Mark:
    """Return a fault of so many hours, entered at noon."""
    end, when = start + hours * HOUR_US, T + 4 * HOUR_US
    parameters = more.get("parameters", ())
    fixed: dict[str, Any] = {"site_id": site, "kind": MarkKind.FAULT, "start": start, "end": end, "entered_by": "op"}
    identity = mark_id_of(site, parameters, MarkKind.FAULT, start, end, "op", when)
    return Mark(**{"mark_id": identity, "entered_at": when, "recorded_at": when} | fixed | more)


def rejected(before: Mark) -> Mark:
    changed = {"status": MarkStatus.REJECTED, "decided_by": "inspector", "decided_why": "seen", "version": 2}
    return before.model_copy(update=changed)


def keep(shelf: Shelf, *marks: Mark) -> None:
    for each in marks:
        shelf.marks.keep_mark(each, [], [])


def test_a_mark_comes_back_as_it_was_entered(shelf: Shelf) -> None:
    entered = mark(parameters=("a21002", "a34013"), evidence="工单 17", variant="")

    keep(shelf, entered)

    assert shelf.marks.marks_over(["site-a"], T, T + 1) == [entered]
    assert shelf.marks.mark_versions(entered.mark_id) == [entered]


def test_every_version_is_kept_and_the_newest_counts(shelf: Shelf) -> None:
    entered = mark()
    keep(shelf, entered, rejected(entered))

    assert shelf.marks.mark_versions(entered.mark_id) == [entered, rejected(entered)]
    assert shelf.marks.marks_over(["site-a"], T, T + 1) == [rejected(entered)]
    assert shelf.marks.marks(MarkFilter()) == [rejected(entered)]


def test_a_version_that_is_there_is_overtaken_and_writes_nothing(shelf: Shelf) -> None:
    keep(shelf, mark())

    with pytest.raises(Overtaken):
        shelf.marks.keep_mark(mark(), [], [OutboxEvent(MARKS, "site-a", b"{}")])

    assert shelf.marks.mark_revision() == 1


def test_the_end_of_a_stretch_is_exclusive(shelf: Shelf) -> None:
    keep(shelf, mark())

    assert shelf.marks.marks_over(["site-a"], T + HOUR_US, T + 2 * HOUR_US) == []
    assert shelf.marks.marks_over(["site-a"], T - HOUR_US, T) == []
    assert shelf.marks.marks_over(["site-b"], T, T + 1) == []


def test_what_changed_after_a_revision_is_told_once_in_its_newest_version(shelf: Shelf) -> None:
    first, second = mark(), mark("site-b")
    keep(shelf, first, second)
    seen = shelf.marks.mark_revision()
    keep(shelf, rejected(first))

    assert shelf.marks.marks_after(0) == sorted([rejected(first), second], key=lambda m: str(m.mark_id))
    assert shelf.marks.marks_after(seen) == [rejected(first)]
    assert shelf.marks.marks_after(shelf.marks.mark_revision()) == []


def test_a_partition_remembers_how_far_it_followed(shelf: Shelf) -> None:
    assert shelf.work.marks_followed(REPORTS, 0) == 0

    shelf.commit(marks_followed={0: 3})
    shelf.commit(marks_followed={0: 5})

    assert shelf.work.marks_followed(REPORTS, 0) == 5
    assert shelf.work.marks_followed(REPORTS, 1) == 0


def test_marks_are_listed_by_site_status_and_time(shelf: Shelf) -> None:
    early, late = mark(), mark(start=T + 10 * HOUR_US, entered_at=T + 12 * HOUR_US)
    keep(shelf, early, late, mark("site-b"), rejected(early))

    assert shelf.marks.marks(MarkFilter(site="site-a")) == [late, rejected(early)]
    assert shelf.marks.marks(MarkFilter(status=MarkStatus.REJECTED)) == [rejected(early)]
    assert shelf.marks.marks(MarkFilter(site="site-a", since=T + HOUR_US)) == [late]
    assert shelf.marks.marks(MarkFilter(limit=1)) == [late]


def test_a_mark_is_found_by_the_beginning_of_its_id(shelf: Shelf) -> None:
    entered = mark()
    keep(shelf, entered)

    assert shelf.marks.mark_ids(str(entered.mark_id)[:8]) == [entered.mark_id]
    assert shelf.marks.mark_ids("%") == []


def test_findings_are_written_with_the_mark(shelf: Shelf) -> None:
    entered = mark()
    finding = FindingRow(str(entered.mark_id), "late_mark", "site-a", None, None, None, T, T, b'{"status": "raised"}')

    shelf.marks.keep_mark(entered, [finding], [])

    kept = shelf.work.findings_told([str(entered.mark_id)])
    assert list(kept) == [str(entered.mark_id)]


def test_exceeded_and_invalid_hours_can_be_marked_but_not_twice(shelf: Shelf) -> None:
    shelf.close_hour(T, "exceeded")
    shelf.close_hour(T + HOUR_US, "met")
    shelf.close_hour(T + 2 * HOUR_US, "not_judged", valid=False, reason="too_few_samples")
    shelf.close_hour(T + 3 * HOUR_US, "not_judged", valid=False, reason="marked")

    found = shelf.marks.markable(T)

    assert [(h.start, h.outcome, h.reason) for h in found] == [
        (T, "exceeded", ""),
        (T + 2 * HOUR_US, "not_judged", "too_few_samples"),
    ]
    assert shelf.marks.markable(T + 1, ["site-a"]) == found[1:]
    assert shelf.marks.markable(T, ["site-b"]) == []

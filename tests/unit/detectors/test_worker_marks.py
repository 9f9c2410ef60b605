"""Marks and the worker: closed windows are judged again at once, open ones when they close, whatever order things come in."""

import pytest

from schemas.codes import FindingKind, FindingStatus
from schemas.errors import Unavailable
from schemas.topics import MARKS
from store.memory import MemoryStore


@pytest.fixture
def exceeded(bench):
    """A bench whose hour from 08:00 has dust of 26 against 20."""
    bench.minutes("03-10 08:00", 60, 26.0)
    bench.tick("03-10 09:01")
    bench.run()
    return bench


def test_a_mark_withdraws_a_verdict_without_waiting_for_a_tick(exceeded) -> None:
    exceeded.mark("03-10 08:10", "03-10 08:30", entered="03-10 10:00")

    exceeded.run()

    assert exceeded.verdict("03-10 08:00")[::2] == ("not_judged", "marked")


def test_what_withdraws_an_exceedance_is_named_with_its_author(exceeded) -> None:
    mark = exceeded.mark("03-10 08:10", "03-10 08:30", entered="03-10 10:00")
    exceeded.run()

    (finding,) = exceeded.findings(FindingKind.EXCEEDANCE)

    assert finding.status is FindingStatus.WITHDRAWN
    assert finding.detected_at == mark.recorded_at
    assert finding.detail["marks"][0] | {"by": "operator-1", "kind": "fault"} == finding.detail["marks"][0]


def test_a_mark_of_an_open_hour_counts_when_it_closes(bench) -> None:
    bench.minutes("03-10 08:00", 60, 26.0)
    bench.mark("03-10 08:10", "03-10 08:30", entered="03-10 08:40")
    bench.run()

    bench.tick("03-10 09:01")
    bench.run()

    assert bench.verdict("03-10 08:00")[::2] == ("not_judged", "marked")
    assert bench.findings(FindingKind.EXCEEDANCE) == []


def test_a_rejected_mark_brings_the_verdict_back(exceeded) -> None:
    mark = exceeded.mark("03-10 08:10", "03-10 08:30", entered="03-10 10:00")
    exceeded.run()

    exceeded.review(mark, False, on="03-12 10:00")
    exceeded.run()

    assert exceeded.verdict("03-10 08:00")[0] == "exceeded"


def test_an_accepted_mark_changes_nothing(exceeded) -> None:
    mark = exceeded.mark("03-10 08:10", "03-10 08:30", entered="03-10 10:00")
    exceeded.run()
    before = exceeded.final()

    exceeded.review(mark, True, on="03-12 10:00")
    exceeded.run()

    assert exceeded.final() == before


def test_a_late_mark_is_kept_and_found_but_not_applied(exceeded) -> None:
    exceeded.mark("03-10 08:10", "03-10 08:30", entered="03-11 12:10")
    exceeded.run()

    assert exceeded.verdict("03-10 08:00")[0] == "exceeded"
    assert [finding.site_id for finding in exceeded.findings(FindingKind.LATE_MARK)] == ["crusher"]
    assert len(exceeded.store.tables.mark) == 1


def test_a_crash_after_a_mark_was_entered_loses_nothing(exceeded) -> None:
    exceeded.mark("03-10 08:10", "03-10 08:30", entered="03-10 10:00")
    exceeded.crash()

    exceeded.run()

    assert exceeded.verdict("03-10 08:00")[0] == "not_judged"


class Forgetful(MemoryStore):
    """A store that is away at the commit which a mark asks for."""

    fail = False

    def commit_work(self, batch) -> None:
        if self.fail and batch.marks_followed:
            raise Unavailable("away")
        super().commit_work(batch)


def test_a_commit_that_fails_is_made_again(fresh_bench) -> None:
    bench = fresh_bench(store=Forgetful)
    bench.minutes("03-10 08:00", 60, 26.0)
    bench.tick("03-10 09:01")
    bench.run()
    bench.mark("03-10 08:10", "03-10 08:30", entered="03-10 10:00")
    bench.store.fail = True
    with pytest.raises(Unavailable):
        bench.run()
    bench.store.fail = False

    bench.run()

    assert bench.verdict("03-10 08:00")[0] == "not_judged"


def test_a_partition_follows_each_mark_once(exceeded) -> None:
    exceeded.mark("03-10 08:10", "03-10 08:30", entered="03-10 10:00")
    exceeded.run()

    assert not exceeded.worker.step(0.0)
    assert exceeded.store.tables.mark_followed == {("reports", 0): 1}
    assert exceeded.store.tables.rejudge == {}


def test_each_version_of_a_mark_is_an_event(exceeded) -> None:
    mark = exceeded.mark("03-10 08:10", "03-10 08:30", entered="03-10 10:00")
    exceeded.review(mark, True, on="03-12 10:00")

    told = [event for event in exceeded.store.tables.outbox.values() if event.topic == MARKS]

    assert [event.key for event in told] == ["crusher", "crusher"]


def test_a_mark_of_two_loggers_site_counts_too(two_loggers) -> None:
    two_loggers.minutes("03-10 08:00", 30, 26.0)
    two_loggers.minutes("03-10 08:30", 30, 26.0, device="mn-new")
    for minute in range(1, 14):
        two_loggers.tick(f"03-10 09:{minute:02}")
    two_loggers.run()

    two_loggers.mark("03-10 08:20", "03-10 08:40", entered="03-10 10:00")
    two_loggers.run()

    assert two_loggers.verdict("03-10 08:00")[::2] == ("not_judged", "marked")


def test_a_mark_of_hours_makes_the_day_invalid(bench) -> None:
    bench.minutes("03-10 00:00", 24 * 60, 12.0)
    bench.tick("03-11 00:11")
    bench.run()

    bench.mark("03-10 10:00", "03-10 15:00", entered="03-11 09:00", kind="stopped")
    bench.run()

    assert bench.day_validity("03-10") == [False]

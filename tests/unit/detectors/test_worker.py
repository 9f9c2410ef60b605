"""The worker on the in-memory log and store: windows close at ticks, late data amend, a crash changes nothing."""

import pytest

from schemas.bundle import Tick, encode_tick
from schemas.codes import FindingKind, FindingStatus
from schemas.times import SECOND_US
from schemas.topics import REPORTS
from tests.unit.detectors.conftest import CRUSHER, at


def test_a_full_hour_closes_at_the_first_tick_after_its_last_minute(bench) -> None:
    bench.minutes("03-10 08:00", 60, 23.0)

    bench.tick("03-10 09:00")
    bench.run()

    assert bench.verdict("03-10 08:00") == ("exceeded", 23.0, "")


def test_forty_four_valid_minutes_are_not_judged(bench) -> None:
    bench.minutes("03-10 08:00", 44, 23.0)
    bench.minutes("03-10 08:44", 16, 0.0, flag="C")

    bench.tick("03-10 09:00")
    bench.run()

    assert bench.verdict("03-10 08:00")[::2] == ("not_judged", "too_few_samples")


def test_a_silent_hour_closes_ten_minutes_after_its_end(bench) -> None:
    bench.minutes("03-10 08:00", 50, 23.0)
    bench.tick("03-10 09:09")
    bench.run()
    assert not bench.store.tables.mean

    bench.tick("03-10 09:10")
    bench.run()

    assert bench.verdict("03-10 08:00") == ("exceeded", 23.0, "")


def test_late_minutes_amend_the_verdict(bench) -> None:
    bench.minutes("03-10 08:00", 30, 10.0)
    bench.tick("03-10 09:10")
    bench.run()
    assert bench.verdict("03-10 08:00")[0] == "not_judged"

    bench.minutes("03-10 08:30", 30, 40.0, received="03-10 10:00")
    bench.tick("03-10 10:00")
    bench.run()

    assert bench.verdict("03-10 08:00") == ("exceeded", 25.0, "")


def test_a_late_incomplete_hour_waits_for_two_quiet_ticks(bench) -> None:
    bench.minutes("03-10 08:00", 30, 10.0)
    bench.tick("03-10 09:10")
    bench.minutes("03-10 08:30", 20, 40.0, received="03-10 10:00")
    for tick in ("03-10 10:00", "03-10 10:01"):
        bench.tick(tick)
    bench.run()
    assert bench.verdict("03-10 08:00")[0] == "not_judged"

    bench.tick("03-10 10:02")
    bench.run()

    assert bench.verdict("03-10 08:00") == ("exceeded", 22.0, "")


def test_a_crash_between_bundle_and_tick_changes_nothing(bench) -> None:
    bench.minutes("03-10 08:00", 30, 10.0)
    bench.run()
    bench.crash()
    bench.minutes("03-10 08:30", 30, 40.0)

    bench.tick("03-10 09:00")
    bench.run()

    assert bench.verdict("03-10 08:00") == ("exceeded", 25.0, "")


def test_a_day_of_nineteen_hours_is_not_judged_and_twenty_hours_are_enough(bench) -> None:
    for day, hours in (("10", 19), ("11", 20)):
        for hour in range(hours):
            bench.minutes(f"03-{day} {hour:02}:00", 60, 5.0)
    bench.tick("03-12 00:10")
    bench.run()

    assert bench.day_validity("03-10", "03-11") == [False, True]


def test_a_repeated_report_is_a_duplicate_and_the_books_balance(bench) -> None:
    for _ in range(2):
        bench.minutes("03-10 08:00", 30, 10.0)
    bench.refuse("malformed", "03-10 08:31")
    bench.run()

    (book,) = bench.store.tables.book.values()
    assert (book.received, book.stored, book.duplicate, book.rejected) == (61, 30, 30, 1)


def test_the_later_sent_of_two_values_is_in_force_whichever_comes_first(bench) -> None:
    bench.minutes("03-10 08:00", 10, 31.0, sent_at=10**18, received="03-10 09:00")
    bench.minutes("03-10 08:00", 60, 19.0)

    bench.tick("03-10 09:00")
    bench.run()

    assert bench.verdict("03-10 08:00") == ("exceeded", 21.0, "")
    assert FindingKind.CONFLICTING_VALUES in {f.kind for f in bench.store.tables.finding.values()}


def test_a_future_dated_message_is_told_at_once(bench) -> None:
    bench.refuse("future_dated", "03-10 08:30")
    bench.run()

    assert [f.kind for f in bench.store.tables.finding.values()] == [FindingKind.DEVICE_CLOCK]


def test_a_report_that_is_delivered_again_does_not_end_a_silence(bench) -> None:
    bench.minutes("03-10 08:00", 1, 10.0)
    bench.tick("03-10 08:40")
    bench.run()

    bench.minutes("03-10 08:00", 1, 10.0, received="03-10 08:41")
    bench.tick("03-10 08:42")
    bench.tick("03-10 09:20")
    bench.run()

    assert [finding.status for finding in bench.findings(FindingKind.SILENT_DEVICE)] == [FindingStatus.RAISED]


def test_a_silent_device_is_told_once_and_speaks_again(bench) -> None:
    bench.minutes("03-10 08:00", 30, 10.0)
    for tick in ("03-10 08:30", "03-10 09:01", "03-10 09:30"):
        bench.tick(tick)
    bench.minutes("03-10 09:30", 1, 10.0)
    bench.run()

    (finding,) = [f for f in bench.store.tables.finding.values() if f.kind == FindingKind.SILENT_DEVICE]
    assert b'"ended"' in finding.payload


def test_registered_patience_counts_from_the_first_report_on(fresh_bench) -> None:
    """Two hours are registered: at 10:29 nothing is told of a device last heard at 08:30, at 10:31 it is."""
    patient = fresh_bench(CRUSHER | {"device": [{"id": "mn", "sites": ["crusher"], "silent_after_s": 7200}]})
    patient.minutes("03-10 08:00", 30, 10.0)
    patient.tick("03-10 10:29")
    patient.run()
    assert patient.findings(FindingKind.SILENT_DEVICE) == []

    patient.tick("03-10 10:31")
    patient.run()

    assert len(patient.findings(FindingKind.SILENT_DEVICE)) == 1


def test_two_loggers_of_one_site_fill_the_same_hour_and_day(two_loggers) -> None:
    two_loggers.minutes("03-10 08:00", 40, 10.0)
    two_loggers.minutes("03-10 08:30", 30, 40.0, device="mn-new", sent_at=10**18, received="03-10 09:00")

    two_loggers.tick("03-10 09:10")
    two_loggers.tick("03-11 00:10")
    two_loggers.run()

    # the last ten minutes of the old logger meet the new one's: the later sending is in force: (30 x 10 + 30 x 40) / 60
    assert two_loggers.verdict("03-10 08:00") == ("exceeded", 25.0, "")
    assert two_loggers.day_validity("03-10") == [False]


def test_what_is_in_memory_is_what_no_tick_has_closed(bench) -> None:
    bench.minutes("03-10 08:00", 60, 23.0)
    bench.minutes("03-10 09:00", 30, 23.0)
    bench.run()
    both = bench.worker.held()

    bench.tick("03-10 09:30")
    bench.run()
    rest = bench.worker.held()

    assert (both.readings, both.windows) == (90, 2)
    assert (rest.readings, rest.windows, rest.ticks) == (30, 1, {0: at("03-10 09:30")})


def test_ticks_of_less_than_a_second_do_not_make_a_touched_window_quiet_sooner(bench) -> None:
    bench.minutes("03-10 08:00", 50, 10.0)
    bench.tick("03-10 09:20")
    bench.run()
    late = at("03-10 09:30")
    bench.minutes("03-10 08:50", 5, 100.0, received="03-10 09:29")
    seen = []

    for quarter in range(13):
        bench.producer.send(REPORTS, encode_tick(Tick(late + quarter * SECOND_US // 4)), partition=0)
        bench.run()
        seen.append(bench.verdict("03-10 08:00")[1])

    # 50 minutes of 10 and 5 of 100 give 18.18; looked at when touched, counted at 0, 1 and 2 s, judged after that
    assert seen == [10.0] * 8 + [pytest.approx(1000 / 55)] * 5

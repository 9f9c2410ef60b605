"""A drill can fail: what is lost, doubled, out of balance or complained of is seen."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from store.port import BookEntry
from tests.drills.report import Outcome, compared

KEY, OTHER = UUID(int=1), UUID(int=2)


def told(key: UUID) -> tuple[UUID, dict[str, Any]]:
    """Return a delivery of the first step of one alert."""
    return key, {"alert_id": "a", "step": 1, "recipient": "desk", "reason": "raised", "grade": "blue"}


def book(**changes: int) -> BookEntry:
    """Return a book of two stored reports."""
    return BookEntry("mn-1", date(2026, 3, 10), 2, 2, 0, 0)._replace(**changes)


UNDISTURBED = Outcome(["mean 1\n", "mean 2\n"], [book()], {KEY: "delivered"}, [told(KEY)], [])


def test_the_same_outcome_is_good() -> None:
    assert compared("none", UNDISTURBED, UNDISTURBED).is_good


def test_a_line_that_is_missing_is_lost_and_one_too_many_is_doubled() -> None:
    row = compared("fault", UNDISTURBED, replace(UNDISTURBED, final=["mean 1\n", "mean 1\n"]))

    assert (row.lost, row.doubled) == (1, 1)


def test_a_repeat_under_its_key_is_no_double_and_one_under_another_key_is() -> None:
    again = replace(UNDISTURBED, deliveries=[told(KEY), told(KEY)])
    twice = replace(UNDISTURBED, deliveries=[told(KEY), told(OTHER)], keys={KEY: "delivered", OTHER: "delivered"})

    assert compared("fault", UNDISTURBED, again).is_good
    assert compared("fault", UNDISTURBED, twice).doubled == 1


def test_a_notification_that_nobody_got_is_lost() -> None:
    assert compared("fault", UNDISTURBED, replace(UNDISTURBED, deliveries=[])).lost == 1


def test_books_that_do_not_balance_are_wrong() -> None:
    assert not compared("fault", UNDISTURBED, replace(UNDISTURBED, books=[book(received=3)])).is_good


def test_a_complaint_is_wrong_unless_it_is_the_alarm_that_must_be_given() -> None:
    complained = replace(UNDISTURBED, complaints=["ERROR the partition stands still"])

    assert not compared("fault", UNDISTURBED, complained).is_good
    assert compared("fault", UNDISTURBED, complained, "stands still").is_good
    assert not compared("fault", UNDISTURBED, UNDISTURBED, "stands still").is_good

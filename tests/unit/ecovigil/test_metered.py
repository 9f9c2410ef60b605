"""What is counted of a commit: sums, by outcome and reason."""

from datetime import date
from uuid import UUID

import pytest

from alerts.notifiers import DELIVERED, Attempt, Message
from ecovigil.metered import MeteredChannel, count_work
from ecovigil.meters import Meters
from schemas.bundle import Rejected
from schemas.registry import Recipient
from store.port import BookEntry, WorkBatch

DAY = date(2026, 3, 10)
KEY = UUID(int=1)


class OneAnswer:
    """A channel that always answers the same."""

    def __init__(self, answer: Attempt) -> None:
        self._answer = answer

    def deliver(self, message: Message, recipient: Recipient) -> Attempt:
        return self._answer

    def close(self) -> None:
        """Nothing to close."""


def value(meters: Meters, name: str, **labels: str) -> float | None:
    return meters.registry.get_sample_value(f"ecovigil_{name}", labels)


def test_the_books_of_a_commit_are_added_up() -> None:
    meters = Meters("detectors")
    books = [BookEntry("a", DAY, 5, 3, 2, 0), BookEntry("b", DAY, 2, 0, 1, 1)]

    count_work(WorkBatch([], books=books), meters.work)

    assert value(meters, "reports_total", outcome="duplicate") == 3
    assert value(meters, "reports_total", outcome="rejected") == 1


def test_dead_letters_are_counted_by_reason() -> None:
    meters = Meters("detectors")
    letters = [
        (0, Rejected("t", "a", reason, "", b"", 0, 0, True)) for reason in ("malformed", "malformed", "oversized")
    ]

    count_work(WorkBatch([], rejected=letters), meters.work)

    assert value(meters, "dead_letters_total", reason="malformed") == 2
    assert value(meters, "dead_letters_total", reason="oversized") == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(DELIVERED, "delivered"), (Attempt(True, "503"), "retry"), (Attempt(False, "404"), "refused")],
)
def test_an_attempt_is_counted_by_how_it_ended(answer: Attempt, outcome: str) -> None:
    meters = Meters("notifier")
    channel = MeteredChannel("webhook", OneAnswer(answer), meters)

    channel.deliver(Message(KEY, {}), Recipient(id="desk", channel="webhook"))

    assert value(meters, "notification_attempts_total", channel="webhook", outcome=outcome) == 1

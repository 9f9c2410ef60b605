"""Records gather where the last ones were begun lately, and only then."""

from bus.port import LogRecord
from detectors.gathering import Gathering


class Scripted:
    """A consumer whose polls bring so many records in turn, each poll after so long."""

    def __init__(self, polls: list[int], each_s: float) -> None:
        self.polls = polls
        self.each_s = each_s
        self.now = 0.0
        self.waits: list[float] = []

    def poll(self, timeout_s: float, max_records: int = 500) -> list[LogRecord]:
        self.now += self.each_s
        self.waits.append(timeout_s)
        found = self.polls.pop(0) if self.polls else 0
        return [LogRecord("reports", 0, number, b"") for number in range(min(found, max_records))]


def gathered(polls: list[int], *, each_s: float, turns: int, max_records: int = 10) -> list[int]:
    """Return how many records each turn begins."""
    consumer = Scripted(polls, each_s)
    gathering = Gathering(consumer, max_records, 0.1, lambda: consumer.now)
    begun = []
    for _ in range(turns):
        records = gathering.first(0.5)
        gathering.add_rest(records)
        begun.append(len(records))
    return begun


def test_the_first_records_are_begun_at_once() -> None:
    assert gathered([1, 1], each_s=0.03, turns=1) == [1]


def test_records_that_follow_soon_wait_for_each_other() -> None:
    assert gathered([1, 1, 1, 1, 1], each_s=0.03, turns=2) == [1, 4]


def test_records_after_a_quiet_time_are_begun_at_once() -> None:
    assert gathered([1, 1], each_s=0.2, turns=2) == [1, 1]


def test_a_full_batch_does_not_wait() -> None:
    assert gathered([1, 6, 6, 6], each_s=0.001, turns=2) == [1, 10]


def test_no_records_are_not_waited_with() -> None:
    assert gathered([1, 0, 1], each_s=0.01, turns=2) == [1, 0]

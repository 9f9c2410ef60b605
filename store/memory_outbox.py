"""The in-memory twin of the outbox."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

from store.port import OutboxEvent


class MemoryOutbox:
    """Takes from the events of a MemoryStore, by number."""

    def __init__(self, events: MutableMapping[int, OutboxEvent]) -> None:
        self._events = events

    @contextmanager
    def batch(self, limit: int) -> Iterator[list[OutboxEvent]]:
        """Give the oldest events and delete them afterwards, unless the body fails."""
        numbers = sorted(self._events)[:limit]
        yield [self._events[number] for number in numbers]
        for number in numbers:
            del self._events[number]

    def wait(self, timeout_s: float) -> None:
        """Return at once: nothing is written while we wait."""

    def close(self) -> None:
        """Nothing to let go."""

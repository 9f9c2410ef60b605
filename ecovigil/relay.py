"""The relay role: outbox → Kafka, in id order.

Delivery guarantee: at least once. An event is deleted after Kafka has acknowledged it; a crash between the two publishes
it again, and its consumers drop it by its id.
"""

from contextlib import AbstractContextManager
from typing import Final, Protocol

from bus.port import LogProducer
from store.port import OutboxEvent

BATCH: Final = 2000
FLUSH_S: Final = 30.0


class Outbox(Protocol):
    """Where the events wait."""

    def batch(self, limit: int) -> AbstractContextManager[list[OutboxEvent]]:
        """Give the oldest events, which are deleted when the body ends well."""
        ...

    def wait(self, timeout_s: float) -> None:
        """Return when there may be events."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class Relay:
    """Publishes what the stages have written with their results."""

    def __init__(self, outbox: Outbox, producer: LogProducer) -> None:
        self._outbox = outbox
        self._producer = producer

    def step(self, wait_s: float) -> bool:
        """Publish one batch, or wait; raises Unavailable (nothing is deleted then)."""
        with self._outbox.batch(BATCH) as events:
            for event in events:
                self._producer.send(event.topic, event.payload, key=event.key)
            if events:
                self._producer.flush(FLUSH_S)
        if not events and wait_s > 0:
            self._outbox.wait(wait_s)
        return bool(events)

    def close(self) -> None:
        """Let go of the outbox."""
        self._outbox.close()

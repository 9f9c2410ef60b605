"""The outbox as the relay sees it: events in id order under one advisory lock, deleted when they are published.

Delivery: an event is deleted only after the body of `batch` has ended without an error; a crash before that leaves it
there, and it is published again. Consumers are indifferent to repeats: they keep the ids of the events they have seen.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from store.bell import Bell
from store.port import OutboxEvent
from store.postgres import Database
from store.sql import queries

SQL = queries("outbox")


class PostgresOutbox:
    """Takes from table `outbox`; waits until its bell rings."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bell = Bell(database.url, "outbox")

    @contextmanager
    def batch(self, limit: int) -> Iterator[list[OutboxEvent]]:
        """Give the oldest events (none where another relay is at work) and delete them afterwards; raises Unavailable."""
        with self._database.transaction() as cursor:
            locked = cursor.execute(SQL["lock"]).fetchone()
            rows = cursor.execute(SQL["take"], {"limit": limit}).fetchall() if locked and locked[0] else []
            yield [OutboxEvent(topic, key, bytes(payload)) for _, topic, key, payload in rows]
            if rows:
                cursor.execute(SQL["delete"], {"ids": [row[0] for row in rows]})

    def wait(self, timeout_s: float) -> None:
        """Return when somebody has written events, at the latest after `timeout_s`; raises Unavailable."""
        self._bell.wait(timeout_s)

    def close(self) -> None:
        """Stop listening."""
        self._bell.close()

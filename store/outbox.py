"""The outbox as the relay sees it: events in id order under one advisory lock, deleted when they are published.

Delivery: an event is deleted only after the body of `batch` has ended without an error; a crash before that leaves it
there, and it is published again. Consumers are indifferent to repeats: they keep the ids of the events they have seen.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from schemas.errors import Unavailable
from store.port import OutboxEvent
from store.postgres import Database
from store.sql import queries

SQL = queries("outbox")


class PostgresOutbox:
    """Takes from table `outbox`; waits for NOTIFY on a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bell: psycopg.Connection[tuple[object, ...]] | None = None

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
        try:
            if self._bell is None or self._bell.closed:
                self._bell = psycopg.connect(self._database.url, autocommit=True, connect_timeout=10)
                self._bell.execute("LISTEN outbox")
                return  # what was written before we listened has rung no bell
            for _ in self._bell.notifies(timeout=timeout_s, stop_after=1):
                return
        except psycopg.OperationalError as error:
            self.close()
            raise Unavailable(f"database: {str(error).strip().splitlines()[0]}") from error

    def close(self) -> None:
        """Stop listening."""
        bell, self._bell = self._bell, None
        if bell is not None:
            bell.close()

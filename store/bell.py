"""Waiting for NOTIFY on a connection of its own."""

import psycopg
import psycopg.sql

from schemas.errors import Unavailable


class Bell:
    """Rings when somebody commits a NOTIFY on a channel of the database."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def wait(self, timeout_s: float) -> None:
        """Return when it has rung, at the latest after `timeout_s`; raises Unavailable."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=10)
                self._connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(self._channel)))
                return  # what was written before we listened has not rung
            for _ in self._connection.notifies(timeout=timeout_s, stop_after=1):
                return
        except psycopg.OperationalError as error:
            self.close()
            raise Unavailable(f"database: {str(error).strip().splitlines()[0]}") from error

    def close(self) -> None:
        """Stop listening."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

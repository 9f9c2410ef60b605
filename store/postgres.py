"""One PostgreSQL connection with the fenced transaction that every stage commits by.

Delivery: results, outbox and consumed offsets are one transaction; the fence is its last statement. A crash before
COMMIT repeats everything, a crash after it repeats nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from threading import RLock, Thread, current_thread
from typing import Any, Final

import numpy as np
import psycopg

from schemas.errors import InvalidConfiguration, LeaseLost, Unavailable
from store import binary
from store.port import Advance, Lease
from store.sql import queries

SQL = queries("leases")
Cursor = psycopg.Cursor[Any]
SESSION: Final = """
    SET timezone TO 'UTC';
    SET lock_timeout TO '5s';
    SET idle_in_transaction_session_timeout TO '30s'
"""
"""Nobody waits for ever for a lock that a frozen process holds: who owns a lease gives up, claims what the group gave it and ends that process's backend."""


class Database:
    """A connection that is made when it is needed and made again after a failure; one role, one Database."""

    def __init__(self, url: str, *, copy: bool = True) -> None:
        self.url = url
        self.copy = copy
        """False: the server has no COPY (TimescaleDB in WebAssembly); INSERT is used."""
        self._lock = RLock()
        self._connection: psycopg.Connection[Any] | None = None
        self._backend: tuple[int, datetime] | None = None
        self._owned: dict[tuple[str, int], Lease] = {}
        self._registered: set[Lease] = set()
        """Those that are recorded with the present backend."""
        self._under_way: tuple[Thread, Future[None]] | None = None
        self._beside: Database | None = None

    def later(self, work: Callable[[], None]) -> None:
        """Let a thread do `work`, which uses this database; the next use of it by others waits, and raises what the work raised."""
        self.land()
        done: Future[None] = Future()
        thread = Thread(target=_fulfil, args=(done, work), name="commit", daemon=True)
        self._under_way = thread, done
        thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether work that was put off has not ended yet."""
        return self._under_way is not None and not self._under_way[1].done()

    def land(self) -> None:
        """Wait for the work that was put off; raises what it raised, once."""
        if self._under_way is not None and self._under_way[0] is not current_thread():
            (_, done), self._under_way = self._under_way, None
            done.result()

    @contextmanager
    def transaction(self, advances: Sequence[Advance] = ()) -> Iterator[Cursor]:
        """Commit what the body writes, with the leases' advance as the last statement.

        Raises LeaseLost (nothing was written) or Unavailable (the outcome is unknown if it came from COMMIT).
        """
        self.land()
        with self._lock, self._translated():
            connection = self._connected()
            self._register([advance.lease for advance in advances])
            with connection.transaction(), connection.cursor() as cursor:
                yield cursor
                if advances:
                    _fence(cursor, advances)

    @contextmanager
    def read(self) -> Iterator[Cursor]:
        """Give a cursor that sees what was last committed and leaves no transaction open; raises Unavailable."""
        self.land()
        with self._lock, self._translated(), self._connected().cursor() as cursor:
            yield cursor

    @contextmanager
    def read_beside(self) -> Iterator[Cursor]:
        """Give a cursor, as `read` does, that does not wait for the work that was put off, nor see it; raises Unavailable."""
        if not self.copy:  # such a server takes one connection
            with self.read() as cursor:
                yield cursor
            return
        self._beside = self._beside or Database(self.url)
        with self._beside.read() as cursor:
            yield cursor

    def backend(self) -> tuple[int, datetime]:
        """Return pid and start of this connection's server process; raises Unavailable."""
        with self.read() as cursor:
            if self._backend is None:
                self._backend = cursor.execute(SQL["backend"]).fetchone()
            if self._backend is None:
                raise Unavailable("the server does not list this connection")
            return self._backend

    def owns(self, leases: Sequence[Lease]) -> None:
        """Remember that these leases are recorded with the present backend."""
        self._owned.update({(lease.topic, lease.partition): lease for lease in leases})
        self._registered.update(leases)

    def close(self) -> None:
        """Let the connection go; the next use makes another one."""
        with self._lock:
            connection, self._connection, self._backend = self._connection, None, None
            beside, self._beside = self._beside, None
            self._registered.clear()
            if connection is not None:
                connection.close()
        if beside is not None:
            beside.close()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self.close()
            self._connection = psycopg.connect(self.url, autocommit=True, connect_timeout=10)
            self._connection.execute(SESSION)
            binary.register(self._connection)
        return self._connection

    def _register(self, needed: Sequence[Lease]) -> None:
        """Record a new connection's backend with all leases, before it takes any lock that a successor would wait for."""
        missing = {*needed, *self._owned.values()} - self._registered
        if not missing:
            return
        pid, started = self.backend()
        connection = self._connected()
        held = []
        with connection.transaction(), connection.cursor() as cursor:
            for lease in sorted(missing, key=lambda lease: (lease.topic, lease.partition)):
                cursor.execute(SQL["register"], {**vars(lease), "pid": pid, "started": started})
                _lost_unless(cursor.rowcount == 1 or lease not in needed, lease)
                if cursor.rowcount == 1:
                    held.append(lease)
        self._owned = {place: lease for place, lease in self._owned.items() if lease not in missing}
        self.owns(held)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self.close()
            raise Unavailable(f"database: {str(error).strip().splitlines()[0]}") from error
        except psycopg.errors.UndefinedTable as error:
            raise InvalidConfiguration("the database has no tables yet: run `ecovigil db migrate`") from error


def _fulfil(done: Future[None], work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # whatever it is, it belongs to whoever put the work off
        done.set_exception(error)
    else:
        done.set_result(None)


def _fence(cursor: Cursor, advances: Sequence[Advance]) -> None:
    leases = [advance.lease for advance in advances]
    cursor.execute(
        SQL["fence"],
        {
            "topic": binary.word_array(lease.topic for lease in leases),
            "partition": [lease.partition for lease in leases],
            "log_id": binary.word_array(lease.log_id for lease in leases),
            "epoch": [lease.epoch for lease in leases],
            "next_offset": [advance.next_offset for advance in advances],
            "tick_at": binary.array(np.array([a.tick_at for a in advances], np.int64), binary.OPTIONAL_INSTANT),
        },
    )
    _lost_unless(cursor.rowcount == len(leases), *leases)


def _lost_unless(held: bool, *leases: Lease) -> None:
    if not held:
        raise LeaseLost("fenced: " + ", ".join(f"{x.topic}/{x.partition} epoch {x.epoch}" for x in leases))

"""Claims partitions in PostgreSQL: ends a predecessor that may be frozen, then raises the epoch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.errors import Unavailable
from schemas.times import from_us, to_us
from store.ledger_port import replaced_log
from store.ledger_rows import write_loss
from store.port import Lease
from store.postgres import Cursor, Database
from store.sql import queries

SQL = queries("leases")


class PostgresLeases:
    """`claim` and `leases` of every stage that consumes a log."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def claim(self, topic: str, log_id: str, partitions: Sequence[int], owner: str) -> list[Lease]:
        """Take the partitions and return leases in ascending order; raises Unavailable.

        1. End the recorded backends: a process frozen inside COPY holds locks for ever.
        2. Raise the epochs: now nobody else can register a connection for these partitions.
        3. End the backend that was recorded meanwhile, if there is one.
        """
        ascending = sorted(partitions)
        wanted: dict[str, Any] = {"topic": topic, "partitions": ascending}
        pid, started = self.database.backend()
        mine = {"pid": pid, "started": started}
        with self.database.read() as cursor:
            for backend in set(cursor.execute(SQL["recorded_backends"], wanted | mine).fetchall()):
                _terminate(cursor, *backend)
        with self.database.transaction() as cursor:
            before = {row[0]: row[1:] for row in cursor.execute(SQL["lock"], wanted).fetchall()}
            fixed = {"topic": topic, "log_id": log_id, "owner": owner} | mine
            leases = [_take(cursor, p, before.get(p), fixed) for p in ascending]
        with self.database.read() as cursor:
            for backend in {row[4:6] for row in before.values()} - {(pid, started)}:
                _terminate(cursor, *backend)
        self.database.owns(leases)
        return leases

    def leases(self, topic: str, partitions: Sequence[int]) -> list[Lease]:
        """Return the partitions that were ever claimed, as they are now, in ascending order."""
        with self.database.read() as cursor:
            cursor.execute(SQL["leases"], {"topic": topic, "partitions": list(partitions)})
            return [
                Lease(log_id, topic, partition, epoch, next_offset, to_us(tick_at) if tick_at else 0)
                for partition, log_id, epoch, next_offset, tick_at in cursor.fetchall()
            ]


def _take(cursor: Cursor, partition: int, before: tuple[Any, ...] | None, fixed: dict[str, Any]) -> Lease:
    log_id, epoch, next_offset, tick_at, *_ = before or (fixed["log_id"], 0, 0, None)
    replaced = log_id != fixed["log_id"]
    if replaced:
        write_loss(cursor, replaced_log(fixed["topic"], fixed["log_id"], to_us(tick_at) if tick_at else 0))
        next_offset, tick_at = 0, None
    lease = Lease(
        fixed["log_id"], fixed["topic"], partition, epoch + 1, next_offset, to_us(tick_at) if tick_at else 0, replaced
    )
    known = {"partition": partition, "epoch": lease.epoch, "next_offset": next_offset}
    cursor.execute(SQL["take"], fixed | known | {"tick_at": from_us(lease.tick_at) if tick_at else None})
    return lease


def _terminate(cursor: Cursor, pid: int, started: datetime) -> None:
    row = cursor.execute(SQL["terminate"], {"pid": pid, "started": started}).fetchone()
    if row is None or not row[0]:
        raise Unavailable(f"database: the predecessor's backend {pid} has not ended yet")

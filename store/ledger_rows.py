"""Rows of the ledger that other transactions write: what a worker books, what a claim finds lost."""

from collections.abc import Sequence
from operator import add
from typing import Any

import numpy as np

from schemas.times import from_us
from store.binary import INSTANT, INT4, INT8, array, word_array
from store.counts import Counts
from store.ledger_port import OwnLoss
from store.port import Booked, BookEntry
from store.postgres import Cursor
from store.sql import queries

SQL = queries("ledger")
WRITE = queries("commit")


def write_counts(cursor: Cursor, counts: Counts) -> None:
    """Add amounts of devices with a number to the books."""
    if len(counts):
        parameters = {"device": array(counts.device, INT4), "day": array(counts.day, INSTANT)}
        amounts = {"received": array(counts.received, INT8), "stored": array(counts.stored, INT8)}
        cursor.execute(WRITE["counts"], parameters | amounts)


def write_books(cursor: Cursor, books: Sequence[BookEntry]) -> None:
    """Add amounts to the books."""
    sums: dict[tuple[str, Any], tuple[int, int, int, int]] = {}
    for device_id, day, *amounts in books:
        before = sums.get((device_id, day), (0, 0, 0, 0))
        a, b, c, d = map(add, before, amounts)
        sums[device_id, day] = a, b, c, d
    if sums:
        columns = np.array(list(sums.values()), np.int64).T
        parameters: dict[str, Any] = {
            name: array(column, INT8)
            for name, column in zip(("received", "stored", "duplicate", "rejected"), columns, strict=True)
        }
        keys = {"device_id": word_array(key[0] for key in sums), "day": [key[1] for key in sums]}
        cursor.execute(WRITE["books"], parameters | keys)


def write_booked(cursor: Cursor, booked: Sequence[Booked]) -> None:
    """Add what a worker has booked."""
    if booked:
        cursor.execute(
            SQL["booked"],
            {
                "bridge": word_array(row.bridge for row in booked),
                "partition": [row.partition for row in booked],
                "hour": array(np.array([row.hour for row in booked], np.int64), INSTANT),
                "messages": [row.messages for row in booked],
            },
        )


def write_loss(cursor: Cursor, loss: OwnLoss) -> None:
    """Keep a loss, once."""
    cursor.execute(SQL["keep_loss"], loss._asdict() | {"noted_at": from_us(loss.noted_at) if loss.noted_at else None})

"""Rows of the ledger that other transactions write: what a worker books, what a claim finds lost."""

from collections.abc import Sequence

import numpy as np

from schemas.times import from_us
from store.binary import INSTANT, array, word_array
from store.ledger_port import OwnLoss
from store.port import Booked
from store.postgres import Cursor
from store.sql import queries

SQL = queries("ledger")


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

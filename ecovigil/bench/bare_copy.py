"""Binary COPY alone into the table of the readings with its index: the ceiling of everything that stores."""

import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ecovigil.bench.bench_servers import BenchServers
from ecovigil.bench.fleet import START_US
from schemas.times import MINUTE_US
from store.binary import FLOAT8, INSTANT, INT2, INT4, INT8, BinaryType, array, copy_stream
from store.sql import queries

SQL: Final = queries("commit")
BATCH: Final = 20_000
"""Rows of one transaction, as of a worker under load."""
SERIES: Final = 10_000
FIRST_SERIES: Final = 1_000_000
"""Numbers that no registered series has."""


def bare_copy(servers: BenchServers, count: int, first_series: int = FIRST_SERIES) -> float:
    """Return rows a second of COPY with a commit for each batch; the streams are ready beforehand, the month is there."""
    with servers.connection.transaction() as cursor:
        cursor.execute(SQL["reading_partition"], {"at": array(np.array([START_US]), INSTANT)})
    streams = [_stream(first, first_series) for first in range(0, count, BATCH)]
    started = time.perf_counter()
    for stream in streams:
        with servers.connection.transaction() as cursor, cursor.copy(SQL["copy_readings"]) as copy:
            copy.write(stream)
    return len(streams) * BATCH / (time.perf_counter() - started)


def _stream(first: int, first_series: int) -> bytes:
    row = np.arange(first, first + BATCH, dtype=np.int64)
    minute = row // SERIES
    columns: list[tuple[NDArray[Any], BinaryType]] = [
        ((first_series + row % SERIES).astype(np.int32), INT4),
        (np.ones(BATCH, np.uint8), INT2),
        (START_US + minute * MINUTE_US, INSTANT),
        (np.sin(row), FLOAT8),
        (np.full(BATCH, 78, np.uint8), INT2),
        (row, INT8),
    ]
    return copy_stream(columns)

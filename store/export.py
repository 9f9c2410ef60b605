"""The final state from PostgreSQL, streamed in one snapshot."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import psycopg

from schemas.times import to_us
from store.final_port import (
    FINAL_TABLES,
    HIDDEN_KINDS,
    HIDDEN_REASON,
    HIDDEN_STATE,
    KIND_NAMES,
    PERIOD_NAMES,
    FinalRow,
    stable,
)
from store.postgres import Database
from store.sql import queries

SQL = queries("export")
FETCH_ROWS: Final = 10_000

_PARAMETERS: Final = {
    "hidden_kinds": list(HIDDEN_KINDS),
    "hidden_state": HIDDEN_STATE.value,
    "hidden_reason": HIDDEN_REASON.value,
}


class PostgresExport:
    """`FinalStore` over the tables of all slices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def final_rows(self) -> Iterator[tuple[str, FinalRow]]:
        """Yield (section, row) from server-side cursors: memory does not grow with the tables."""
        with self._database.transaction() as cursor:
            cursor.execute(SQL["snapshot"])
            cursor.execute(SQL["unhurried"])
            for section in FINAL_TABLES:
                for row in _streamed(cursor.connection, section):
                    yield section, _FORMS[section](row)


def _streamed(connection: psycopg.Connection[Any], section: str) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name=f"final_{section}", binary=True) as cursor:
        cursor.itersize = FETCH_ROWS
        cursor.execute(SQL[section], _PARAMETERS)
        yield from cursor


def _mean(row: tuple[Any, ...]) -> FinalRow:
    site, parameter, period, start, value, samples, kind, *rest = row
    return site, parameter, PERIOD_NAMES[period], to_us(start), value, samples, KIND_NAMES[kind], *rest


def _verdict(row: tuple[Any, ...]) -> FinalRow:
    site, parameter, period, start, *rest = row
    return site, parameter, PERIOD_NAMES[period], to_us(start), *rest


def _air_index(row: tuple[Any, ...]) -> FinalRow:
    subject, is_city, period, start, standard, aqi, primary, detail = row
    return subject, is_city, period, to_us(start), standard, aqi, primary, stable(detail)


def _alert(row: tuple[Any, ...]) -> FinalRow:
    *natural, first_start, last_start, state, grade = row
    return *natural, _optional(first_start), _optional(last_start), state, grade


def _optional(instant: datetime | None) -> int | None:
    return None if instant is None else to_us(instant)


_FORMS: Final[dict[str, Callable[[tuple[Any, ...]], FinalRow]]] = {
    "mean": _mean,
    "verdict": _verdict,
    "air_index": _air_index,
    "alert": _alert,
    "book": tuple,
}

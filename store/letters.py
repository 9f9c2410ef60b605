"""Dead letters and books in PostgreSQL, for reading."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from schemas.times import from_us, to_us
from store.letter_port import Letter, LetterCount, LetterFilter
from store.port import BookEntry
from store.postgres import Database
from store.sql import queries

SQL = queries("letters")


class PostgresLetters:
    """`LetterStore` over the tables that the worker writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def letters(self, wanted: LetterFilter, *, after: int = 0, limit: int = 500) -> list[Letter]:
        """Return the letters with an id above `after`, oldest first."""
        return self._letters("letters", {**_parameters(wanted), "after": after, "limit": limit})

    def latest_letters(self, wanted: LetterFilter, limit: int) -> list[Letter]:
        """Return the last letters, newest first."""
        return self._letters("latest_letters", {**_parameters(wanted), "limit": limit})

    def letter_counts(self, wanted: LetterFilter) -> list[LetterCount]:
        """Return how many there are, by reason and state."""
        with self._database.read() as cursor:
            cursor.execute(SQL["letter_counts"], _parameters(wanted))
            return [LetterCount(*row) for row in cursor.fetchall()]

    def letter_bytes(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the bytes of these letters as they were received."""
        with self._database.read() as cursor:
            cursor.execute(SQL["letter_bytes"], {"ids": list(ids)})
            return {letter_id: bytes(raw) for letter_id, raw in cursor.fetchall()}

    def books(self, day: date) -> list[BookEntry]:
        """Return the books of a China Standard Time day, by device."""
        with self._database.read() as cursor:
            cursor.execute(SQL["books"], {"day": day})
            return [BookEntry(*row) for row in cursor.fetchall()]

    def _letters(self, name: str, parameters: dict[str, Any]) -> list[Letter]:
        with self._database.read() as cursor:
            cursor.execute(SQL[name], parameters)
            return [_letter(row) for row in cursor.fetchall()]


def _letter(row: tuple[Any, ...]) -> Letter:
    letter_id, topic, device_id, site_id, reason, detail, sha256, received_at, whole, state, size = row
    return Letter(
        letter_id, topic, device_id, site_id, reason, detail, bytes(sha256), to_us(received_at), whole, state, size
    )


def _parameters(wanted: LetterFilter) -> dict[str, Any]:
    return {
        "ids": None if wanted.ids is None else list(wanted.ids),
        "reason": wanted.reason,
        "device_id": wanted.device_id,
        "since": _instant(wanted.since),
        "until": _instant(wanted.until),
        "state": wanted.state,
    }


def _instant(instant_us: int | None) -> datetime | None:
    return None if instant_us is None else from_us(instant_us)

"""The law as data: the CSV tables of `standards/data`, parsed once."""

import csv
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

from schemas.times import date_us

RECALLED: Final = "recalled-from-memory-only"
"""Confidence of a figure that nobody has yet checked in the original: it decides nothing by itself."""

Row = dict[str, str]


@cache
def rows_of(table: str) -> tuple[Row, ...]:
    """Return the rows of `standards/data/<table>.csv`, as text, with their source and confidence."""
    text = (files("standards") / "data" / f"{table}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def number(text: str) -> float | None:
    """Return a figure of a table, None where the cell is empty."""
    return float(text) if text else None


def day(text: str) -> date | None:
    """Return a date of a table, None where the cell is empty."""
    return date.fromisoformat(text) if text else None


def in_force(row: Row, instant_us: int) -> bool:
    """Return whether a row is in force at an instant; both its days are inclusive, an empty one is open."""
    first, last = day(row["effective_from"]), day(row["effective_to"])
    if first is not None and instant_us < date_us(first):
        return False
    return last is None or instant_us < date_us(date.fromordinal(last.toordinal() + 1))

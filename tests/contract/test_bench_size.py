"""`bench size` in a tiny size: what it fills in looks like the product's own tables, and both sides answer alike."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from ecovigil.bench.archive import Archive
from ecovigil.bench.archive_fill import SQL, fill, opened
from ecovigil.bench.sides import EMPTY, GROWN, PATTERN, Rounds, compared, named
from tests.conftest import TEMPLATE, DatabaseServer

pytestmark = pytest.mark.live
ARCHIVE = Archive(devices=20, every_h=50, days=35)


@pytest.fixture(scope="module")
def filled(database_server: DatabaseServer) -> Iterator[str]:
    """A server with the database that is grown and the pattern of the empty one."""
    with psycopg.connect(database_server.url, autocommit=True) as connection:
        for name, archive in ((PATTERN, replace(ARCHIVE, lone=True)), (GROWN, ARCHIVE)):
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY".encode())
            fill(named(database_server.url, name), archive)
        yield database_server.url
        for name in (PATTERN, GROWN, EMPTY):
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def test_a_month_that_was_filled_at_once_is_as_one_that_the_store_has_made(filled: str) -> None:
    with opened(named(filled, GROWN)) as database, database.read() as cursor:
        made = [cursor.execute(SQL["indexes"], {"table": table}).fetchall() for table in MONTHS]
        bounds = cursor.execute("SELECT pg_get_partition_constraintdef('reading_y2025m04'::regclass)").fetchone()

    assert made[0] == made[1] != []
    assert bounds is not None
    assert "2025-04-01 00:00:00+00" in bounds[0]
    assert "2025-05-01 00:00:00+00" in bounds[0]


MONTHS = ("reading_y2025m04", "reading_y2025m05")
"""The first is filled at once, the second as workers write."""


def test_everything_is_there(filled: str) -> None:
    with opened(named(filled, GROWN)) as database, database.read() as cursor:
        reports, readings, means, verdicts, *_ = cursor.execute(SQL["rows"]).fetchone() or ()

    assert (reports, readings) == (ARCHIVE.readings // 10, ARCHIVE.readings)
    assert means == verdicts == len(ARCHIVE.means_of(range(ARCHIVE.hours)))


def test_both_sides_answer_alike_and_write_on(filled: str) -> None:
    grown, empty = compared(filled, ARCHIVE, Rounds(rounds=2, commits=1, answers=1))

    assert grown.rows == empty.rows
    assert all(grown.rows.values())
    assert {len(taken) for side in (grown, empty) for taken in side.answer_s.values()} == {2}

"""Numbers that were granted by a transaction which a crash undid."""

from collections.abc import Iterator

import pytest

from store.numbers import Numbers, kept_if_committed
from store.postgres import Database

pytestmark = pytest.mark.live


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database."""
    database = Database(database_url)
    yield database
    database.close()


def take(database: Database, numbers: Numbers, *, crash: bool = False) -> list[int]:
    """Take two numbers in a transaction; a crash undoes it and lets the sequence go back, as PostgreSQL's recovery does."""
    with kept_if_committed(numbers), database.transaction() as cursor:
        taken: list[int] = numbers.take(cursor, 2).tolist()
        if crash:
            cursor.execute("SELECT setval('bundle_number', 1, FALSE)")
            raise ConnectionError
    return taken


def test_numbers_that_were_not_committed_are_never_used(database: Database) -> None:
    crashed, other = Numbers("bundle_number", 100), Numbers("bundle_number", 100)
    with pytest.raises(ConnectionError):
        take(database, crashed, crash=True)

    used = take(database, other) + take(database, crashed) + take(database, other)

    assert len(set(used)) == 6


def test_what_a_committed_block_has_left_is_used(database: Database) -> None:
    numbers = Numbers("bundle_number", 100)

    first, second = take(database, numbers), take(database, numbers)

    assert second == [first[-1] + 1, first[-1] + 2]

"""Migrations apply once, in order, and say where a database is."""

from collections.abc import Iterator

import pytest

from schemas.errors import InvalidConfiguration
from store.postgres import Database
from store.schema import migrate, migrations, status

pytestmark = pytest.mark.live


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database."""
    database = Database(database_url)
    yield database
    database.close()


def test_a_second_migration_finds_nothing_to_do(database: Database) -> None:
    assert migrate(database) == []


def test_the_status_lists_every_migration_as_applied(database: Database) -> None:
    found = status(database)

    assert found.applied == [m.name for m in migrations()]
    assert (found.pending, found.changed) == ([], [])


def test_numbers_ascend_without_a_double() -> None:
    numbers = [int(m.name[:4]) for m in migrations()]

    assert numbers == sorted(set(numbers))


def test_a_migration_that_was_edited_after_it_was_applied_is_refused(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute("UPDATE schema_migration SET checksum = 'other' WHERE name LIKE '0001%'")

    with pytest.raises(InvalidConfiguration, match="changed after"):
        migrate(database)

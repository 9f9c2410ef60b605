"""What waits in the database, as the metrics show it."""

from collections.abc import Iterator

import psycopg
import pytest

from store.backlog import NotificationBacklog, notification_backlog, outbox_backlog
from store.postgres import Database

pytestmark = pytest.mark.live


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database."""
    database = Database(database_url)
    yield database
    database.close()


def test_an_empty_outbox_has_no_age(database: Database) -> None:
    assert outbox_backlog(database) == (0, 0.0)


def test_the_age_of_the_outbox_is_that_of_its_oldest_event(database: Database) -> None:
    insert = "INSERT INTO outbox (topic, key, payload, written_at) VALUES ('means.v1', '', '', now() - %s::interval)"
    with psycopg.connect(database.url, autocommit=True) as connection:
        for age in ("90 seconds", "0 seconds"):
            connection.execute(insert, [age])

    events, age_s = outbox_backlog(database)

    assert events == 2
    assert 90 <= age_s < 3600


def test_with_nobody_to_tell_nothing_is_due(database: Database) -> None:
    assert notification_backlog(database) == NotificationBacklog(0, 0, 0.0)

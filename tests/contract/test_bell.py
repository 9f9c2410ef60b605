"""The bell that wakes relay and notifier: it rings for what was committed, and only for that."""

import time
from collections.abc import Iterator

import pytest

from store.bell import Bell
from store.postgres import Database

pytestmark = pytest.mark.live
LONG_S = 20.0


@pytest.fixture
def bell(database_url: str) -> Iterator[Bell]:
    """A bell that listens."""
    bell = Bell(database_url, "notification")
    bell.wait(0.0)
    yield bell
    bell.close()


def waited_s(bell: Bell, timeout_s: float) -> float:
    """Return how long the bell was waited for."""
    began = time.monotonic()
    bell.wait(timeout_s)
    return time.monotonic() - began


def test_it_rings_for_a_notification_that_was_committed(bell: Bell, database_url: str) -> None:
    database = Database(database_url)
    with database.transaction() as cursor:
        cursor.execute("NOTIFY notification")
    database.close()

    assert waited_s(bell, LONG_S) < LONG_S / 2


def test_it_does_not_ring_for_others(bell: Bell, database_url: str) -> None:
    database = Database(database_url)
    with database.transaction() as cursor:
        cursor.execute("NOTIFY outbox")
    database.close()

    assert waited_s(bell, 0.2) >= 0.2

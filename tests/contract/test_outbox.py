"""What every outbox promises: id order, deleted after publication, kept where it fails."""

from collections.abc import Iterator

import psycopg
import pytest

from bus.memory_log import MemoryLog
from ecovigil.relay import Outbox, Relay
from schemas.errors import Unavailable
from store.memory_outbox import MemoryOutbox
from store.outbox import PostgresOutbox
from store.port import OutboxEvent
from store.postgres import Database

EVENTS = [OutboxEvent("findings.v1", f"key-{i}", b"%d" % i) for i in range(3)]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def outbox(request: pytest.FixtureRequest) -> Iterator[Outbox]:
    """Each outbox in turn, with three events."""
    if request.param == "memory":
        yield MemoryOutbox(dict(enumerate(EVENTS)))
        return
    url = request.getfixturevalue("database_url")
    with psycopg.connect(url, autocommit=True) as connection:
        for event in EVENTS:
            insert = "INSERT INTO outbox (topic, key, payload) VALUES (%s, %s, %s)"
            connection.execute(insert, [event.topic, event.key, event.payload])
    database = Database(url)
    yield PostgresOutbox(database)
    database.close()


def test_events_are_published_in_their_order_and_then_gone(outbox: Outbox) -> None:
    log = MemoryLog()

    worked = [Relay(outbox, log.producer()).step(0) for _ in range(2)]

    assert worked == [True, False]
    assert log.topic("findings.v1").records == [[b"0", b"1", b"2"]]


def test_events_that_were_not_published_stay(outbox: Outbox) -> None:
    closed = MemoryLog().producer()
    closed.close()

    with pytest.raises(Unavailable):
        Relay(outbox, closed).step(0)

    with outbox.batch(10) as events:
        assert events == EVENTS

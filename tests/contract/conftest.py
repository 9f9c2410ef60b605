"""The worker's store twice: the in-memory twin and PostgreSQL."""

from collections.abc import Iterator

import pytest

from store.memory import MemoryStore
from store.port import (
    Lease,
    WorkStore,
)
from store.postgres import Database
from store.work import PostgresWorkStore
from tests.contract.alert_stores import Postgres, Store


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def store(request: pytest.FixtureRequest) -> Iterator[WorkStore]:
    """The twin, then PostgreSQL."""
    if request.param == "memory":
        yield MemoryStore()
        return
    database = Database(request.getfixturevalue("database_url"))
    yield PostgresWorkStore(database)
    database.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def alert_stores(request: pytest.FixtureRequest) -> Iterator[Store]:
    """The twin, then PostgreSQL, with the slices of the alerts role."""
    if request.param == "memory":
        yield MemoryStore()
        return
    database = Database(request.getfixturevalue("database_url"))
    yield Postgres(database)
    database.close()


@pytest.fixture
def lease(store: WorkStore) -> Lease:
    """Partition 0 of a first log."""
    return store.claim("reports", "log-a", [0], "worker-1")[0]

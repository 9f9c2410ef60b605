"""What was told of a finding can be asked for by its natural id, from PostgreSQL and its twin alike."""

import json
from collections.abc import Iterator

import pytest

from store.memory import MemoryStore
from store.port import Advance, FindingRow, WorkBatch, WorkStore
from store.postgres import Database
from store.work import PostgresWorkStore

ID = "0e0e6ac0-4f4b-5c1e-9a67-0b1f5d1c2026"
OTHER = "1e0e6ac0-4f4b-5c1e-9a67-0b1f5d1c2026"


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def store(request: pytest.FixtureRequest) -> Iterator[WorkStore]:
    """The twin, then PostgreSQL."""
    if request.param == "memory":
        yield MemoryStore()
        return
    database = Database(request.getfixturevalue("database_url"))
    yield PostgresWorkStore(database)
    database.close()


def tell(store: WorkStore, count: int) -> None:
    """Commit the finding with a count."""
    lease = store.claim("reports", "log-a", [0], "worker-1")[0]
    payload = json.dumps({"detail": {"count": count}}).encode()
    row = FindingRow(ID, "furnace_temperature", "s1", None, None, "a01901", 1, 1, payload)
    store.commit_work(WorkBatch([Advance(lease, lease.next_offset + 1, 1)], findings=[row]))


def test_a_finding_comes_back_as_it_was_told_last(store: WorkStore) -> None:
    tell(store, 6)
    tell(store, 7)

    told = store.findings_told([OTHER, ID])

    assert {key: json.loads(payload) for key, payload in told.items()} == {ID: {"detail": {"count": 7}}}


def test_asking_for_nothing_brings_nothing(store: WorkStore) -> None:
    assert store.findings_told([]) == {}

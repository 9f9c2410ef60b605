"""A commit that is put off: the worker goes on, the next call of the store waits for it and says what became of it."""

import pytest

from schemas.errors import LeaseLost
from schemas.topics import REPORTS
from store.port import Advance, Lease, WorkBatch, WorkStore
from store.registry_reader import Revisions

T = 1_773_115_200_000_000


def put_off(store: WorkStore, batch: WorkBatch) -> None:
    """Commit later, and wait: who raises, the one or the other, is open."""
    store.commit_later(batch)
    store.land()


def test_the_next_read_sees_what_was_put_off(store: WorkStore, lease: Lease) -> None:
    for offset in range(1, 6):
        store.commit_later(WorkBatch([Advance(lease, offset, T)]))

    assert [found.next_offset for found in store.leases(REPORTS, [0])] == [5]


def test_a_lease_that_was_lost_is_told_once(store: WorkStore, lease: Lease) -> None:
    store.claim(REPORTS, "log-a", [0], "another")

    with pytest.raises(LeaseLost):
        put_off(store, WorkBatch([Advance(lease, 7, T)]))

    store.land()
    assert [found.next_offset for found in store.leases(REPORTS, [0])] == [0]


def test_marks_and_registry_are_looked_at_without_waiting(store: WorkStore, lease: Lease) -> None:
    store.commit_later(WorkBatch([Advance(lease, 1, T)]))

    assert store.revisions() == Revisions(marks=0, registry=0)
    store.land()
    assert store.revisions() == Revisions(store.mark_revision(), store.registry_version())

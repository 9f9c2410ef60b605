"""How far partitions have followed the registry, and what is left of it: what holds in PostgreSQL holds in the in-memory twin."""

from typing import Any

import numpy as np

from schemas.times import DAY_US, HOUR_US
from store.port import Advance, Lease, WorkBatch, WorkStore
from store.registry_reader import Stretch
from tests.contract.work_columns import T, columns_of, ints, means, series_of, verdicts


def commit(store: WorkStore, lease: Lease, **parts: Any) -> None:
    store.commit_work(WorkBatch([Advance(lease, lease.next_offset, T)], **parts))


def test_a_partition_has_followed_what_was_committed(store: WorkStore, lease: Lease) -> None:
    before = store.registry_followed("reports", 0)

    for version in (3, 5):
        commit(store, lease, registry_followed={0: version})

    assert (before, store.registry_followed("reports", 0), store.registry_followed("reports", 1)) == (0, 5, 0)


def test_what_is_left_of_a_site_and_device_is_replaced_as_a_whole(store: WorkStore, lease: Lease) -> None:
    commit(
        store,
        lease,
        stretches={("b", 1): [(T, T + DAY_US), (T + 3 * DAY_US, T + 4 * DAY_US)], ("a", 2): [(T, T + DAY_US)]},
    )

    commit(store, lease, stretches={("b", 1): [(T + HOUR_US, T + DAY_US)]})

    assert store.stretches_open([1, 2]) == [Stretch("a", 2, T, T + DAY_US), Stretch("b", 1, T + HOUR_US, T + DAY_US)]
    assert store.stretches_open([2]) == [Stretch("a", 2, T, T + DAY_US)]


def test_nothing_left_is_nothing_kept(store: WorkStore, lease: Lease) -> None:
    commit(store, lease, stretches={("b", 1): [(T, T + DAY_US)]})

    commit(store, lease, stretches={("b", 1): []})

    assert store.stretches_open([1]) == []


def test_the_next_mean_is_the_first_of_any_series_and_period(store: WorkStore, lease: Lease) -> None:
    commit(store, lease, means=means((7, T + 5 * HOUR_US, 1.0), (8, T + 3 * HOUR_US, 1.0)))
    commit(store, lease, means=means((8, T + DAY_US, 1.0), period=1))

    asked = [(T, 9), (T + 4 * HOUR_US, 9), (T + 6 * HOUR_US, 30), (T + 6 * HOUR_US, 9)]
    found = [store.next_mean(series_of(7, 8), start, T + hours * HOUR_US) for start, hours in asked]

    assert found == [T + 3 * HOUR_US, T + 5 * HOUR_US, T + DAY_US, None]
    assert store.next_mean(np.empty(0, np.int32), T, T + DAY_US) is None


def test_verdicts_of_a_stretch_come_once_each_in_order(store: WorkStore, lease: Lease) -> None:
    commit(store, lease, verdicts=verdicts((8, T + HOUR_US, "met"), (7, T + 2 * HOUR_US, "met"), (7, T, "exceeded")))

    ends = ints(T + 2 * HOUR_US, T + 3 * HOUR_US, T + HOUR_US)
    found = store.verdicts_between(series_of(7, 8, 7), 0, ints(T, T, T), ends)

    assert columns_of(found, "series", "start", "outcome") == [[7, 8], [T, T + HOUR_US], ["exceeded", "met"]]
    assert len(store.verdicts_between(series_of(7), 1, ints(T), ints(T + DAY_US))) == 0

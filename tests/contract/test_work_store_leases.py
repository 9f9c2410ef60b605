"""Leases, numbers and states of the worker's store: what holds in PostgreSQL holds in the in-memory twin."""

import pytest

from schemas.errors import LeaseLost
from schemas.registry import Registry
from schemas.times import HOUR_US
from store.device_states import DeviceState, DeviceStates
from store.port import Advance, BookEntry, FindingRow, IndexRow, Lease, OutboxEvent, Rejudge, WorkBatch, WorkStore
from tests.contract.work_columns import DAY, T, advance, ints, means, reports, series_of, store_readings


def test_a_first_claim_starts_at_the_beginning(lease: Lease) -> None:
    assert lease == Lease("log-a", "reports", 0, epoch=1, next_offset=0, tick_at=0)


def test_a_second_claim_goes_on_where_the_results_end(store: WorkStore, lease: Lease) -> None:
    store.commit_work(WorkBatch([Advance(lease, 12, T)]))

    leases = store.claim("reports", "log-a", [1, 0], "worker-2")

    assert leases == [Lease("log-a", "reports", 0, 2, 12, T), Lease("log-a", "reports", 1, 1, 0, 0)]


def test_another_log_starts_at_its_beginning_and_says_so(store: WorkStore, lease: Lease) -> None:
    store.commit_work(WorkBatch([Advance(lease, 12, T)]))

    assert store.claim("reports", "log-b", [0], "worker-1") == [Lease("log-b", "reports", 0, 2, 0, 0, replaced=True)]


def test_the_store_knows_the_leases(store: WorkStore, lease: Lease) -> None:
    store.commit_work(WorkBatch([Advance(lease, 12, T)]))

    assert store.leases("reports", [1, 0]) == [Lease("log-a", "reports", 0, 1, 12, T)]


def test_a_lost_lease_writes_nothing(store: WorkStore, lease: Lease) -> None:
    store.claim("reports", "log-a", [0], "worker-2")

    with pytest.raises(LeaseLost):
        store_readings(store, lease, (7, T, 1.0), number=5)

    assert [mask.tolist() for mask in store.known_reports(reports((T, 5)))] == [[False], [False]]
    assert len(store.window_readings(series_of(7), ints(T), ints(T + 1))) == 0
    assert store.leases("reports", [0])[0].next_offset == 0


def test_one_lost_lease_of_two_rolls_the_whole_batch_back(store: WorkStore) -> None:
    old = store.claim("reports", "log-a", [0, 1], "worker-1")
    store.claim("reports", "log-a", [1], "worker-2")

    with pytest.raises(LeaseLost):
        store.commit_work(WorkBatch([Advance(lease, 5, T) for lease in old], means=means((1, T, 1.0))))

    assert store.leases("reports", [0])[0].next_offset == 0
    assert len(store.means_between(series_of(1), 0, ints(T), ints(T + 1))) == 0


def test_numbers_of_devices_and_series_are_stable(store: WorkStore) -> None:
    first = store.device_numbers(["d1", "d2", "d1"])
    pairs = store.series_numbers([("s1", "a21026"), ("s2", "a21026")])

    assert store.device_numbers(["d2", "d1", "d3"])[:2] == [first[1], first[0]]
    assert store.series_numbers([("s2", "a21026"), ("s1", "a21026")]) == pairs[::-1]
    assert first[0] == first[2] != first[1]


def test_the_series_of_a_site_are_listed(store: WorkStore) -> None:
    numbers = store.series_numbers([("s1", "a21026"), ("s2", "a21026"), ("s1", "a34013")])

    assert store.series_of_sites(["s1"]) == [(numbers[0], "s1", "a21026"), (numbers[2], "s1", "a34013")]


def test_device_states_are_those_of_the_partition(store: WorkStore, lease: Lease) -> None:
    numbers = store.device_numbers([f"device-{i}" for i in range(8)])
    high = (1, T, 0, 0, 5, 0)
    states = [DeviceState(number, T, 0, T + 1, high, silent=number % 2 == 0) for number in numbers]

    store.commit_work(WorkBatch(advance(lease), devices=DeviceStates.of_rows(states)))

    found = [state for partition in range(4) for state in store.device_states(partition, 4)]
    assert sorted(found) == sorted((f"device-{i}", state) for i, state in enumerate(states))


def test_a_device_state_is_replaced(store: WorkStore, lease: Lease) -> None:
    (number,) = store.device_numbers(["d"])
    for frontier in (T, T + HOUR_US):
        state = DeviceState(number, frontier, 0, 0, (0,) * 6, False)
        store.commit_work(WorkBatch(advance(lease), devices=DeviceStates.of_rows([state])))

    assert [state.frontier for _, state in store.device_states(0, 1)] == [T + HOUR_US]


def test_what_is_to_be_judged_again_stays_until_it_is_done(store: WorkStore, lease: Lease) -> None:
    (device,) = store.device_numbers(["d"])
    noted = [Rejudge("s1", device, T, T + 1), Rejudge("s1", device, T + HOUR_US, T + 1)]
    store.commit_work(WorkBatch(advance(lease), rejudge=noted))

    store.commit_work(WorkBatch(advance(lease), rejudged=[("s1", T)], rejudge=[Rejudge("s2", device, T, T + 2)]))

    assert store.rejudge_open([device]) == [noted[1], Rejudge("s2", device, T, T + 2)]
    assert store.rejudge_open([device + 1]) == []


def test_until_when_other_devices_reported_for_a_site_is_asked_of_their_state(store: WorkStore, lease: Lease) -> None:
    old, new = store.device_numbers(["old", "new"])
    assert store.note_reporters([("s1", old), ("s2", old)]) == [0, 0]
    state = DeviceState(old, T, T + 5 * HOUR_US, T, (0,) * 6, False)
    store.commit_work(WorkBatch(advance(lease), devices=DeviceStates.of_rows([state])))

    assert store.note_reporters([("s2", new), ("s3", new), ("s1", old)]) == [T + 5 * HOUR_US, 0, 0]
    assert store.note_reporters([("s2", old)]) == [0]


def test_an_empty_store_has_an_empty_registry(store: WorkStore) -> None:
    assert (store.registry_version(), store.registry()) == (0, (0, Registry()))


def test_indices_findings_books_and_events_are_taken(store: WorkStore, lease: Lease) -> None:
    finding = FindingRow(
        "0e0e6ac0-4f4b-5c1e-9a67-0b1f5d1c2026", "exceedance", "s1", None, None, "a21026", T, T, b'{"a": 1}'
    )
    index = IndexRow("s1", False, "hour", T, "hj633-2012", None, (), "{}")
    batch = WorkBatch(advance(lease), findings=[finding, finding], indices=[index, index])
    batch.books = [BookEntry("d", DAY, received=2, stored=1), BookEntry("d", DAY, duplicate=1)]
    batch.outbox = [OutboxEvent("means.v1", "k", b"1")]

    store.commit_work(batch)

    assert store.leases("reports", [0])[0].next_offset == 1

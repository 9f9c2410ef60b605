"""The worker's store: what holds in PostgreSQL holds in the in-memory twin."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.bundle import pack_raw
from schemas.columns import Means, Readings, Reports
from schemas.errors import LeaseLost
from schemas.registry import Registry
from schemas.times import DAY_US, HOUR_US, date_us
from store.memory import MemoryStore
from store.port import (
    Advance,
    BookEntry,
    DeviceState,
    FindingRow,
    IndexRow,
    Lease,
    OutboxEvent,
    Rejudge,
    Verdicts,
    WorkBatch,
    WorkStore,
)
from store.postgres import Database
from store.work import PostgresWorkStore

DAY = date(2014, 2, 21)
T = date_us(DAY)
NAN = float("nan")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def store(request: pytest.FixtureRequest) -> Iterator[WorkStore]:
    """The twin, then PostgreSQL."""
    if request.param == "memory":
        yield MemoryStore()
        return
    database = Database(request.getfixturevalue("database_url"))
    yield PostgresWorkStore(database)
    database.close()


@pytest.fixture
def lease(store: WorkStore) -> Lease:
    """Partition 0 of a first log."""
    return store.claim("reports", "log-a", [0], "worker-1")[0]


def digest(number: int) -> bytes:
    return number.to_bytes(8, "big") + bytes(24)


def reports(*rows: tuple[int, int]) -> Reports:
    """Return minute reports of device 1 from (observed_at, number of the digest)."""
    return Reports.of(
        device=[1] * len(rows),
        observed_at=[at for at, _ in rows],
        kind=[1] * len(rows),
        sha256=np.array([digest(n) for _, n in rows], "V32"),
        sent_at=[at + 60 for at, _ in rows],
        received_at=[at + 65 for at, _ in rows],
        bundle=[0] * len(rows),
        position=list(range(len(rows))),
    )


def readings(*rows: tuple[int, int, float], sent_at: int = 0, sha8: int = 0) -> Readings:
    """Return minute readings from (series, observed_at, value)."""
    series, at, value = zip(*rows, strict=True)
    n = len(rows)
    return Readings.of(
        series=series, kind=[1] * n, observed_at=at, value=value, flag=[78] * n, sent_at=[sent_at] * n, sha8=[sha8] * n
    )


def means(*rows: tuple[int, int, float], period: int = 0) -> Means:
    """Return valid means from (series, start, value)."""
    series, start, value = zip(*rows, strict=True)
    n = len(rows)
    return Means.of(
        series=series,
        period=[period] * n,
        start=start,
        value=value,
        samples=[60] * n,
        kind=[1] * n,
        valid=[True] * n,
        reason=[""] * n,
        converted=value,
        mass_kg=[NAN] * n,
    )


def verdicts(*rows: tuple[int, int, str], period: int = 0) -> Verdicts:
    """Return verdicts from (series, start, outcome) against a limit of 35."""
    series, start, outcome = zip(*rows, strict=True)
    n = len(rows)
    over = [0.2 if word == "exceeded" else NAN for word in outcome]
    fixed: dict[str, Any] = {"limit_min": [NAN] * n, "limit_max": [35.0] * n, "value": [42.0] * n, "times_over": over}
    words = {"reason": [""] * n, "rule": ["rule"] * n, "binding": ["binding"] * n, "basis": ["measured"] * n}
    return Verdicts.of(series=series, period=[period] * n, start=start, outcome=outcome, **fixed, **words)


def advance(lease: Lease, by: int = 1) -> list[Advance]:
    return [Advance(lease, lease.next_offset + by, T)]


def store_readings(store: WorkStore, lease: Lease, *rows: tuple[int, int, float], number: int = 1) -> None:
    """Commit one report that holds these readings."""
    batch = WorkBatch(advance(lease), raws=[(0, number, pack_raw([b"{}"]))], reports=reports((T, number)))
    batch.readings = readings(*rows)
    batch.reading_report = np.zeros(len(rows), np.int32)
    store.commit_work(batch)


def columns_of(found: Any, *names: str) -> list[Any]:
    return [getattr(found, name).tolist() for name in names]


def ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def series_of(*values: int) -> NDArray[np.int32]:
    return np.array(values, np.int32)


def test_readings_come_back_sorted_with_what_their_report_says(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T + 2, 1.5), (7, T, 0.5), (3, T, 2.5), number=9)

    found = store.window_readings(series_of(7, 3), ints(T, T), ints(T + 3, T + 3))

    assert columns_of(found, "series", "observed_at", "value") == [[3, 7, 7], [T, T, T + 2], [2.5, 0.5, 1.5]]
    assert columns_of(found, "kind", "flag", "sent_at", "sha8") == [[1] * 3, [78] * 3, [T + 60] * 3, [9] * 3]


def test_the_end_of_a_window_is_exclusive(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T, 1.0), (7, T + HOUR_US, 2.0))

    found = store.window_readings(series_of(7), ints(T), ints(T + HOUR_US))

    assert found.value.tolist() == [1.0]


def test_overlapping_windows_name_a_reading_once(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T, 1.0))

    assert len(store.window_readings(series_of(7, 7), ints(T, T - 1), ints(T + 1, T + 1))) == 1


@pytest.mark.parametrize("year", [1998, 2014, 2026])
def test_readings_of_any_year_are_stored(store: WorkStore, lease: Lease, year: int) -> None:
    at = date_us(date(year, 1, 1))

    store_readings(store, lease, (7, at, 1.0), (7, at + 40 * DAY_US, 2.0))

    assert store.window_readings(series_of(7), ints(at), ints(at + 60 * DAY_US)).value.tolist() == [1.0, 2.0]


def test_a_reading_without_a_value_comes_back_without_one(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T, NAN), (7, T + 1, 2.0))

    found = store.window_readings(series_of(7), ints(T), ints(T + 2)).value

    assert np.isnan(found[0])
    assert found[1] == 2.0


def test_a_stored_report_is_known_and_another_content_is_not(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T, 1.0), number=5)

    assert store.known_reports(reports((T, 5), (T, 6), (T + 1, 5))).tolist() == [True, False, False]


def test_readings_at_are_aligned_with_their_keys(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T, 1.0), (8, T, 2.0), number=4)

    found, in_force = store.readings_at(readings((8, T, 0), (9, T, 0), (7, T, 0), (7, T + 1, 0)))

    assert found.tolist() == [True, False, True, False]
    assert columns_of(in_force, "value", "sha8", "series") == [[2.0, 0.0, 1.0, 0.0], [4, 0, 4, 0], [8, 9, 7, 7]]


def test_a_winner_takes_the_place_of_the_reading_in_force(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T, 1.0), number=1)
    batch = WorkBatch(advance(lease, 2), raws=[(0, 2, pack_raw([b"{}"]))], reports=reports((T, 2)))
    batch.winners, batch.winner_report = readings((7, T, 5.0)), np.zeros(1, np.int32)

    store.commit_work(batch)

    found = store.window_readings(series_of(7), ints(T), ints(T + 1))
    assert columns_of(found, "value", "sha8") == [[5.0], [2]]


def test_a_loser_leaves_the_reading_in_force(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T, 1.0), number=2)
    batch = WorkBatch(advance(lease, 2), raws=[(0, 2, pack_raw([b"{}"]))], reports=reports((T, 1)))
    batch.losers, batch.loser_report = readings((7, T, 5.0)), np.zeros(1, np.int32)

    store.commit_work(batch)

    assert store.window_readings(series_of(7), ints(T), ints(T + 1)).value.tolist() == [1.0]


def test_a_recalled_report_takes_the_readings_that_were_refused_at_first(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T, 1.0), number=3)
    batch = WorkBatch(advance(lease, 2), raws=[(0, 2, pack_raw([b"{}"]))], recalled=reports((T, 3)))
    batch.readings, batch.reading_report = readings((8, T, 2.0)), np.zeros(1, np.int32)

    store.commit_work(batch)

    assert store.window_readings(series_of(8), ints(T), ints(T + 1)).sha8.tolist() == [3]


def test_means_come_back_in_the_order_of_series_and_start(store: WorkStore, lease: Lease) -> None:
    store.commit_work(WorkBatch(advance(lease), means=means((2, T, 4.0), (1, T + HOUR_US, 3.0), (1, T, NAN))))

    found = store.means_between(series_of(2, 1), 0, ints(T, T), ints(T + DAY_US, T + DAY_US))

    assert columns_of(found, "series", "start") == [[1, 1, 2], [T, T + HOUR_US, T]]
    assert np.isnan(found.value[0])
    assert columns_of(found, "samples", "valid", "reason") == [[60] * 3, [True] * 3, [""] * 3]
    assert np.array_equal(found.converted, found.value, equal_nan=True)
    assert np.isnan(found.mass_kg).all()


def test_a_day_and_an_hour_of_one_start_are_two_means(store: WorkStore, lease: Lease) -> None:
    store.commit_work(WorkBatch(advance(lease), means=means((1, T, 1.0))))
    store.commit_work(WorkBatch(advance(lease), means=means((1, T, 2.0), period=1)))

    assert store.means_between(series_of(1), 1, ints(T), ints(T + 1)).value.tolist() == [2.0]


def test_of_two_versions_in_one_batch_the_later_is_in_force(store: WorkStore, lease: Lease) -> None:
    store.commit_work(WorkBatch(advance(lease), means=means((1, T, 1.0), (2, T, 7.0), (1, T, 3.0))))

    assert store.means_between(series_of(1, 2), 0, ints(T, T), ints(T + 1, T + 1)).value.tolist() == [3.0, 7.0]


def test_verdicts_come_back_and_missing_ones_are_absent(store: WorkStore, lease: Lease) -> None:
    store.commit_work(WorkBatch(advance(lease), verdicts=verdicts((2, T, "met"), (1, T, "exceeded"))))

    found = store.verdicts_at(series_of(2, 1, 3), np.zeros(3, np.uint8), ints(T, T, T))

    assert columns_of(found, "series", "outcome", "limit_max") == [[1, 2], ["exceeded", "met"], [35.0, 35.0]]
    assert found.times_over[0] == 0.2
    assert np.isnan(found.times_over[1])


def test_the_latest_verdict_passes_over_what_was_not_judged(store: WorkStore, lease: Lease) -> None:
    rows = verdicts((1, T, "met"), (1, T + HOUR_US, "exceeded"), (1, T + 2 * HOUR_US, "not_judged"))
    store.commit_work(WorkBatch(advance(lease), verdicts=rows))

    found = store.latest_verdicts([1, 2])

    assert columns_of(found, "start", "outcome") == [[T + HOUR_US], ["exceeded"]]


def test_only_verdicts_in_force_count_as_exceeded(store: WorkStore, lease: Lease) -> None:
    store.commit_work(WorkBatch(advance(lease), verdicts=verdicts((1, T, "exceeded"), (2, T, "exceeded"))))
    store.commit_work(WorkBatch(advance(lease), verdicts=verdicts((2, T, "met"))))

    assert store.ever_exceeded([1, 2, 3]) == {(1, 0)}


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

    assert not store.known_reports(reports((T, 5))).any()
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

    store.commit_work(WorkBatch(advance(lease), devices=states))

    found = [state for partition in range(4) for state in store.device_states(partition, 4)]
    assert sorted(found) == sorted((f"device-{i}", state) for i, state in enumerate(states))


def test_a_device_state_is_replaced(store: WorkStore, lease: Lease) -> None:
    (number,) = store.device_numbers(["d"])
    for frontier in (T, T + HOUR_US):
        store.commit_work(WorkBatch(advance(lease), devices=[DeviceState(number, frontier, 0, 0, (0,) * 6, False)]))

    assert [state.frontier for _, state in store.device_states(0, 1)] == [T + HOUR_US]


def test_what_is_to_be_judged_again_stays_until_it_is_done(store: WorkStore, lease: Lease) -> None:
    (device,) = store.device_numbers(["d"])
    noted = [Rejudge("s1", device, T, T + 1), Rejudge("s1", device, T + HOUR_US, T + 1)]
    store.commit_work(WorkBatch(advance(lease), rejudge=noted))

    store.commit_work(WorkBatch(advance(lease), rejudged=[("s1", T)], rejudge=[Rejudge("s2", device, T, T + 2)]))

    assert store.rejudge_open([device]) == [noted[1], Rejudge("s2", device, T, T + 2)]
    assert store.rejudge_open([device + 1]) == []


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

"""The worker's store: what holds of its rows in PostgreSQL holds in the in-memory twin."""

from datetime import date

import numpy as np
import pytest

from schemas.bundle import pack_raw
from schemas.times import DAY_US, HOUR_US, date_us
from store.port import (
    Lease,
    WorkBatch,
    WorkStore,
)
from tests.contract.work_columns import (
    NAN,
    T,
    advance,
    columns_of,
    ints,
    means,
    readings,
    reports,
    series_of,
    store_readings,
    verdicts,
)


def test_readings_come_back_sorted(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T + 2, 1.5), (7, T, 0.5), (3, T, 2.5), number=9)

    found = store.window_readings(series_of(7, 3), ints(T, T), ints(T + 3, T + 3))

    assert columns_of(found, "series", "observed_at", "value") == [[3, 7, 7], [T, T, T + 2], [2.5, 0.5, 1.5]]
    assert columns_of(found, "kind", "flag", "sent_at", "sha8") == [[1] * 3, [78] * 3, [0] * 3, [0] * 3]


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


def test_a_stored_report_is_known_and_another_content_of_its_instant_has_met_it(store: WorkStore, lease: Lease) -> None:
    store_readings(store, lease, (7, T, 1.0), number=5)

    known, met = store.known_reports(reports((T, 6), (T, 5), (T + 1, 5)))

    assert known.tolist() == [False, True, False]
    assert met.tolist() == [True, True, False]


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
    assert found.value.tolist() == [5.0]
    _, in_force = store.readings_at(readings((7, T, 0)))
    assert in_force.sha8.tolist() == [2]


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

    _, in_force = store.readings_at(readings((8, T, 0)))
    assert in_force.sha8.tolist() == [3]


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

"""Open readings are packed by window and kind; what comes out is what went in, in time for those that close."""

import numpy as np

from detectors.open_readings import OpenReadings
from detectors.reporters import Reporters
from schemas.codes import Kind
from schemas.columns import Readings
from schemas.times import HOUR_US, MINUTE_US, SECOND_US

T = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""


def reporters(series: int, a_device: int = 2) -> Reporters:
    """Return the series 1, 2, … of devices 0, 1, …, so many series each."""
    found, numbers = Reporters(), np.arange(1, series + 1, dtype=np.int32)
    found.note(numbers, ((numbers - 1) // a_device).astype(np.int32))
    return found


def minutes(series: int, first: int, count: int, value: float = 1.0, kind: Kind = Kind.MINUTE) -> Readings:
    """Return consecutive minutes of one series; `first` counts from 08:00."""
    at = [T + (first + i) * MINUTE_US for i in range(count)]
    return Readings.of(
        series=[series] * count, kind=[kind] * count, observed_at=at, value=[value + i for i in range(count)],
        flag=[ord("N")] * count, sent_at=[0] * count, sha8=[0] * count,
    )  # fmt: skip


def keys(readings: Readings) -> list[tuple[int, int, float]]:
    """Return (series, minute, value) in order."""
    minute = (readings.observed_at - T) // MINUTE_US
    return sorted(zip(readings.series.tolist(), minute.tolist(), readings.value.tolist(), strict=True))


def frontier(*hours: int) -> np.ndarray:
    """Return frontiers of the devices 0, 1, …: so many hours after 08:00."""
    return np.array([T + hour * HOUR_US for hour in hours], np.int64)


def test_readings_come_back_whatever_the_order_and_the_hour() -> None:
    kept = OpenReadings(reporters(4))
    parts = [minutes(3, 50, 20, 7.0), minutes(1, 5, 3), minutes(3, 0, 50, 90.0), minutes(1, 0, 5, 40.0)]

    for part in parts:
        kept.add(part)

    assert keys(kept.of(np.array([1, 3, 4], np.int32))) == keys(Readings.concat(parts))
    assert len(kept) == 78
    assert keys(kept.of(np.array([3], np.int32), T + HOUR_US)) == [(3, 60 + i, 17.0 + i) for i in range(10)]


def test_realtime_values_keep_their_microsecond() -> None:
    kept, reading = OpenReadings(reporters(1)), minutes(1, 59, 1, kind=Kind.REALTIME)
    instant = T + HOUR_US - 1

    kept.add(Readings(**vars(reading) | {"observed_at": np.array([instant])}))

    assert kept.of(np.array([1], np.int32)).observed_at.tolist() == [instant]


def test_a_reading_that_wins_takes_the_place_of_the_one_before() -> None:
    kept = OpenReadings(reporters(2))
    kept.add(Readings.concat([minutes(1, 0, 3, 10.0), minutes(2, 1, 1, 5.0)]))

    kept.add(minutes(1, 1, 3, 20.0), np.array([True, False, True]))

    assert keys(kept.of(np.array([1, 2], np.int32))) == [
        (1, 0, 10.0), (1, 1, 20.0), (1, 2, 12.0), (1, 2, 21.0), (1, 3, 22.0), (2, 1, 5.0),
    ]  # fmt: skip


def test_hours_close_for_those_devices_that_are_past_them() -> None:
    kept = OpenReadings(reporters(4))
    for series in (1, 2, 3, 4):
        kept.add(minutes(series, 30, 60))

    closed = kept.take(kept.closing(frontier(1, 0)))

    assert keys(closed) == [(series, 30 + i, 1.0 + i) for series in (1, 2) for i in range(30)]
    assert len(kept) == 4 * 60 - 2 * 30


def test_what_closes_in_blocks_is_everything_and_a_device_is_in_one_block() -> None:
    series = np.arange(1, 9001, dtype=np.int32)
    kept = OpenReadings(reporters(len(series), a_device=7))
    one_each = minutes(1, 0, 1).take(np.zeros(len(series), np.int64))
    kept.add(Readings(**vars(one_each) | {"series": series}))

    blocks = [kept.series(block) for block in kept.blocks(kept.closing(frontier(*[1] * 1286)))]

    assert len(blocks) == 3
    assert sorted(np.concatenate(blocks).tolist()) == series.tolist()
    devices = [set(((block - 1) // 7).tolist()) for block in blocks]
    assert sum(map(len, devices)) == len(set.union(*devices))


def test_rows_of_closed_hours_are_used_again_by_nobody() -> None:
    kept = OpenReadings(reporters(300, a_device=1))
    for series in range(1, 301):
        kept.add(minutes(series, 0, 2, float(series)))
    kept.take(kept.closing(frontier(*[1] * 280, *[0] * 20)))

    kept.add(minutes(290, 2, 1, 500.0))

    assert keys(kept.of(np.array([5, 290], np.int32))) == [(290, 0, 290.0), (290, 1, 291.0), (290, 2, 500.0)]
    left = kept.take(kept.closing(frontier(*[1] * 300)))
    assert set(left.series.tolist()) == set(range(281, 301))


def test_a_device_is_whole_when_each_series_that_speaks_has_all_of_some_kind() -> None:
    kept = OpenReadings(reporters(6))
    kept.add(Readings.concat([minutes(1, 0, 60), minutes(2, 0, 60), minutes(3, 0, 60), minutes(4, 0, 59)]))
    reached = frontier(1, 1, 1)

    assert kept.whole(frontier(0, 0, 0), reached).tolist() == [True, False, False]

    kept.add(minutes(4, 0, 1, kind=Kind.HOUR))
    assert kept.whole(frontier(0, 0, 0), reached).tolist() == [True, True, False]


def test_realtime_values_alone_are_never_whole() -> None:
    kept, reading = OpenReadings(reporters(1, a_device=1)), minutes(1, 0, 60, kind=Kind.REALTIME)
    for second in range(60):
        kept.add(Readings(**vars(reading) | {"observed_at": reading.observed_at + second * SECOND_US}))

    assert kept.whole(frontier(0), frontier(1)).tolist() == [False]


def hour_values(series: int, *minutes_past_8: int, value: float = 1.0) -> Readings:
    """Return hour values that begin so many minutes after 08:00."""
    parts = [minutes(series, at, 1, value + at, Kind.HOUR) for at in minutes_past_8]
    return Readings.concat(parts)


def test_hour_values_close_hour_by_hour() -> None:
    kept = OpenReadings(reporters(4))
    for series in (1, 2, 3, 4):
        kept.add(hour_values(series, 0, 60, 1440))

    closed = kept.take(kept.closing(frontier(1, 2)))

    assert keys(closed) == [(1, 0, 1.0), (2, 0, 1.0), (3, 0, 1.0), (3, 60, 61.0), (4, 0, 1.0), (4, 60, 61.0)]
    assert (len(kept), kept.windows) == (6, 6)
    assert keys(kept.take(kept.closing(frontier(25, 25)))) == [
        (1, 60, 61.0), (1, 1440, 1441.0), (2, 60, 61.0), (2, 1440, 1441.0), (3, 1440, 1441.0), (4, 1440, 1441.0),
    ]  # fmt: skip
    assert (len(kept), kept.nbytes) == (0, 0)


def test_an_hour_value_that_wins_takes_the_place_of_the_one_before() -> None:
    kept = OpenReadings(reporters(2))
    kept.add(hour_values(1, 60), np.array([True]))  # the one before may be of an hour that has closed

    kept.add(hour_values(1, 60, 120, value=7.0), np.array([True, False]))

    assert keys(kept.of(np.array([1, 2], np.int32))) == [(1, 60, 67.0), (1, 120, 127.0)]


def test_hour_values_that_do_not_begin_with_the_hour_stay_apart() -> None:
    kept = OpenReadings(reporters(2))

    kept.add(hour_values(1, 60, 61, 119))

    assert keys(kept.of(np.array([1], np.int32), T + HOUR_US)) == [(1, 60, 61.0), (1, 61, 62.0), (1, 119, 120.0)]
    assert kept.windows == 2
    assert keys(kept.take(kept.closing(frontier(2)))) == [(1, 60, 61.0), (1, 61, 62.0), (1, 119, 120.0)]
    assert len(kept) == 0


def test_a_device_is_done_with_an_hour_of_which_it_sends_the_value() -> None:
    kept = OpenReadings(reporters(4))
    kept.add(Readings.concat([hour_values(1, 0), hour_values(2, 0), hour_values(3, 0), minutes(4, 0, 3)]))

    whole = kept.whole(frontier(0, 0), frontier(1, 1))

    assert whole.tolist() == [True, False]

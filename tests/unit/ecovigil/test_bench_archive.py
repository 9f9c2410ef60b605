"""The archive of `bench size`: who reports when, and that nothing is there twice."""

import numpy as np
import pytest

from ecovigil.bench.archive import DAY_H, OPEN_ALERTS, Archive, verdicts_on
from ecovigil.bench.growth import refuse_small_disk
from schemas.codes import AlertState
from schemas.errors import InvalidConfiguration
from schemas.times import HOUR_US, cst_text

SMALL = Archive(devices=20, every_h=50, days=35)


def test_a_year_holds_what_is_asked_for_or_a_little_more() -> None:
    # 2,000 devices × 10 readings a minute × 60 × 24 × 364 days / 200 million = 52.4: every 52nd hour
    assert Archive.of(200_000_000).every_h == 52
    assert 200_000_000 <= Archive.of(200_000_000).readings < 205_000_000


def test_months_begin_as_the_partitions_do() -> None:
    starts = [cst_text(SMALL.hour_us(hours.start)) for hours in SMALL.months()]

    # midnight UTC is eight o'clock in China
    assert starts == ["2025-04-01 08:00", "2025-05-01 08:00"]


def test_devices_take_turns_and_the_one_that_is_asked_reports_through_the_last_day() -> None:
    assert SMALL.reporting(3).tolist() == [3]
    assert SMALL.reporting(30).tolist() == []
    assert all(SMALL.asked in SMALL.reporting(hour) for hour in range(SMALL.hours - DAY_H, SMALL.hours))


def test_no_reading_is_there_twice() -> None:
    readings, reports = SMALL.readings_of(range(SMALL.hours))

    keys = set(zip(readings.series.tolist(), readings.observed_at.tolist(), strict=True))

    assert len(keys) == len(readings) == SMALL.readings
    assert np.unique(reports).tolist() == list(range(1, SMALL.readings // 10 + 1))


def test_what_comes_by_parts_is_what_comes_at_once() -> None:
    whole, _ = SMALL.readings_of(range(SMALL.hours))
    parts = [SMALL.readings_of(range(first, first + 30))[0] for first in range(0, SMALL.hours, 30)]

    assert np.array_equal(np.concatenate([part.observed_at for part in parts]), whole.observed_at)


def test_the_lone_archive_has_all_readings_of_the_device_that_is_asked() -> None:
    lone = Archive(devices=20, every_h=50, days=35, lone=True)
    whole, _ = SMALL.readings_of(range(SMALL.hours))
    alone, _ = lone.readings_of(range(lone.hours))

    assert set(alone.series.tolist()) == set(range(10 * lone.asked + 1, 10 * lone.asked + 11))
    assert np.isin(whole.series, alone.series).sum() == len(alone)


def test_the_device_that_is_asked_has_a_mean_for_every_hour() -> None:
    means = SMALL.means_of(range(SMALL.hours))

    starts = means.start[means.series == 10 * SMALL.asked + 1]

    assert np.array_equal(np.diff(starts), np.full(SMALL.hours - 1, HOUR_US))


def test_one_mean_of_a_hundred_is_above_its_limit() -> None:
    verdicts = verdicts_on(Archive(devices=20, every_h=1, days=35).means_of(range(840)))

    assert np.mean(verdicts.outcome == "exceeded") == pytest.approx(0.01, abs=0.001)


@pytest.mark.parametrize("lone", [False, True])
def test_as_many_alerts_stand_whatever_is_over(lone: bool) -> None:
    alerts = Archive(devices=200, every_h=50, days=35, lone=lone).alerts()

    assert sum(alert.state is AlertState.OPEN for alert in alerts) == OPEN_ALERTS
    assert (len(alerts) == OPEN_ALERTS) is lone


def test_a_disk_that_is_too_small_is_refused(tmp_path) -> None:
    with pytest.raises(InvalidConfiguration, match="空间不足"):
        refuse_small_disk(10**15, str(tmp_path))

"""Indices worked by hand from the breakpoints of HJ 633-2012 and HJ 633-2026."""

from datetime import date

import numpy as np
import pytest

from schemas.codes import AqiStandard
from schemas.times import date_us
from standards.air_quality import aqi_of, iaqi_of, level_of, standard_at

OLD, NEW = AqiStandard.HJ633_2012, AqiStandard.HJ633_2026
CLEAN = {"so2": 10.0, "no2": 30.0, "co": 0.8, "o3_8h": 60.0, "pm10": 70.0, "pm25": 65.0}
CLEAN_HOUR = {"so2": 10.0, "no2": 30.0, "co": 0.8, "o3_1h": 60.0, "pm10": 40.0, "pm25": 20.0}


def rows(values, **changes):
    return {item: np.array([value], float) for item, value in (values | changes).items()}


@pytest.mark.parametrize(
    ("item", "concentration", "expected"),
    [
        ("pm25", 150.0, 200),  # a breakpoint
        ("pm25", 156.67, 207),  # (156.67-150)/(250-150)*100+200 = 206.67
        ("pm25", 150.00000000000003, 200),  # 150 with binary noise
        ("pm25", 150.001, 201),  # really above
        ("pm25", 501.0, 500),  # above the table
        ("pm25", 0.0, 0),
        ("co", 0.28, 7),  # 0.28*25 = 7, binary 7.000000000000001
        ("o3_8h", 180.0, 119),  # 20/55*50+100 = 118.2
        ("pm10", 425.0, 307),  # 5/80*100+300 = 306.25
    ],
)
def test_the_index_is_interpolated_and_rounded_up(item, concentration, expected):
    assert iaqi_of(OLD, "day", item, [concentration]).tolist() == [expected]


@pytest.mark.parametrize(
    ("item", "concentration", "expected"),
    [
        ("pm25", 60.5, 100),  # half to even: 60
        ("pm25", 61.5, 102),  # 62: 2/55*50+100 = 101.8
        ("co", 2.05, 50),  # half to even at one decimal: 2.0
        ("co", 2.15, 55),  # 2.2: 0.2/2*50+50
        ("so2", 0.2, 1),  # the range starts at 1
        ("o3_8h", 801.0, 300),
    ],
)
def test_the_2026_rule_rounds_the_concentration_first(item, concentration, expected):
    assert iaqi_of(NEW, "day", item, [concentration]).tolist() == [expected]


def test_the_same_air_has_another_index_from_march_2026():
    before, after = (aqi_of(standard, "day", rows(CLEAN)) for standard in (OLD, NEW))

    assert (before.aqi_at(0), after.aqi_at(0)) == (88, 105)
    assert before.primary(0) == after.primary(0) == ("pm25",)


def test_the_standard_changes_at_midnight_in_china():
    first_instant = date_us(date(2026, 3, 1))

    assert [standard_at(first_instant - 1), standard_at(first_instant)] == [OLD, NEW]


def test_an_index_of_2012_needs_all_six_pollutants():
    index = aqi_of(OLD, "day", rows(CLEAN, pm25=300.0, no2=np.nan))

    assert index.aqi_at(0) is None
    assert index.primary(0) == ()


@pytest.mark.parametrize(("pm25", "expected"), [(61.0, 101), (60.0, None)])
def test_an_index_of_2026_with_a_gap_is_said_only_above_100(pm25, expected):
    index = aqi_of(NEW, "day", rows(CLEAN, pm25=pm25, no2=np.nan))

    assert index.aqi_at(0) == expected


def test_ties_are_joint_and_clean_air_has_no_primary_pollutant():
    tie = aqi_of(OLD, "day", rows(CLEAN, pm25=75.0, pm10=150.0))
    clean = aqi_of(OLD, "day", rows(CLEAN, pm25=35.0, pm10=50.0))

    assert tie.primary_codes(0) == ("a34002", "a34004")
    assert (clean.aqi_at(0), clean.primary(0)) == (50, ())


def test_hourly_so2_above_800_needs_its_24_hour_value_under_the_2012_rule():
    alone = aqi_of(OLD, "hour", rows(CLEAN_HOUR, so2=801.0))
    helped = aqi_of(OLD, "hour", rows(CLEAN_HOUR, so2=801.0, so2_24h=475.0))

    assert (alone.aqi_at(0), helped.aqi_at(0)) == (None, 150)


def test_hourly_so2_above_800_is_200_under_the_2026_rule():
    index = aqi_of(NEW, "hour", rows(CLEAN_HOUR, so2=801.0))

    assert (index.aqi_at(0), index.primary(0)) == (200, ("so2",))


def test_the_hourly_maximum_speaks_for_ozone_above_800():
    alone = aqi_of(OLD, "day", rows(CLEAN, o3_8h=801.0))
    helped = aqi_of(OLD, "day", rows(CLEAN, o3_8h=801.0, o3_1h=900.0))

    assert alone.aqi_at(0) is None
    assert (helped.aqi_at(0), helped.primary_codes(0)) == (350, ("a05024",))


def test_a_negative_or_missing_concentration_has_no_index():
    assert np.isnan(iaqi_of(OLD, "day", "pm25", [-1.0, np.nan, np.inf])).all()


@pytest.mark.parametrize(("aqi", "zh"), [(0, "优"), (50, "优"), (51, "良"), (201, "重度污染"), (301, "严重污染")])
def test_the_classes_are_named(aqi, zh):
    level = level_of(aqi)

    assert level is not None
    assert level.zh == zh

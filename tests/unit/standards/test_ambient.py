"""Ozone windows, 24-hour means and city means, from HJ 663 and GB 3095."""

import numpy as np
import pytest

from standards.ambient import city_mean, daily_maximum_8h, mean_24h


def hours(*spans):
    day = np.full((1, 24), np.nan)
    for first, last, value in spans:
        day[0, first:last] = value
    return day


@pytest.mark.parametrize(
    ("day", "value", "valid"),
    [
        (hours((0, 18, 140.0)), 140.0, False),  # windows ending 08:00..20:00: 13
        (hours((0, 19, 140.0)), 140.0, True),  # 14
        (hours((0, 10, 140.0), (10, 18, 180.0)), 180.0, True),  # above 160 anyway
        (hours((0, 10, 140.0), (10, 18, 160.0)), 160.0, False),  # equal is not above
    ],
)
def test_the_ozone_day_needs_14_windows_or_a_maximum_above_the_limit(day, value, valid):
    found, is_valid = daily_maximum_8h(day)

    assert found.tolist() == [value]
    assert is_valid.tolist() == [valid]


def test_a_day_without_six_hours_together_has_no_ozone_value():
    value, valid = daily_maximum_8h(hours((0, 5, 300.0)))

    assert np.isnan(value[0])
    assert not valid[0]


@pytest.mark.parametrize(("last", "valid"), [(20, True), (19, False)])
def test_a_24_hour_mean_needs_20_hours(last, valid):
    value, is_valid = mean_24h(hours((0, last, 12.0)))

    assert (value[0], is_valid[0]) == (12.0, valid)


def test_a_city_needs_three_quarters_of_its_stations():
    values = np.array([[10.0, 10.0], [20.0, 20.0], [30.0, np.nan], [np.nan, np.nan]])

    mean, valid = city_mean(values, stations_expected=4)

    assert mean.tolist() == [20.0, 15.0]
    assert valid.tolist() == [True, False]

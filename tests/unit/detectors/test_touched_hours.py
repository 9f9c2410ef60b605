"""When closed hours that late data touched are looked at: a day in random order must not be read again and again."""

import random

import pytest

from detectors import touched_hours
from detectors.touched_hours import LONGEST_WAIT_US, TouchedHours
from schemas.times import HOUR_US, MINUTE_US, SECOND_US

NOW = 1_772_467_200_000_000
HOUR = ("stack", NOW - 5 * HOUR_US)
ANOTHER = ("stack", NOW - 4 * HOUR_US)


def asked_at(hours: TouchedHours, *seconds: float) -> list[float]:
    """Tick at these seconds; return those at which `HOUR` was asked for."""
    return [s for s in seconds if any(HOUR in part for part in hours.asked(NOW + int(s * SECOND_US)))]


def test_a_late_reading_is_looked_at_at_the_next_tick_and_ripe_after_two_quiet_ones() -> None:
    hours = TouchedHours()
    assert hours.touch(HOUR, 1, 10)

    assert asked_at(hours, 0.25) == [0.25]
    assert not hours.is_ripe(HOUR)
    hours.lacks(HOUR, 300)

    assert asked_at(hours, 0.5, 1.25, 1.5, 2.25) == [2.25]
    assert hours.is_ripe(HOUR)


def test_an_hour_is_looked_at_again_when_as_many_readings_came_as_it_lacked() -> None:
    hours = TouchedHours()
    hours.touch(HOUR, 1, 10)
    asked_at(hours, 0)
    hours.lacks(HOUR, 30)

    hours.touch(HOUR, 1, 20)
    assert asked_at(hours, 1) == []
    assert not hours.touch(HOUR, 1, 10)
    assert asked_at(hours, 2) == [2]


def test_when_its_device_has_paused_an_hour_waits_no_longer() -> None:
    hours = TouchedHours()
    for second in range(21):
        hours.touch(HOUR, 1)
        hours.lacks(HOUR, 500)
        hours.touch(ANOTHER, 2)
        asked_at(hours, second)

    assert asked_at(hours, 21, 22, 23, 24) == [22, 23, 24]


def test_while_its_device_goes_on_an_hour_waits_until_it_was_left_alone_for_the_longest_wait() -> None:
    hours = TouchedHours()
    found = []
    for second in range(700):
        if second <= 20:
            hours.touch(HOUR, 1)
            hours.lacks(HOUR, 500)
        hours.touch(ANOTHER, 1)
        found += asked_at(hours, second)

    assert found[0] == 20 + LONGEST_WAIT_US / SECOND_US
    assert hours.is_ripe(HOUR)


def test_what_a_mark_touched_is_asked_for_between_ticks_and_at_once() -> None:
    hours = TouchedHours()
    hours.touch(HOUR, 1, 10)
    hours.touch(ANOTHER, 1, at_once=True)
    hours.touch(ANOTHER, 1, 10)

    assert hours.asked(NOW, marked_only=True) == [[ANOTHER]]
    assert hours.is_ripe(ANOTHER)
    assert hours.asked(NOW) == [[HOUR, ANOTHER]]


def test_what_was_judged_is_forgotten_and_may_be_touched_anew() -> None:
    hours = TouchedHours()
    hours.touch(HOUR, 1)
    hours.judged(HOUR)

    assert len(hours) == 0
    assert hours.asked(NOW) == []
    assert hours.touch(HOUR, 1)


def test_slices_are_whole_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touched_hours, "SITE_HOURS_AT_ONCE", 3)
    hours = TouchedHours()
    for site in ("c", "a", "b"):
        for number in range(2):
            hours.touch((site, NOW - number * HOUR_US), 1)

    assert [[site for site, _ in part] for part in hours.asked(NOW)] == [["a", "a", "b", "b"], ["c", "c"]]


def test_the_hours_of_a_day_in_random_order_are_looked_at_twice() -> None:
    minutes = [NOW - number * MINUTE_US for number in range(1, 1441)]
    random.Random(5).shuffle(minutes)
    hours, there, looks = TouchedHours(), dict[int, int](), 0
    for second in range(200):
        for minute in minutes[8 * second : 8 * second + 8]:
            start = minute // HOUR_US * HOUR_US
            hours.touch(("stack", start), 1, 1)
            there[start] = there.get(start, 0) + 1
        for window in (window for part in hours.asked(NOW + second * SECOND_US) for window in part):
            looks += 1
            if there[window[1]] == 60 or hours.is_ripe(window):
                hours.judged(window)
            else:
                hours.lacks(window, 60 - there[window[1]])

    assert len(hours) == 0
    assert set(there.values()) == {60}
    assert looks == 2 * 24

"""Amounts of a stretch: measured, substituted, missing and stopped hours apart, worked by hand (facts.md 6.2)."""

from datetime import datetime

import pytest

from detectors.amounts import amounts_of, hours_of
from schemas.times import DAY_US, HOUR_US, local_us
from standards.substitution import Hour

DAY = local_us(datetime.fromisoformat("2026-03-10T00:00"))


def test_each_kind_of_hour_is_counted_by_itself() -> None:
    """The day before: 24 h of 2 kg. The day: 18 h of 1 kg, 4 bad, 2 stopped. 18 kg measured, 4 × 2 = 8 kg substituted; 42/46 = 91.3 %."""
    before = [Hour(DAY - DAY_US + i * HOUR_US, 2.0) for i in range(24)]
    day = [Hour(DAY + i * HOUR_US, 1.0 if i < 18 else None, stopped=i >= 22) for i in range(24)]

    found = amounts_of("gas", before + day, DAY)

    assert (found.measured_kg, found.measured_hours) == (18.0, 18)
    assert (found.substituted_kg, found.substituted_hours) == (8.0, 4)
    assert (found.missing_hours, found.stopped_hours, found.rule_ids) == (0, 2, ("HJ75-SUB-1",))
    assert list(found.capture_pct.values()) == [pytest.approx(100 * 42 / 46)]


def test_below_75_percent_the_hours_stay_missing() -> None:
    """17 of 24 hours: 70.8 %."""
    found = amounts_of("gas", [Hour(DAY + i * HOUR_US, 1.0 if i < 17 else None) for i in range(24)], DAY)

    assert (found.substituted_kg, found.substituted_hours, found.missing_hours) == (0.0, 0, 7)


def test_an_hour_of_which_nothing_came_is_bad_and_one_under_a_mark_stood() -> None:
    mass = {DAY: 1.0, DAY + 3 * HOUR_US: 1.0}
    marked = [(DAY + 2 * HOUR_US, DAY + 3 * HOUR_US)]

    hours = hours_of(mass, set(), marked, DAY - DAY_US, DAY + 4 * HOUR_US)

    assert [(hour.is_valid, hour.is_bad, hour.stopped) for hour in hours] == [
        (True, False, False), (False, True, False), (False, False, True), (True, False, False),
    ]  # fmt: skip


def test_nothing_is_bad_before_the_first_hour_that_was_heard_of() -> None:
    assert hours_of({DAY: 1.0}, set(), [], DAY - 9 * DAY_US, DAY + HOUR_US) == [Hour(DAY, 1.0)]

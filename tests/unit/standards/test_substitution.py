"""Substituted amounts against facts.md 6.2 (HJ 75-2017, HJ 356-2019; R2), worked by hand."""

from datetime import datetime

import pytest

from schemas.times import HOUR_US, local_us
from standards.substitution import Hour, capture_rates, quarter_of, substitutes

Q1 = local_us(datetime.fromisoformat("2026-01-01T00:00"))


def hours(*parts: tuple[int, float | None], start: int = Q1) -> list[Hour]:
    """Return consecutive hours of (how many, kg); None: a bad one."""
    amounts = [amount for count, amount in parts for _ in range(count)]
    return [Hour(start + i * HOUR_US, amount) for i, amount in enumerate(amounts)]


def put(found) -> list[tuple[float | None, str]]:
    return [(s.amount_kg, s.rule_id) for s in found]


def test_capture_rate_leaves_stopped_hours_out_of_both() -> None:
    """100 hours, 10 stopped, 9 invalid: (100 − 10 − 9)/(100 − 10) = 90 %."""
    rows = hours((81, 1.0), (9, None))
    stopped = [Hour(rows[-1].start + i * HOUR_US, None, stopped=True) for i in range(1, 11)]

    assert capture_rates(rows + stopped) == {Q1: 90.0}


def test_a_short_run_takes_the_maximum_of_the_last_180_valid_hours() -> None:
    """9 kg is 181 valid hours back, 7 kg within 180: 7. Rate 182/184 = 98.9 %."""
    found = substitutes("gas", hours((1, 9.0), (1, 5.0), (179, 5.0), (1, 7.0), (2, None)))

    assert put(found) == [(7.0, "HJ75-SUB-1")] * 2


@pytest.mark.parametrize(("bad", "rule", "kg"), [(24, "HJ75-SUB-1", 5.0), (25, "HJ75-SUB-2", 8.0)])
def test_a_run_above_24_hours_looks_back_over_720(bad: int, rule: str, kg: float) -> None:
    """8 kg is 501 valid hours back. Rates 501/525 = 95.4 %, 501/526 = 95.2 %."""
    found = substitutes("gas", hours((1, 8.0), (500, 5.0), (bad, None)))

    assert put(found) == [(kg, rule)] * bad


def test_below_90_percent_the_last_2160_valid_hours_count() -> None:
    """800 valid, 100 bad: 800/900 = 88.9 %; 6 kg is 800 valid hours back."""
    found = substitutes("gas", hours((1, 6.0), (799, 5.0), (100, None)))

    assert set(put(found)) == {(6.0, "HJ75-SUB-3")}


def test_exactly_90_percent_is_not_below_it() -> None:
    """900 valid, 100 bad: 90 %; a run of 100: the last 720."""
    found = substitutes("gas", hours((1, 6.0), (899, 5.0), (100, None)))

    assert set(put(found)) == {(5.0, "HJ75-SUB-2")}


def test_below_75_percent_nothing_is_put() -> None:
    """74 valid, 26 bad: 74 %."""
    assert set(put(substitutes("gas", hours((74, 5.0), (26, None))))) == {(None, "")}


def test_out_of_control_counts_back_from_the_last_calibration() -> None:
    """9 kg came after the calibration at hour 100: it does not count; before it 5."""
    rows = hours((100, 5.0), (20, 9.0), (2, None))

    assert put(substitutes("gas", rows, calibrated_at=Q1 + 100 * HOUR_US)) == [(5.0, "HJ75-SUB-1")] * 2
    assert put(substitutes("gas", rows)) == [(9.0, "HJ75-SUB-1")] * 2


def test_stopped_hours_are_not_substituted_and_do_not_lengthen_a_run() -> None:
    """20 bad, 10 stopped, 4 bad: one run of 24, so the last 180 valid hours; 8 kg is 401 back."""
    rows = hours((1, 8.0), (400, 5.0), (34, None))
    rows[421:431] = [hour._replace(stopped=True) for hour in rows[421:431]]

    assert put(substitutes("gas", rows)) == [(5.0, "HJ75-SUB-1")] * 24


def test_water_takes_the_mean_of_the_period_of_the_same_length_before_the_gap() -> None:
    """Gap of 3 h after 1, 2, 3, 6 kg: (2 + 3 + 6)/3 = 3.667."""
    found = substitutes("water", hours((1, 1.0), (1, 2.0), (1, 3.0), (1, 6.0), (3, None)))

    assert put(found) == [(pytest.approx(11 / 3), "HJ356-SUB-1")] * 3


def test_with_nothing_valid_before_nothing_is_put() -> None:
    assert put(substitutes("water", hours((2, None), (40, 5.0)))) == [(None, "HJ356-SUB-1")] * 2


def test_each_quarter_has_its_own_rate() -> None:
    april = local_us(datetime.fromisoformat("2026-04-01T00:00"))
    rows = hours((3, 5.0), (2, None), start=april - 4 * HOUR_US)

    assert capture_rates(rows) == {Q1: 75.0, april: 0.0}
    assert quarter_of(april - 1) == Q1

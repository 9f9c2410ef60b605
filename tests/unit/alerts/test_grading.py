"""Which colour an alert gets."""

import pytest

from alerts.grading import grade_of_exceedance, grade_of_finding, grade_of_multiple, longest_run
from schemas.codes import FindingKind, Grade, Period
from schemas.events import Finding
from schemas.identity import content_id
from schemas.times import DAY_US, HOUR_US
from store.alert_port import Window


@pytest.mark.parametrize(
    ("times_over", "grade"),
    [
        (0.01, Grade.BLUE),
        (0.10, Grade.BLUE),
        (0.11, Grade.YELLOW),
        (1.00, Grade.YELLOW),
        (1.01, Grade.ORANGE),
        (2.00, Grade.ORANGE),
        (2.01, Grade.RED),
        (None, Grade.YELLOW),
    ],
)
def test_the_colour_follows_how_far_over(times_over: float | None, grade: Grade) -> None:
    assert grade_of_multiple(times_over) is grade


def test_a_tenth_over_is_blue_in_spite_of_binary_noise() -> None:
    assert grade_of_multiple(33.0 / 30.0 - 1) is Grade.BLUE


def windows(hours: list[int], times_over: float, length_us: int = HOUR_US) -> list[Window]:
    return [Window(hour * length_us, True, times_over=times_over) for hour in hours]


def test_three_hours_in_a_row_raise_one_step() -> None:
    assert grade_of_exceedance(windows([0, 1], 0.3), Period.HOUR) is Grade.YELLOW
    assert grade_of_exceedance(windows([0, 1, 2], 0.3), Period.HOUR) is Grade.ORANGE


def test_three_hours_with_a_gap_do_not() -> None:
    assert longest_run(windows([0, 1, 3], 0.3), HOUR_US) == 2
    assert grade_of_exceedance(windows([0, 1, 3], 0.3), Period.HOUR) is Grade.YELLOW


def test_days_in_a_row_do_not() -> None:
    assert grade_of_exceedance(windows([0, 1, 2], 0.3, DAY_US), Period.DAY) is Grade.YELLOW


def test_there_is_nothing_above_red() -> None:
    assert grade_of_exceedance(windows([0, 1, 2], 9.0), Period.HOUR) is Grade.RED


def silence(for_us: int) -> Finding:
    return Finding(
        finding_id=content_id("f"), kind=FindingKind.SILENT_DEVICE, device_id="mn", start=0, detected_at=for_us
    )


def test_a_silence_of_a_day_is_yellow() -> None:
    assert grade_of_finding(silence(HOUR_US)) is Grade.BLUE
    assert grade_of_finding(silence(DAY_US)) is Grade.YELLOW


def test_an_episode_brings_its_own_grade() -> None:
    finding = Finding(
        finding_id=content_id("f"), kind=FindingKind.HEAVY_POLLUTION, city="c", grade=Grade.RED, detected_at=0
    )
    assert grade_of_finding(finding) is Grade.RED

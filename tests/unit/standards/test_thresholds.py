"""Grades of heavy pollution: spells worked by hand from the schemes of facts 3.1."""

import numpy as np
import pytest

from schemas.codes import Grade
from standards.thresholds import episodes, grades, schemes

NAN = float("nan")


def spell(*parts):
    return np.concatenate([np.full(n, float(aqi)) for n, aqi in parts])


@pytest.mark.parametrize(
    ("scheme", "aqi", "rank"),
    [
        ("CN-2024-06", spell((1, 200)), 0),  # equal is not above
        ("CN-2024-06", spell((1, 201)), 2),  # > 200 for 24 h: one position
        ("CN-2024-06", spell((24, 151)), 0),
        ("CN-2024-06", spell((25, 151)), 2),  # > 150 for 48 h: 25 positions
        ("CN-2024-06", spell((25, 201)), 3),  # > 200 for 48 h
        ("CN-2024-06", spell((49, 151)), 3),  # > 150 for 72 h: 49 positions
        ("CN-2024-06", spell((49, 201)), 3),  # red needs > 300 as well
        ("CN-2024-06", spell((1, 301), (48, 201)), 4),  # anywhere inside the run
        ("CN-2024-06", spell((1, 301), (1, 200), (49, 201)), 3),  # not inside the run
        ("CN-2018", spell((24, 201)), 0),
        ("CN-2018", spell((25, 201)), 2),
        ("CN-2018", spell((1, 500)), 4),  # AQI 500 at once
        ("CN-2018", spell((24, 301), (49, 201)), 3),  # > 300 for 48 h needs 25 positions
        ("CN-2018", spell((25, 301), (48, 201)), 4),
        ("CN-2016", spell((1, 201)), 1),
        ("CN-2016", spell((48, 201), (1, 301)), 3),
    ],
)
def test_the_rules_of_a_scheme_grade_the_last_position(scheme, aqi, rank):
    assert grades(schemes()[scheme], aqi)[-1] == rank


def test_undefined_positions_neither_raise_nor_lift():
    aqi = spell((24, 151), (5, NAN), (1, 151), (3, NAN), (1, 100))

    found = grades(schemes()["CN-2024-06"], aqi)

    assert found[[23, 28, 29, 32, 33]].tolist() == [0, 0, 2, 2, 0]


def test_an_episode_rises_by_steps_and_ends_after_36_better_positions():
    aqi = spell((10, 90), (30, 210), (40, 90))

    (episode,) = episodes(schemes()["CN-2024-06"], aqi)

    assert [(step.at, step.grade, step.first) for step in episode.steps] == [
        (10, Grade.YELLOW, 10),
        (34, Grade.ORANGE, 10),
    ]
    assert episode.steps[1].rule_ids == ("2024-O1",)
    assert episode.ended == 75


@pytest.mark.parametrize(("better", "count"), [(35, 1), (36, 2)])
def test_two_spells_that_are_too_close_are_one_episode(better, count):
    aqi = spell((2, 210), (better, 150), (2, 210))

    assert len(episodes(schemes()["CN-2024-06"], aqi)) == count


def test_air_above_the_yellow_threshold_does_not_end_an_episode():
    (episode,) = episodes(schemes()["CN-2024-06"], spell((1, 210), (20, 151), (20, 100), (20, 151)))

    assert episode.ended is None
    assert episode.grade is Grade.YELLOW


def test_temporary_control_is_no_grade():
    assert set(schemes()) == {"CN-2024-06", "CN-2018", "CN-2016"}


def test_nothing_known_is_no_episode():
    aqi = np.full(50, NAN)

    assert episodes(schemes()["CN-2024-06"], aqi) == []
    assert not grades(schemes()["CN-2024-06"], aqi).any()

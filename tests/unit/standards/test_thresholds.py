"""The schemes of heavy-pollution weather as rules, from facts 3.1."""

import numpy as np
import pytest

from schemas.codes import Grade
from standards.thresholds import schemes


def rule(scheme, rule_id):
    return next(rule for rule in schemes()[scheme].rules if rule.rule_id == rule_id)


@pytest.mark.parametrize(
    ("scheme", "rule_id", "grade", "threshold", "positions", "together"),
    [
        ("CN-2024-06", "2024-Y1", Grade.YELLOW, 200.0, 1, False),  # 24 h
        ("CN-2024-06", "2024-Y2", Grade.YELLOW, 150.0, 25, False),  # 48 h
        ("CN-2024-06", "2024-O2", Grade.ORANGE, 150.0, 49, False),  # 72 h
        ("CN-2024-06", "2024-R2", Grade.RED, 300.0, 1, True),
        ("CN-2018", "2018-R1", Grade.RED, 200.0, 73, True),  # 96 h
        ("CN-2016", "2016-B1", Grade.BLUE, 200.0, 1, False),
    ],
)
def test_a_duration_is_so_many_positions_of_the_running_index(scheme, rule_id, grade, threshold, positions, together):
    found = rule(scheme, rule_id)

    assert (found.grade, found.threshold, found.positions, found.together) == (grade, threshold, positions, together)


def test_an_index_equal_to_the_threshold_is_not_above_it():
    assert rule("CN-2024-06", "2024-Y1").above(np.array([200.0, 201.0, np.nan])).tolist() == [False, True, False]


def test_an_index_of_500_is_enough_where_the_text_says_so():
    assert rule("CN-2018", "2018-R3").above(np.array([499.0, 500.0])).tolist() == [False, True]


@pytest.mark.parametrize(("scheme", "threshold"), [("CN-2024-06", 150.0), ("CN-2018", 200.0), ("CN-2016", 200.0)])
def test_better_than_yellow_is_not_above_its_lowest_threshold(scheme, threshold):
    assert schemes()[scheme].release_threshold == threshold


def test_temporary_control_is_no_grade():
    assert set(schemes()) == {"CN-2024-06", "CN-2018", "CN-2016"}

"""Met or exceeded, from the scenarios' conventions and facts 5.1."""

import pytest

from schemas.codes import Outcome
from standards.judgement import judge


@pytest.mark.parametrize(
    ("value", "minimum", "maximum", "outcome", "times_over"),
    [
        (23.0, None, 20.0, Outcome.EXCEEDED, 0.15),
        (20.0, None, 20.0, Outcome.MET, None),
        (0.1 + 0.2, None, 0.3, Outcome.MET, None),  # binary 0.30000000000000004
        (20.0001, None, 20.0, Outcome.EXCEEDED, 0.000005),
        (9.2, 6.0, 9.0, Outcome.EXCEEDED, None),  # pH: none
        (5.9, 6.0, 9.0, Outcome.EXCEEDED, None),
        (6.0, 6.0, 9.0, Outcome.MET, None),
        (849.0, 850.0, None, Outcome.EXCEEDED, None),
        (0.001, None, 0.0, Outcome.EXCEEDED, None),  # no ratio to nothing
    ],
)
def test_a_value_above_its_limit_is_exceeded_and_an_equal_one_is_not(value, minimum, maximum, outcome, times_over):
    judgement = judge(value, minimum, maximum)

    assert judgement.outcome is outcome
    assert judgement.times_over == (None if times_over is None else pytest.approx(times_over))

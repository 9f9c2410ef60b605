"""When a figure agrees with what is expected."""

import pytest

from sim.expectations import agrees


@pytest.mark.parametrize(
    ("expected", "found"), [(48.33, 48.3333), (0.15, 0.155), (105, 105), (True, True), ("met", "met")]
)
def test_figures_agree_within_five_thousandths(expected: object, found: object) -> None:
    assert agrees(expected, found)


@pytest.mark.parametrize(
    ("expected", "found"), [(48.33, 48.336), (1, None), (1.0, float("nan")), (True, False), (1, True)]
)
def test_other_figures_do_not(expected: object, found: object) -> None:
    assert not agrees(expected, found)


def test_primary_pollutants_agree_in_any_order() -> None:
    assert agrees(["a34004", "a05024"], {"a05024", "a34004"})

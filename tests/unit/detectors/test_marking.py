"""Which readings a mark takes out, by their kind: minutes and longer periods, hour and day values, instants."""

import numpy as np
import pytest

from detectors.marking import is_left_out
from detectors.means import Validity
from schemas.codes import Kind
from schemas.columns import Readings
from schemas.times import MINUTE_US

GAS = Validity(np.array([45]), np.array([20]), np.zeros(1, bool), np.zeros(1, bool), np.array([-1]))


def reading(kind: Kind, minute: float = 0) -> Readings:
    values = {"series": [0], "kind": [kind], "observed_at": [int(minute * MINUTE_US)], "value": [1.0], "flag": [78]}
    return Readings.of(**values, sent_at=[0], sha8=[0])


def taken(kind: Kind, minute: float, *spans: tuple[float, float]) -> bool:
    inside = [(int(first * MINUTE_US), int(last * MINUTE_US)) for first, last in spans]
    return bool(is_left_out(reading(kind, minute), inside, GAS)[0])


@pytest.mark.parametrize(("minute", "out"), [(9, False), (10, True), (29, True), (30, False)])
def test_the_end_of_a_stretch_is_exclusive(minute: int, out: bool) -> None:
    assert taken(Kind.MINUTE, minute, (10, 30)) is out


@pytest.mark.parametrize(("minute", "out"), [(0, False), (9.99, False), (10, True), (29.99, True), (30, False)])
def test_an_instant_is_left_out_inside_a_stretch(minute: float, out: bool) -> None:
    assert taken(Kind.REALTIME, minute, (10, 30)) is out


def test_ten_minutes_are_left_out_when_a_stretch_meets_any_of_them() -> None:
    assert taken(Kind.TEN_MINUTE, 10, (19, 25))
    assert not taken(Kind.TEN_MINUTE, 10, (20, 25))


def test_an_hour_value_needs_45_minutes_outside() -> None:
    assert not taken(Kind.HOUR, 0, (0, 10), (30, 35))
    assert taken(Kind.HOUR, 0, (0, 10), (30, 36))


def test_a_day_value_needs_20_hours_outside() -> None:
    assert not taken(Kind.DAY, 0, (0, 240))
    assert taken(Kind.DAY, 0, (0, 241))

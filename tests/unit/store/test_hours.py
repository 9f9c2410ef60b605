"""Windows cut at the full hours cover the same instants, each once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import HOUR_US
from store.work import hour_by_hour

instants = st.integers(0, 50 * HOUR_US) | st.integers(0, 50).map(lambda n: n * HOUR_US)


@given(st.lists(st.tuples(st.integers(1, 5), instants, instants), max_size=6))
def test_the_parts_join_to_the_window_and_lie_within_an_hour_each(windows: list[tuple[int, int, int]]) -> None:
    columns = np.array(windows, np.int64).reshape(-1, 3)

    series, start, end = hour_by_hour(columns[:, 0].astype(np.int32), columns[:, 1], columns[:, 2])

    assert (start // HOUR_US == (end - 1) // HOUR_US).all()
    assert (start < end).all()
    parts = list(zip(series.tolist(), start.tolist(), end.tolist(), strict=True))
    joined: list[tuple[int, int, int]] = []
    for number, first, last in parts:
        if joined and joined[-1][0] == number and joined[-1][2] == first:
            joined[-1] = (number, joined[-1][1], last)
        else:
            joined.append((number, first, last))
    assert sum(last - first for _, first, last in joined) == sum(max(0, b - a) for _, a, b in windows)
    assert {number for number, *_ in parts} == {number for number, a, b in windows if a < b}


def test_an_hour_is_one_part_and_a_day_is_twenty_four() -> None:
    start, end = np.array([HOUR_US, 24 * HOUR_US]), np.array([2 * HOUR_US, 48 * HOUR_US])

    series, first, last = hour_by_hour(np.array([7, 8], np.int32), start, end)

    assert series.tolist() == [7] + [8] * 24
    assert first.tolist() == [HOUR_US, *range(24 * HOUR_US, 48 * HOUR_US, HOUR_US)]
    assert (last - first).tolist() == [HOUR_US] * 25

"""Rows with one key are written one after another, in their order."""

import numpy as np

from store.numbers import in_rounds, occurrences


def test_the_times_of_a_key_are_counted_in_order() -> None:
    series, start = np.array([1, 2, 1, 1, 2]), np.array([0, 0, 0, 5, 0])

    assert occurrences(series, start).tolist() == [0, 0, 1, 0, 1]


def test_a_round_has_each_key_once() -> None:
    rounds: list[list[int]] = []
    keys = np.array([3, 3, 1, 3])

    in_rounds((keys,), lambda mask: rounds.append(np.flatnonzero(mask).tolist()))

    assert rounds == [[0, 2], [1], [3]]


def test_nothing_needs_no_round() -> None:
    rounds: list[int] = []

    in_rounds((np.empty(0, np.int64),), lambda mask: rounds.append(len(mask)))

    assert rounds == []

"""Workers are compared with one worker before and afterwards, and the host's speed is taken out."""

import pytest

from ecovigil.bench.scale import Scaled, Spent


def test_what_a_slower_host_adds_is_taken_out() -> None:
    # the same work throughout; the host was half as fast while there were two workers
    scaled = Scaled(spent=[Spent(1, 3.0, 6.0), Spent(2, 6.0, 12.0), Spent(1, 3.0, 6.0)])

    ratios = {figure.name: figure.ratio for figure in scaled.compared()}

    assert ratios["CPU, workers: 2"] == pytest.approx(2.0)
    assert ratios["CPU, workers: 2, at one speed of the host"] == pytest.approx(1.0)


def test_one_worker_is_what_it_took_before_and_afterwards() -> None:
    scaled = Scaled(spent=[Spent(1, 3.0, 8.0), Spent(4, 4.4, 8.0), Spent(1, 5.0, 8.0)])

    (four, *_) = [figure for figure in scaled.compared() if figure.name.startswith("CPU, workers: 4")]

    assert (four.value, four.beside_value) == (4.4, 4.0)

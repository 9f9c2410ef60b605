"""The cyclic garbage collector runs in quiet moments, and after a long time without any."""

import gc
from collections.abc import Iterator

import pytest

from ecovigil.garbage import RESTING_S, WORKING_S, Garbage


@pytest.fixture(autouse=True)
def _collector_as_before() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.parametrize(("busy", "patience_s"), [(False, RESTING_S), (True, WORKING_S)])
def test_a_role_collects_once_its_patience_is_over(busy: bool, patience_s: float) -> None:
    now = [100.0]
    garbage = Garbage(lambda: now[0])

    collected = []
    for now[0] in (100.0 + patience_s, 100.1 + patience_s, 100.2 + patience_s):
        collected.append(garbage.after(busy))

    assert collected == [False, True, False]


def test_the_collector_does_not_run_by_itself() -> None:
    Garbage().freeze()

    assert not gc.isenabled()
    assert gc.get_freeze_count() > 0

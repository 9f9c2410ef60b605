"""The cyclic garbage collector runs in quiet moments, and after a long time without any."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from ecovigil.garbage import RESTING_S, THOROUGH_S, WORKING_S, Garbage


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


@pytest.mark.parametrize(("after_s", "walked"), [(WORKING_S + 1, False), (THOROUGH_S + 1, True)])
def test_only_now_and_then_everything_is_walked(after_s: float, walked: bool) -> None:
    now = [0.0]
    garbage = Garbage(lambda: now[0])
    old = _Ring()
    gc.collect()  # makes the ring old
    gone = weakref.ref(old)
    del old

    now[0] = after_s
    garbage.after(True)

    assert (gone() is None) == walked


def test_what_was_made_since_is_always_walked() -> None:
    now = [0.0]
    garbage = Garbage(lambda: now[0])
    gone = weakref.ref(_Ring())

    now[0] = WORKING_S + 1
    garbage.after(True)

    assert gone() is None


class _Ring:
    """Refers to itself: only the collector lets it go."""

    def __init__(self) -> None:
        self.self = self


def test_the_collector_does_not_run_by_itself() -> None:
    Garbage().freeze()

    assert not gc.isenabled()
    assert gc.get_freeze_count() > 0

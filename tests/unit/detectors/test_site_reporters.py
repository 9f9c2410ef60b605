"""Until when another device may have reported for a site."""

import numpy as np
import pytest

from detectors.site_reporters import MARGIN_US, SiteReporters
from schemas.registry import Registry
from schemas.times import HOUR_US
from store.device_states import DeviceState, DeviceStates
from store.memory import MemoryStore
from store.port import Advance, WorkBatch

T = 1_772_467_200_000_000
OLD, NEW = 1, 2
STACK = np.array([7], np.int32)
FAR = np.iinfo(np.int64).max


@pytest.fixture
def store() -> MemoryStore:
    """Return a store whose old device has reported up to T."""
    store = MemoryStore()
    store.device_numbers(["old", "new"])
    (lease,) = store.claim("reports", "log", [0], "test")
    state = DeviceState(OLD, T - HOUR_US, T, T, (0,) * 6, False)
    store.commit_work(WorkBatch([Advance(lease, 1, 0)], devices=DeviceStates.of_rows([state])))
    return store


def registry(*devices: str) -> Registry:
    """Return a registry in which these devices report for one stack."""
    named = [{"id": name, "sites": ["stack"]} for name in devices]
    return Registry.from_tables({"site": [{"id": "stack", "kind": "stack"}], "device": named})


def reporters(store: MemoryStore, *devices: str) -> SiteReporters:
    """Return what is known of one series of a stack for which these devices are registered."""
    found = SiteReporters(store)
    found.follow(registry(*devices))
    found.learn([(7, "stack")])
    return found


def test_a_device_that_is_alone_shares_nothing(store: MemoryStore) -> None:
    alone = reporters(store, "old")
    alone.note({("stack", OLD)})

    assert alone.others_until(STACK).tolist() == [0]
    assert alone.shared_until(STACK, ["old"]).tolist() == [0]


def test_the_new_device_shares_what_the_old_one_may_have_sent_and_nothing_later(store: MemoryStore) -> None:
    store.note_reporters([("stack", OLD)])
    replaced = reporters(store, "new")
    replaced.note({("stack", NEW)})

    assert replaced.others_until(STACK).tolist() == [T + MARGIN_US]
    assert replaced.others_until_at(["stack"]).tolist() == [T + MARGIN_US]
    assert replaced.shared_until(STACK, ["new"]).tolist() == [T + MARGIN_US]


def test_what_the_old_device_has_left_is_shared_as_soon_as_the_registry_names_another_one(store: MemoryStore) -> None:
    replaced = reporters(store, "new")

    assert replaced.shared_until(STACK, ["old"]).tolist() == [FAR]
    assert replaced.shared_until(STACK, ["new"]).tolist() == [0]


def test_where_the_registry_names_both_all_is_shared(store: MemoryStore) -> None:
    both = reporters(store, "old", "new")

    assert both.is_shared("stack")
    assert both.others_until(STACK).tolist() == [FAR]


def test_another_registry_is_followed_and_what_is_noted_is_asked_for_anew(store: MemoryStore) -> None:
    found = reporters(store, "new")
    found.note({("stack", NEW)})
    store.note_reporters([("stack", OLD)])
    found.note({("stack", NEW)})
    assert found.others_until(STACK).tolist() == [0]

    found.follow(registry("new"))
    found.note({("stack", NEW)})

    assert found.others_until(STACK).tolist() == [T + MARGIN_US]

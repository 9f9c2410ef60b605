"""A logger is replaced: the registry names only the new one, which sends again what the old one had sent."""

from typing import Any

import numpy as np
import pytest

from bus.memory_log import MemoryLog
from detectors.worker import Worker
from schemas.columns import PERIOD_HOUR
from schemas.registry import Registry
from schemas.topics import REPORTS
from store.registry import RegistryStore
from store.work import PostgresWorkStore
from tests.unit.detectors.conftest import CRUSHER, Bench, at

REPLACED = CRUSHER | {"device": [{"id": "mn-new", "sites": ["crusher"]}]}
LATER = at("03-10 09:00")
OF_BOTH = ("met", pytest.approx(1000 / 60), "")
"""Of the ten minutes that both sent, those that were sent later are in force: (40 x 10 + 20 x 30) / 60."""


def register(store: Any, kinds: dict[str, Any]) -> None:
    """Import a registry."""
    registries = RegistryStore(store.database) if isinstance(store, PostgresWorkStore) else store
    registries.import_registry(Registry.from_tables(kinds), "test", 0)


def finish(bench: Bench) -> None:
    """Let the hour close and be judged."""
    for tick in ("03-10 09:10", "03-10 09:11", "03-10 09:12"):
        bench.tick(tick)
    bench.run()


@pytest.fixture(params=[1, 11], ids=["in one partition", "in two"])
def replaced(store: Any, request: pytest.FixtureRequest) -> Bench:
    """A crusher whose old logger sent fifty minutes of an hour before it was replaced."""
    register(store, CRUSHER)
    bench = Bench(store, MemoryLog({REPORTS: request.param}))
    bench.minutes("03-10 08:00", 50, 10.0)
    bench.tick("03-10 08:50")
    bench.run()
    register(store, REPLACED)
    bench.tick("03-10 08:51")
    return bench


def test_what_the_new_logger_sends_again_is_settled_and_the_hour_is_judged_from_both(replaced: Bench) -> None:
    replaced.minutes("03-10 08:40", 20, 30.0, device="mn-new", received="03-10 09:00", sent_at=LATER)
    finish(replaced)

    assert replaced.verdict("03-10 08:00") == OF_BOTH


def test_a_worker_that_takes_over_in_between_knows_of_the_old_logger(replaced: Bench) -> None:
    replaced.minutes("03-10 08:40", 10, 30.0, device="mn-new", received="03-10 08:55", sent_at=LATER)
    replaced.run()
    replaced.crash()
    replaced.minutes("03-10 08:50", 10, 30.0, device="mn-new", received="03-10 09:00", sent_at=LATER)
    finish(replaced)

    assert replaced.verdict("03-10 08:00") == OF_BOTH


def test_what_the_old_logger_has_left_at_another_worker_closes_later_and_takes_nothing_away(replaced: Bench) -> None:
    workers = [replaced.worker, Worker(replaced.log.consumer(REPORTS, "detectors"), replaced.store, owner="another")]
    replaced.minutes("03-10 08:40", 24, 30.0, device="mn-new", received="03-10 09:04", sent_at=LATER)
    for tick in ("03-10 09:04", "03-10 09:05", "03-10 09:06", "03-10 09:10", "03-10 09:11", "03-10 09:12"):
        replaced.tick(tick)
        while any(worker.step(0.0) for worker in workers):
            pass

    assert replaced.verdict("03-10 08:00") == OF_BOTH


def test_a_worker_that_takes_over_closes_what_the_old_logger_left_open(replaced: Bench) -> None:
    replaced.run()
    replaced.crash()
    finish(replaced)

    assert replaced.verdict("03-10 08:00") == ("met", pytest.approx(10.0), "")


@pytest.mark.parametrize("crashed", [False, True], ids=["live", "after a crash"])
def test_the_open_hour_of_a_site_that_left_the_registry_closes_without_a_verdict(
    replaced: Bench, crashed: bool
) -> None:
    register(replaced.store, {"site": [], "device": []})
    replaced.tick("03-10 08:52")
    replaced.run()
    if crashed:
        replaced.crash()
    finish(replaced)

    series, hour = np.array(replaced.store.series_numbers([("crusher", "a34013")]), np.int32), at("03-10 08:00")
    means = replaced.store.means_between(series, PERIOD_HOUR, np.array([hour]), np.array([hour + 1]))
    assert means.value.tolist() == [10.0]
    assert not len(replaced.store.verdicts_at(means.series, means.period, means.start))


@pytest.mark.parametrize("partitions", [1, 11], ids=["in one partition", "in two"])
def test_a_logger_that_is_replaced_before_anything_of_it_was_committed_stops_nothing(
    store: Any, partitions: int
) -> None:
    register(store, CRUSHER)
    bench = Bench(store, MemoryLog({REPORTS: partitions}))
    bench.run()
    bench.minutes("03-10 08:00", 50, 10.0)
    register(store, REPLACED)
    bench.minutes("03-10 08:40", 20, 30.0, device="mn-new", received="03-10 09:00", sent_at=LATER)
    finish(bench)

    assert bench.verdict("03-10 08:00") == OF_BOTH

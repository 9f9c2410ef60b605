"""The worker when partitions come and go, and when the store is away in the middle of a recovery."""

from typing import Any

import pytest

from detectors.worker import Worker
from schemas.errors import LeaseLost, Unavailable
from schemas.topics import REPORTS
from store.memory import MemoryStore
from store.port import WorkBatch


class ShakyStore(MemoryStore):
    """A store that fails once at what is named in `fails`."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: dict[str, Exception] = {}

    def commit_work(self, batch: WorkBatch) -> None:
        """Commit, or fail."""
        self._fail("commit")
        super().commit_work(batch)

    def device_states(self, partition: int, partitions: int) -> Any:
        """Read, or fail."""
        self._fail("load")
        return super().device_states(partition, partitions)

    def _fail(self, what: str) -> None:
        error = self.fails.pop(what, None)
        if error is not None:
            raise error


@pytest.fixture
def shaky(bench: Any) -> Any:
    """Return a bench on a store that can fail."""
    store = ShakyStore()
    store.import_registry(bench.store.registry()[1], "test", 0)
    return type(bench)(store)


@pytest.mark.parametrize("claims", [0, 1])
@pytest.mark.parametrize("is_renewed", [False, True])
def test_a_partition_that_went_away_and_came_back_is_worked_on(bench: Any, claims: int, *, is_renewed: bool) -> None:
    consumer = bench.log.consumer(REPORTS, "others")
    bench.worker = Worker(consumer, bench.store, owner="test")
    bench.minutes("03-10 08:00", 30, 25.0)
    bench.run()

    consumer.assign(frozenset())
    for _ in range(claims):
        bench.store.claim(REPORTS, consumer.log_id(), [0], "another")
    if is_renewed:
        bench.log.renew(REPORTS)
    consumer.assign(frozenset({0}))
    bench.minutes("03-10 08:30", 30, 21.0)
    bench.tick("03-10 09:00")
    bench.run()

    assert bench.verdict("03-10 08:00") == ("exceeded", 23.0, "")
    (lease,) = bench.store.leases(REPORTS, [0])
    assert lease.epoch == 1 + claims + (
        claims or is_renewed
    )  # claimed again only where another one did, or the log is another


def test_a_store_that_leaves_during_the_rebuilding_loses_no_partition(shaky: Any) -> None:
    shaky.minutes("03-10 08:00", 60, 23.0)
    shaky.tick("03-10 09:00")
    shaky.store.fails = {"commit": LeaseLost("outcome unknown")}
    shaky.worker.step(0.0)

    shaky.store.fails = {"load": Unavailable("away")}
    with pytest.raises(Unavailable):
        shaky.worker.step(0.0)
    shaky.run()

    assert shaky.verdict("03-10 08:00") == ("exceeded", 23.0, "")


def test_a_partition_that_a_stranger_claimed_is_taken_back_while_the_group_says_that_it_is_ours(bench: Any) -> None:
    bench.run()
    bench.store.claim(REPORTS, bench.log.topic(REPORTS).log_id, [0], "thawed, and dead soon after")

    bench.minutes("03-10 08:00", 60, 23.0)
    bench.tick("03-10 09:00")
    for _ in range(4):
        bench.worker.step(0.0)

    assert bench.verdict("03-10 08:00") == ("exceeded", 23.0, "")


class LateStore(ShakyStore):
    """A store that says what became of a commit only when it is used again, as PostgreSQL does."""

    def __init__(self) -> None:
        super().__init__()
        self.became: Exception | None = None

    def commit_later(self, batch: WorkBatch) -> None:
        """Commit, and keep what it raises."""
        self.land()
        try:
            self.commit_work(batch)
        except (LeaseLost, Unavailable, ValueError) as error:
            self.became = error

    def land(self) -> None:
        """Raise what was kept, once."""
        error, self.became = self.became, None
        if error is not None:
            raise error

    def revisions(self) -> Any:
        """Look, after what was under way."""
        self.land()
        return super().revisions()


@pytest.mark.parametrize("error", [LeaseLost("fenced"), ValueError("what the server does not take")])
def test_a_commit_that_fails_while_the_next_records_are_read_is_made_again(bench: Any, error: Exception) -> None:
    store = LateStore()
    store.import_registry(bench.store.registry()[1], "test", 0)
    late = type(bench)(store)
    late.run()
    store.fails = {"commit": error}

    late.minutes("03-10 08:00", 30, 23.0)
    late.worker.step(0.0)
    late.minutes("03-10 08:30", 30, 25.0)
    late.tick("03-10 09:00")
    late.run()
    late.run()

    assert late.verdict("03-10 08:00") == ("exceeded", 24.0, "")
    assert len(store.tables.reading[1, 1].rows) == 60


def test_a_database_that_leaves_during_a_commit_is_told_by_the_next_step(bench: Any) -> None:
    store = LateStore()
    store.import_registry(bench.store.registry()[1], "test", 0)
    late = type(bench)(store)
    late.run()
    store.fails = {"commit": Unavailable("away")}

    late.minutes("03-10 08:00", 60, 23.0)
    late.worker.step(0.0)
    with pytest.raises(Unavailable):
        late.worker.step(0.0)
    late.tick("03-10 09:00")
    late.run()

    assert late.verdict("03-10 08:00") == ("exceeded", 23.0, "")

"""Reports come twice, or meet another of their instant, while the first are drafted or their commit is under way."""

import logging
from collections.abc import Callable, Iterator

import pytest

from schemas.registry import Registry
from store.postgres import Database
from store.registry import RegistryStore
from store.work import PostgresWorkStore
from tests.unit.detectors.conftest import CRUSHER, Bench, at

pytestmark = pytest.mark.live


class PutOff(Database):
    """A database whose commits that are put off begin only when somebody waits for them: the slowest that there can be."""

    waiting: Callable[[], None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a commit waits."""
        return self.waiting is not None

    def later(self, work: Callable[[], None]) -> None:
        """Keep the work."""
        self.land()
        self.waiting = work

    def land(self) -> None:
        """Do the work."""
        work, self.waiting = self.waiting, None
        if work is not None:
            work()


@pytest.fixture
def half(database_url: str, caplog: pytest.LogCaptureFixture) -> Iterator[Bench]:
    """A crusher whose hour has begun, after one that was closed; what the worker has to try again is an error."""
    database = PutOff(database_url)
    RegistryStore(database).import_registry(Registry.from_tables(CRUSHER), "test", 0)
    bench = Bench(PostgresWorkStore(database))
    bench.minutes("03-10 08:00", 60, 10.0)
    bench.tick("03-10 09:10")
    bench.run()
    yield bench
    database.close()
    assert [record.message for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []


def in_one_draft(bench: Bench, second: Callable[[], None]) -> None:
    """Let half an hour come, and then something else, in records that are read at once."""
    bench.minutes("03-10 09:00", 30, 20.0)
    bench.tick("03-10 09:31")
    second()
    finish(bench)


def in_the_next_draft(bench: Bench, second: Callable[[], None]) -> None:
    """The same, in records that are read while the first are committed."""
    bench.minutes("03-10 09:00", 30, 20.0)
    bench.worker.step(0.0)
    second()
    bench.worker.step(0.0)
    finish(bench)


def finish(bench: Bench) -> None:
    """Let everything be judged."""
    bench.minutes("03-10 09:30", 30, 20.0)
    for tick in ("03-10 10:03", "03-10 10:04", "03-10 10:05"):
        bench.tick(tick)
    bench.run()


both = pytest.mark.parametrize("played", [in_one_draft, in_the_next_draft])


@both
def test_what_comes_twice_is_stored_once(half: Bench, played: Callable[..., None]) -> None:
    played(half, lambda: half.minutes("03-10 09:00", 30, 20.0))

    assert half.verdict("03-10 09:00") == ("met", 20.0, "")


@both
def test_another_value_of_an_instant_is_settled(half: Bench, played: Callable[..., None]) -> None:
    played(half, lambda: half.minutes("03-10 09:00", 30, 40.0, sent_at=at("03-10 10:00")))

    assert half.verdict("03-10 09:00") == ("exceeded", 30.0, "")


@both
def test_what_comes_besides_is_added(half: Bench, played: Callable[..., None]) -> None:
    played(half, lambda: half.minutes("03-10 07:00", 60, 30.0))

    assert half.verdict("03-10 09:00") == ("met", 20.0, "")
    assert half.verdict("03-10 07:00") == ("exceeded", 30.0, "")

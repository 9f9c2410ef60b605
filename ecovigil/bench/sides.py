"""A database with an archive and one without, measured in turns."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psutil

from ecovigil.bench.archive import Archive
from ecovigil.bench.archive_fill import opened, statement
from ecovigil.bench.fleet import FleetShape
from ecovigil.bench.questions import Question, questions
from ecovigil.bench.storing import batch_of, committed_s, raw_of
from schemas.errors import Unavailable
from schemas.topics import REPORTS
from store.port import Lease, WorkBatch
from store.postgres import Database
from store.work import PostgresWorkStore

GROWN: Final = "grown"
"""The database with the archive."""
EMPTY: Final = "empty"
"""The one without."""
PATTERN: Final = "pattern"
"""What the one without is copied from for each turn."""
WARM: Final = 3
"""Commits, and answers to a question, before any is timed."""
ASKED_FOR_S: Final = 6.0
"""A question of a round is not begun again after that."""


@dataclass(frozen=True)
class Rounds:
    """How often to measure."""

    rounds: int
    commits: int
    """Of one round and database."""
    answers: int
    """At most, to each question, of one round and database."""


@dataclass
class Side:
    """What was measured on one database."""

    name: str
    commit_s: list[tuple[float, float]] = field(default_factory=list)
    """Seconds of each commit, and CPU seconds, ours and the server's."""
    answer_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds of each answer, by question."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows of the answer, by question."""


class Writer:
    """A worker's connection to one database, and the process of the server behind it."""

    def __init__(self, database: Database) -> None:
        self._work = PostgresWorkStore(database)
        (self.lease,) = self._work.claim(REPORTS, "bench-size", [0], "bench")
        self._server = psutil.Process(database.backend()[0])

    def committed_s(self, batch: WorkBatch) -> tuple[float, float]:
        """Return the seconds, and the CPU seconds of ours and the server's, that a commit takes."""
        before_s = self._cpu_s()
        wall_s, own_s = committed_s(self._work, batch)
        return wall_s, own_s + self._cpu_s() - before_s

    def _cpu_s(self) -> float:
        times = self._server.cpu_times()
        return times.user + times.system


def compared(url: str, archive: Archive, rounds: Rounds) -> tuple[Side, Side]:
    """Measure the database with the archive and the one without in turn, now this one first, now that; raises Unavailable where their answers differ."""
    grown, empty = sides = (Side(GROWN), Side(EMPTY))
    shape = FleetShape(devices=archive.devices, start_us=archive.end_us)
    blob = raw_of(shape)
    for turn in range(rounds.rounds):
        with opened(url) as server:
            _empty_anew(server)
        order = sides if turn % 2 else sides[::-1]
        with _connections(url, order) as databases:
            first = turn * (WARM + rounds.commits)
            batch = partial(batch_of, shape, blob=blob)
            _commit(order, databases, batch, range(first, first + WARM + rounds.commits))
            _ask(order, [questions(database, archive) for database in databases], rounds.answers)
    if grown.rows != empty.rows or not all(grown.rows.values()):
        raise Unavailable(f"bench: the databases do not give as many rows: {grown.rows} and {empty.rows}")
    return grown, empty


def named(url: str, database: str) -> str:
    """Return the address of another database of a server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _commit(
    sides: Sequence[Side], databases: Sequence[Database], batch: Callable[[Lease, int], WorkBatch], turns: range
) -> None:
    """Time commits of turns of the fleet; the first few warm up."""
    writers = [Writer(database) for database in databases]
    for turn in turns:
        for side, writer in zip(sides, writers, strict=True):
            taken_s = writer.committed_s(batch(writer.lease, turn))
            if turn not in turns[:WARM]:
                side.commit_s.append(taken_s)


def _ask(sides: Sequence[Side], asked: Sequence[dict[str, Question]], count: int) -> None:
    """Time answers to each question; the first few warm up, and slow ones are asked for less often."""
    for name in asked[0]:
        begun, number = time.perf_counter(), 0
        while number <= WARM or (number < WARM + count and time.perf_counter() - begun < ASKED_FOR_S):
            for side, answers in zip(sides, asked, strict=True):
                started = time.perf_counter()
                side.rows[name] = answers[name]()
                if number >= WARM:
                    side.answer_s[name].append(time.perf_counter() - started)
            number += 1


@contextmanager
def _connections(url: str, sides: Sequence[Side]) -> Iterator[list[Database]]:
    with ExitStack() as stack:
        yield [stack.enter_context(opened(named(url, side.name))) for side in sides]


def _empty_anew(server: Database) -> None:
    with server.read() as cursor:
        cursor.execute(statement("drop_database", database=EMPTY))
        cursor.execute(statement("copy_database", database=EMPTY, template=PATTERN))
        cursor.execute(statement("checkpoint"))

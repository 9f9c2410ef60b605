"""A database with an archive and one without, measured in turns."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from ecovigil.bench.archive import Archive
from ecovigil.bench.archive_fill import opened, statement
from ecovigil.bench.fleet import FleetShape
from ecovigil.bench.questions import Question, questions
from ecovigil.bench.runs import READINGS
from ecovigil.bench.storing import batch_of, committed_s, raw_of
from schemas.errors import Unavailable
from schemas.topics import REPORTS
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


@dataclass(frozen=True)
class Rounds:
    """How often to measure."""

    rounds: int
    commits: int
    """Of one round and database."""
    answers: int
    """To each question, of one round and database."""


@dataclass
class Side:
    """What was measured on one database."""

    name: str
    readings_s: list[float] = field(default_factory=list)
    """Readings a second of each round's commits."""
    answer_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds of each answer, by question."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows of the answer, by question."""
    commits: int = 0
    """All that were made."""

    def commit(self, database: Database, archive: Archive, first: int, count: int) -> None:
        """Time commits of the turns of the fleet from `first`; those that warm up come before."""
        shape = FleetShape(devices=archive.devices, start_us=archive.end_us)
        work, blob = PostgresWorkStore(database), raw_of(shape)
        (lease,) = work.claim(REPORTS, "bench-size", [0], "bench")
        turns = range(first, first + WARM + count)
        taken = [committed_s(work, batch_of(shape, lease, turn, blob))[0] for turn in turns]
        self.commits += len(taken)
        self.readings_s.append(count * shape.devices * READINGS / sum(taken[WARM:]))

    def ask(self, name: str, question: Question, count: int) -> None:
        """Time answers to a question."""
        for _ in range(WARM):
            self.rows[name] = question()
        for _ in range(count):
            started = time.perf_counter()
            question()
            self.answer_s[name].append(time.perf_counter() - started)


def compared(url: str, archive: Archive, rounds: Rounds) -> tuple[Side, Side]:
    """Measure the database with the archive and the one without in turn, now this one first, now that; raises Unavailable where their answers differ."""
    grown, empty = sides = (Side(GROWN), Side(EMPTY))
    for turn in range(rounds.rounds):
        with opened(url) as server:
            _empty_anew(server)
        _measure(url, archive, rounds, turn, sides if turn % 2 else sides[::-1])
    if grown.rows != empty.rows or not all(grown.rows.values()):
        raise Unavailable(f"bench: the databases do not give as many rows: {grown.rows} and {empty.rows}")
    return grown, empty


def named(url: str, database: str) -> str:
    """Return the address of another database of a server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _measure(url: str, archive: Archive, rounds: Rounds, turn: int, sides: Sequence[Side]) -> None:
    with _connections(url, sides) as databases:
        for side, database in zip(sides, databases, strict=True):
            side.commit(database, archive, turn * (WARM + rounds.commits), rounds.commits)
        asked = [questions(database, archive) for database in databases]
        for name in asked[0]:
            for side, answers in zip(sides, asked, strict=True):
                side.ask(name, answers[name], rounds.answers)


@contextmanager
def _connections(url: str, sides: Sequence[Side]) -> Iterator[list[Database]]:
    with ExitStack() as stack:
        yield [stack.enter_context(opened(named(url, side.name))) for side in sides]


def _empty_anew(server: Database) -> None:
    with server.read() as cursor:
        cursor.execute(statement("drop_database", database=EMPTY))
        cursor.execute(statement("copy_database", database=EMPTY, template=PATTERN))
        cursor.execute(statement("checkpoint"))

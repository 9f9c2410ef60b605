"""What the worker's commit leaves in the tables of PostgreSQL and of the twin: versions, letters, books, events."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any, Protocol

import numpy as np
import pytest

from schemas.bundle import Rejected, pack_raw
from schemas.codes import Rejection
from schemas.columns import Means, Readings, Reports
from schemas.times import date_us
from store.memory import MemoryStore
from store.port import Advance, BookEntry, IndexRow, Lease, OutboxEvent, Verdicts, WorkBatch, WorkStore
from store.postgres import Database
from store.work import PostgresWorkStore

DAY = date(2014, 2, 21)
T = date_us(DAY)


class Rows(Protocol):
    """The tables as a test reads them."""

    @property
    def store(self) -> WorkStore:
        """What writes them."""

    def versions(self, table: str) -> list[tuple[int, Any]]:
        """Return (version, value or outcome) of a mean or verdict, history first."""

    def superseded(self) -> list[tuple[float | None, bool]]:
        """Return (value, whether it is superseded by the one in force) of each reading kept aside."""

    def letters(self) -> list[tuple[str, str, bytes]]:
        """Return (reason, state, raw) of the dead letters."""

    def books(self) -> list[tuple[str, int, int, int, int]]:
        """Return device and amounts."""

    def events(self) -> list[tuple[str, str]]:
        """Return (topic, key) of the outbox in id order."""

    def indices(self) -> list[tuple[str, int | None, tuple[str, ...]]]:
        """Return subject, index and primary pollutants."""


class MemoryRows:
    """Reads the twin."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.tables = self.store.tables

    def versions(self, table: str) -> list[tuple[int, Any]]:
        name = {"mean": "value", "verdict": "outcome"}[table]
        history = getattr(self.tables, f"{table}_history").get((1, 0, T), [])
        return [(row.version, getattr(row, name)) for row in [*history, getattr(self.tables, table)[1, 0].rows[T]]]

    def superseded(self) -> list[tuple[float | None, bool]]:
        in_force = self.tables.reading[1, 1].rows[T].report
        return [(row.reading.value, row.superseded_by == in_force) for row in self.tables.reading_superseded]

    def letters(self) -> list[tuple[str, str, bytes]]:
        return [(row.reason, row.state, row.raw) for row in self.tables.dead_letter.values()]

    def books(self) -> list[tuple[str, int, int, int, int]]:
        rows = self.tables.book.values()
        return sorted((b.device_id, b.received, b.stored, b.duplicate, b.rejected) for b in rows)

    def events(self) -> list[tuple[str, str]]:
        return [(event.topic, event.key) for event in self.tables.outbox.values()]

    def indices(self) -> list[tuple[str, int | None, tuple[str, ...]]]:
        return [(row.subject, row.aqi, row.primary) for row in self.tables.air_index.values()]


class PostgresRows:
    """Reads PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.store = PostgresWorkStore(self.database)

    def rows(self, statement: str) -> list[Any]:
        with self.database.read() as cursor:
            return cursor.execute(statement.encode()).fetchall()

    def versions(self, table: str) -> list[tuple[int, Any]]:
        name = {"mean": "value", "verdict": "outcome"}[table]
        return self.rows(
            f"SELECT version, {name} FROM {table} UNION ALL SELECT version, {name} FROM {table}_history ORDER BY version"
        )

    def superseded(self) -> list[tuple[float | None, bool]]:
        return self.rows(
            "SELECT s.value, s.superseded_by = r.report FROM reading_superseded AS s "
            "JOIN reading AS r USING (series, kind, observed_at)"
        )

    def letters(self) -> list[tuple[str, str, bytes]]:
        return self.rows("SELECT reason, state, raw FROM dead_letter ORDER BY letter_id")

    def books(self) -> list[tuple[str, int, int, int, int]]:
        return self.rows("SELECT device_id, received, stored, duplicate, rejected FROM book ORDER BY 1, 2")

    def events(self) -> list[tuple[str, str]]:
        return self.rows("SELECT topic, key FROM outbox ORDER BY id")

    def indices(self) -> list[tuple[str, int | None, tuple[str, ...]]]:
        rows = self.rows("SELECT subject, aqi, primary_pollutants FROM air_index")
        return [(subject, aqi, tuple(primary)) for subject, aqi, primary in rows]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def tables(request: pytest.FixtureRequest) -> Iterator[Rows]:
    """The twin, then PostgreSQL."""
    if request.param == "memory":
        yield MemoryRows()
        return
    postgres = PostgresRows(request.getfixturevalue("database_url"))
    yield postgres
    postgres.database.close()


@pytest.fixture
def lease(tables: Rows) -> Lease:
    """Partition 0 of a first log."""
    return tables.store.claim("reports", "log-a", [0], "worker-1")[0]


def mean(value: float) -> Means:
    """Return the mean of series 1 at T."""
    row = {"series": 1, "period": 0, "start": T, "samples": 60, "kind": 1, "valid": True, "reason": ""}
    figures = {"value": [value], "converted": [float("nan")], "mass_kg": [float("nan")]}
    return Means.of(**figures, **{name: [cell] for name, cell in row.items()})


def verdict(outcome: str) -> Verdicts:
    """Return the verdict of series 1 at T; everything but the outcome is the same."""
    row: dict[str, Any] = {
        name: [float("nan") if dtype is np.float64 else ""] for name, dtype in Verdicts.DTYPES.items()
    }
    return Verdicts.of(**row | {"series": [1], "period": [0], "start": [T], "outcome": [outcome]})


def report(number: int) -> Reports:
    """Return the report of device 1 at T with this digest."""
    row = {"device": 1, "observed_at": T, "kind": 1, "sent_at": T, "received_at": T, "bundle": 0, "position": 0}
    digest = np.array([number.to_bytes(32, "big")], "V32")
    return Reports.of(sha256=digest, **{name: [cell] for name, cell in row.items()})


def reading(value: float) -> Readings:
    """Return the reading of series 1 at T."""
    row = {"series": 1, "kind": 1, "observed_at": T, "value": value, "flag": 78, "sent_at": T, "sha8": 0}
    return Readings.of(**{name: [cell] for name, cell in row.items()})


def refused(
    position: int, letter_id: int = 0, *, whole: bool = True, reason: Rejection = Rejection.MALFORMED
) -> Rejected:
    """Return the rejection of one message."""
    return Rejected("ecovigil/x", "d", reason, "half \ud800 and NUL \0", bytes(32), T, position, whole, "", letter_id)


def refusing(lease: Lease, *rows: Rejected) -> WorkBatch:
    """Return a batch that refuses messages of the bundle at offset 7."""
    batch = WorkBatch([Advance(lease, 8, T)], raws=[(0, 7, pack_raw([b"first", b"second"]))])
    batch.rejected = [(0, row) for row in rows]
    return batch


def one_report(lease: Lease, number: int) -> WorkBatch:
    """Return a batch with one report."""
    return WorkBatch([Advance(lease, number, T)], raws=[(0, number, pack_raw([b"{}"]))], reports=report(number))


def test_each_version_of_a_mean_is_kept_and_a_repeat_is_none(tables: Rows, lease: Lease) -> None:
    for value in (1.0, 1.0, 2.0, float("nan"), float("nan")):
        tables.store.commit_work(WorkBatch([Advance(lease, 1, T)], means=mean(value)))

    assert tables.versions("mean") == [(1, 1.0), (2, 2.0), (3, None)]


def test_each_version_of_a_verdict_is_kept_and_a_repeat_is_none(tables: Rows, lease: Lease) -> None:
    for outcome in ("met", "exceeded", "exceeded", "met"):
        tables.store.commit_work(WorkBatch([Advance(lease, 1, T)], verdicts=verdict(outcome)))

    assert tables.versions("verdict") == [(1, "met"), (2, "exceeded"), (3, "met")]


def test_versions_in_one_batch_follow_one_another(tables: Rows, lease: Lease) -> None:
    rows = Verdicts.concat([verdict("met"), verdict("exceeded"), verdict("met")])

    tables.store.commit_work(WorkBatch([Advance(lease, 1, T)], verdicts=rows))

    assert tables.versions("verdict") == [(1, "met"), (2, "exceeded"), (3, "met")]


def test_of_two_values_the_one_that_lost_is_kept_with_what_superseded_it(tables: Rows, lease: Lease) -> None:
    first, second, third = (one_report(lease, number) for number in (1, 2, 3))
    first.readings, first.reading_report = reading(10.0), np.zeros(1, np.int32)
    second.winners, second.winner_report = reading(20.0), np.zeros(1, np.int32)
    third.losers, third.loser_report = reading(30.0), np.zeros(1, np.int32)

    for batch in (first, second, third):
        tables.store.commit_work(batch)

    assert sorted(tables.superseded()) == [(10.0, True), (30.0, True)]


def test_a_refused_message_is_kept_with_its_bytes_and_told(tables: Rows, lease: Lease) -> None:
    tables.store.commit_work(refusing(lease, refused(1), refused(0)))

    assert tables.letters() == [("malformed", "kept", b"second"), ("malformed", "kept", b"first")]
    assert tables.events() == [("dead_letters", "d"), ("dead_letters", "d")]


def test_two_readings_of_one_message_are_two_letters(tables: Rows, lease: Lease) -> None:
    tables.store.commit_work(refusing(lease, refused(0, whole=False), refused(0, whole=False)))

    assert len(tables.letters()) == 2


def test_a_rejection_that_is_read_again_is_the_same_letter(tables: Rows, lease: Lease) -> None:
    for _ in range(2):
        tables.store.commit_work(refusing(lease, refused(0)))

    assert len(tables.letters()) == len(tables.events()) == 1


def test_a_new_log_has_letters_of_its_own(tables: Rows, lease: Lease) -> None:
    tables.store.commit_work(refusing(lease, refused(0)))
    (other,) = tables.store.claim("reports", "log-b", [0], "worker-1")

    tables.store.commit_work(refusing(other, refused(0)))

    assert len(tables.letters()) == 2


def test_a_replay_that_is_refused_keeps_one_letter_with_todays_reason(tables: Rows, lease: Lease) -> None:
    tables.store.commit_work(refusing(lease, refused(0)))

    tables.store.commit_work(refusing(lease, refused(1, letter_id=1, reason=Rejection.NOT_ITS_SITE)))

    assert tables.letters() == [("not_its_site", "kept", b"first")]


def test_a_replayed_letter_moves_in_the_books_once(tables: Rows, lease: Lease) -> None:
    batch = refusing(lease, refused(0))
    batch.books = [BookEntry("d", DAY, received=1, rejected=1)]
    tables.store.commit_work(batch)

    for _ in range(2):
        stored = BookEntry("d", date(2014, 2, 20), received=1, stored=1)
        tables.store.commit_work(WorkBatch([Advance(lease, 9, T)], replayed=[(1, stored)]))

    assert tables.letters() == [("malformed", "replayed", b"first")]
    assert tables.books() == [("d", 0, 0, 0, 0), ("d", 1, 1, 0, 0)]


def test_a_replayed_part_of_a_report_leaves_the_books_alone(tables: Rows, lease: Lease) -> None:
    tables.store.commit_work(refusing(lease, refused(0, whole=False)))

    tables.store.commit_work(
        WorkBatch([Advance(lease, 9, T)], replayed=[(1, BookEntry("d", DAY, received=1, stored=1))])
    )

    assert (tables.letters()[0][1], tables.books()) == ("replayed", [])


def test_the_books_add_up(tables: Rows, lease: Lease) -> None:
    batch = WorkBatch([Advance(lease, 1, T)])
    batch.books = [BookEntry("d", DAY, 3, 1, 1, 1), BookEntry("e", DAY, 1, 1), BookEntry("d", DAY, 1, 1)]

    tables.store.commit_work(batch)
    tables.store.commit_work(WorkBatch([Advance(lease, 2, T)], books=[BookEntry("d", DAY, received=2)]))

    assert tables.books() == [("d", 6, 2, 1, 1), ("e", 1, 1, 0, 0)]


def test_events_keep_the_order_of_the_batch(tables: Rows, lease: Lease) -> None:
    events = [OutboxEvent("means.v1", key, json.dumps({}).encode()) for key in "cab"]

    tables.store.commit_work(WorkBatch([Advance(lease, 1, T)], outbox=events))

    assert [key for _, key in tables.events()] == ["c", "a", "b"]


def test_an_index_is_replaced_and_names_its_primary_pollutants(tables: Rows, lease: Lease) -> None:
    rows = [IndexRow("beijing", True, "hour", T, "hj633-2012", aqi, ("a34004", "a34002"), "{}") for aqi in (None, 201)]

    tables.store.commit_work(WorkBatch([Advance(lease, 1, T)], indices=rows))

    assert tables.indices() == [("beijing", 201, ("a34004", "a34002"))]

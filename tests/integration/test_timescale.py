"""Migrations and the worker's store on TimescaleDB, compiled to WebAssembly: one connection, no COPY, no root, no Docker."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from schemas.bundle import pack_raw
from schemas.columns import Means, Readings, Reports
from schemas.errors import LeaseLost
from schemas.times import DAY_US, HOUR_US, date_us
from store.port import Advance, Lease, WorkBatch
from store.postgres import Database
from store.schema import migrate, migrations, status
from store.work import PostgresWorkStore

pytestmark = pytest.mark.acceptance

SOURCES = Path(__file__).parent / "timescale"
INSTALLED = Path(__file__).parents[2] / ".cache" / "timescale"
T = date_us(date(2014, 2, 21))


@pytest.fixture(scope="module")
def server_port() -> Iterator[int]:
    """The port of a running TimescaleDB; its npm packages are kept under .cache."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed: TimescaleDB in WebAssembly cannot run")
    shutil.copytree(SOURCES, INSTALLED, dirs_exist_ok=True)
    npm = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
    subprocess.run(npm, cwd=INSTALLED, check=True, capture_output=True)
    node = ["node", "serve.mjs"]
    with subprocess.Popen(node, cwd=INSTALLED, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["port"])
        process.communicate()


@pytest.fixture(scope="module")
def database(server_port: int) -> Iterator[Database]:
    """A migrated database; INSERT takes the place of COPY."""
    url = f"postgresql://postgres:password@127.0.0.1:{server_port}/postgres?sslmode=disable"
    database = Database(url, copy=False)
    migrate(database)
    yield database
    database.close()


@pytest.fixture(scope="module")
def store(database: Database) -> PostgresWorkStore:
    """The worker's store."""
    return PostgresWorkStore(database)


@pytest.fixture
def lease(store: PostgresWorkStore) -> Lease:
    """Partition 0 with a new epoch."""
    return store.claim("reports", "log", [0], "worker")[0]


def batch_of(lease: Lease, number: int, *rows: tuple[int, int, float]) -> tuple[WorkBatch, Readings]:
    """Return a batch with one report, and readings for it from (series, observed_at, value)."""
    report = {"device": 1, "observed_at": T, "kind": 4, "sent_at": T, "received_at": T, "bundle": 0, "position": 0}
    batch = WorkBatch([Advance(lease, number, T)], raws=[(0, number, pack_raw([b"{}"]))])
    batch.reports = Reports.of(
        sha256=np.array([number.to_bytes(32, "big")], "V32"), **{name: [cell] for name, cell in report.items()}
    )
    series, at, value = zip(*rows, strict=True)
    zeros = [0] * len(rows)
    flags = [78] * len(rows)
    return batch, Readings.of(
        series=series, kind=zeros, observed_at=at, value=value, flag=flags, sent_at=zeros, sha8=zeros
    )


def stored(store: PostgresWorkStore, series: int) -> list[float]:
    """Return all values of a series: those of New Year 1998, and those of the tests' days."""
    start = np.array([date_us(date(1998, 1, 1)), T - 30 * DAY_US])
    end = np.array([date_us(date(1998, 1, 2)), T + 30 * DAY_US])
    found = store.window_readings(np.full(2, series, np.int32), start, end)
    return [float(value) for value in found.value]


def test_all_migrations_apply_and_readings_are_a_hypertable(database: Database) -> None:
    found = status(database)

    assert found.timescale
    assert found.applied == [m.name for m in migrations()]
    assert migrate(database) == []


def test_chunks_hold_seven_days_and_are_compressed_after_45(database: Database) -> None:
    with database.read() as cursor:
        cursor.execute("SELECT hypertable_name, time_interval = '7 days' FROM timescaledb_information.dimensions")
        assert cursor.fetchall() == [("reading", True)]
        cursor.execute(
            "SELECT config ->> 'compress_after' FROM timescaledb_information.jobs WHERE proc_name LIKE '%compression%'"
        )
        assert cursor.fetchall() == [("45 days",)]


def test_nothing_is_ever_deleted_by_itself(database: Database) -> None:
    with database.read() as cursor:
        cursor.execute("SELECT count(*) FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention'")
        assert cursor.fetchall() == [(0,)]


def test_readings_of_1998_and_2014_come_back(store: PostgresWorkStore, lease: Lease) -> None:
    batch, readings = batch_of(lease, 1, (1, date_us(date(1998, 1, 1)), 1.0), (1, T, 2.0), (1, T + 9 * DAY_US, 3.0))
    batch.readings, batch.reading_report = readings, np.zeros(3, np.int32)

    store.commit_work(batch)

    assert stored(store, 1) == [1.0, 2.0, 3.0]


def test_a_late_value_wins_in_a_compressed_chunk(store: PostgresWorkStore, lease: Lease) -> None:
    first, readings = batch_of(lease, 2, (2, T, 1.0), (2, T + HOUR_US, 2.0))
    first.readings, first.reading_report = readings, np.zeros(2, np.int32)
    store.commit_work(first)
    with store.database.transaction() as cursor:
        cursor.execute(
            "SELECT count(compress_chunk(chunk, if_not_compressed => TRUE)) FROM show_chunks('reading') AS chunk"
        )
        assert cursor.fetchall()[0][0] > 0

    second, winners = batch_of(lease, 3, (2, T, 5.0))
    second.winners, second.winner_report = winners, np.zeros(1, np.int32)
    store.commit_work(second)

    assert stored(store, 2) == [5.0, 2.0]


def test_a_backfill_into_a_compressed_chunk_is_stored(store: PostgresWorkStore, lease: Lease) -> None:
    batch, readings = batch_of(lease, 4, (3, T, 1.0))
    batch.readings, batch.reading_report = readings, np.zeros(1, np.int32)

    store.commit_work(batch)

    assert stored(store, 3) == [1.0]
    assert store.readings_at(readings)[0].tolist() == [True]


def test_a_changed_mean_is_a_new_version(store: PostgresWorkStore, lease: Lease) -> None:
    row = {"series": 1, "period": 0, "start": T, "samples": 60, "kind": 1, "valid": True, "reason": ""}
    for value in (1.0, 1.0, 2.0):
        figures = {"value": [value], "converted": [value], "mass_kg": [0.5]}
        means = Means.of(**figures, **{name: [cell] for name, cell in row.items()})
        store.commit_work(WorkBatch([Advance(lease, 5, T)], means=means))

    with store.database.read() as cursor:
        assert cursor.execute("SELECT version, value FROM mean").fetchall() == [(2, 2.0)]
        assert cursor.execute("SELECT version, value FROM mean_history").fetchall() == [(1, 1.0)]


def test_an_old_lease_writes_nothing(store: PostgresWorkStore, lease: Lease) -> None:
    store.claim("reports", "log", [0], "successor")

    with pytest.raises(LeaseLost):
        store.commit_work(WorkBatch([Advance(lease, 99, T)]))

    assert store.leases("reports", [0])[0].next_offset < 99

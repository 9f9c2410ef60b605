"""Puts an archive into the tables of a database: readings by binary COPY month by month, two connections at a time; all else as roles write it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import numpy as np

from ecovigil.bench.archive import DAY_H, Archive, pairs, verdicts_on
from ecovigil.bench.fleet import FleetShape
from schemas.times import from_us
from schemas.topics import REPORTS
from store.alert_port import AlertBatch
from store.alerts import PostgresAlerts
from store.binary import INSTANT, array, copy_stream
from store.port import Advance, WorkBatch
from store.postgres import Cursor, Database
from store.report_rows import reading_columns, report_columns
from store.sql import queries
from store.work import PostgresWorkStore

SQL: Final = queries("bench")
COMMIT: Final = queries("commit")
SLICE_H: Final = 6
"""Hours that are in memory at a time."""
AT_ONCE: Final = 2
"""Connections that fill at a time."""


def fill(url: str, archive: Archive) -> None:
    """Write an archive into migrated and empty tables, and leave them as autovacuum would in time; raises Unavailable."""
    with opened(url) as database:
        work = PostgresWorkStore(database)
        devices = [FleetShape().device_id(number) for number in range(archive.devices)]
        work.device_numbers(devices)
        work.series_numbers(pairs(devices))
        with database.transaction() as cursor:
            cursor.execute(SQL["reserve_reports"], {"free": int(archive.first_report[-1])})
    tasks: list[Callable[[], None]] = [
        lambda: _fill_reports(url, archive),
        lambda: _fill_last_month(url, archive),
        lambda: _fill_results(url, archive),
        *(_month_task(url, archive, hours) for hours in archive.months()[:-1]),
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()
    with opened(url) as database, database.read() as cursor:
        cursor.execute(SQL["settle"])
        cursor.execute(SQL["checkpoint"])


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Give a connection."""
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def _fill_last_month(url: str, archive: Archive) -> None:
    """Fill the month that goes on being written as workers do, so that its index looks as it does in use.

    One that is built at once has leaves that are all equally full, and split all at the same time.
    """
    hours = archive.months()[-1]
    with opened(url) as database:
        with database.transaction() as cursor:
            cursor.execute(
                COMMIT["reading_partition"], {"at": array(np.array([archive.hour_us(hours.start)]), INSTANT)}
            )
        for part in _slices(hours):
            with database.transaction() as cursor:
                _copy_readings(cursor, COMMIT["copy_readings"], archive, part)


def _month_task(url: str, archive: Archive, hours: range) -> Callable[[], None]:
    return lambda: _fill_month(url, archive, hours)


def _fill_month(url: str, archive: Archive, hours: range) -> None:
    """Make the partition of a month as `reading_partition` does, its index after its rows."""
    first = from_us(archive.hour_us(hours.start)).date()
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    named = {"month": f"reading_y{first:%Y}m{first:%m}", "first": f"{first} 00:00+00", "next": f"{following} 00:00+00"}
    with opened(url) as database, database.transaction() as cursor:
        cursor.execute(statement("make_month", **named))
        for part in _slices(hours):
            _copy_readings(cursor, statement("copy_month", **named), archive, part)
        cursor.execute(SQL["sort_in_memory"])
        cursor.execute(statement("index_month", **named))
        cursor.execute(statement("attach_month", **named))


def _copy_readings(cursor: Cursor, copying: bytes, archive: Archive, hours: range) -> None:
    readings, reports = archive.readings_of(hours)
    with cursor.copy(copying) as copy:
        copy.write(copy_stream(reading_columns(readings, reports)))


def _fill_reports(url: str, archive: Archive) -> None:
    no_bundle = np.zeros(1, np.int64)
    with opened(url) as database:
        for part in _slices(range(archive.hours)):
            reports, numbers = archive.reports_of(part)
            with database.transaction() as cursor, cursor.copy(COMMIT["copy_reports"]) as copy:
                copy.write(copy_stream(report_columns(reports, numbers, no_bundle)))


def _fill_results(url: str, archive: Archive) -> None:
    """Write means, verdicts and books day by day, then alerts, as worker and alerts role commit them."""
    with opened(url) as database:
        work = PostgresWorkStore(database)
        (lease,) = work.claim(REPORTS, "bench-archive", [0], "bench")
        for day in range(archive.days):
            means = archive.means_of(range(day * DAY_H, (day + 1) * DAY_H))
            advance = Advance(lease, day + 1, archive.hour_us((day + 1) * DAY_H))
            counts = archive.counts_of(day)
            work.commit_work(WorkBatch([advance], means=means, verdicts=verdicts_on(means), counts=counts))
        PostgresAlerts(database).commit_alerts(AlertBatch(alerts=[(alert, 0) for alert in archive.alerts()]))


def _slices(hours: range) -> Iterator[range]:
    for first in range(hours.start, hours.stop, SLICE_H):
        yield range(first, min(first + SLICE_H, hours.stop))


def statement(name: str, **words: str) -> bytes:
    """Return a statement of bench.sql with the names that stand in it in braces."""
    text = SQL[name]
    for word, value in words.items():
        text = text.replace(f"{{{word}}}".encode(), value.encode())
    return text

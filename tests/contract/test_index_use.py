"""Every question about readings and reports can be answered from the part of an hour in the index that its series or devices have."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from store.postgres import Database
from store.sql import queries

pytestmark = pytest.mark.live
AT = datetime(2026, 1, 10, 16, tzinfo=UTC)
END = datetime(2026, 1, 10, 18, tzinfo=UTC)
KEYS = {"series": [1], "kind": [1], "observed_at": [AT]}
SPAN = {"earliest": AT, "latest": END}
ROWS = {"c0": [1], "c1": [1], "c2": [AT], "c3": [1.0], "c4": [78], "c5": [1]} | SPAN
REPORTS = {"device": [1], "observed_at": [AT], "kind": [1], "sha256": [bytes(32)]}
WINDOW = {"site": ["s"], "parameter": ["a21026"], "period": [0], "start": [AT], "end": [END]} | SPAN

ABOUT_READINGS: list[tuple[str, str, dict[str, Any]]] = [
    ("work", "readings_at", KEYS | SPAN),
    ("work", "window_readings", {"series": [1], "start": [AT], "end": [END]} | SPAN),
    ("commit", "winners", ROWS),
    ("commit", "losers", ROWS),
    ("alerts", "window_facts", WINDOW),
    ("explain", "samples", {"site": "s", "parameters": ["a21026"], "start": AT, "finish": END}),
    ("amounts", "stopped", {"site": "s", "start": AT, "finish": END}),
]
ABOUT_REPORTS: list[tuple[str, str, dict[str, Any]]] = [
    ("work", "known_reports", REPORTS),
    ("work", "recalled_reports", REPORTS),
    ("accounts", "hours", {"start": AT, "finish": END, "allowed": "10 min"}),
]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """One with the month of the questions."""
    database = Database(database_url)
    with database.transaction() as cursor:
        cursor.execute("SELECT reading_partition(%s)", [AT])
    yield database
    database.close()


def conditions(database: Database, file: str, name: str, asked: dict[str, Any], index: str) -> list[str]:
    """Return what a statement asks of an index, where the planner may not read whole tables."""
    with database.transaction() as cursor:
        cursor.execute("SET LOCAL enable_seqscan TO off")
        cursor.execute("SET LOCAL enable_bitmapscan TO off")
        plan = "\n".join(row[0] for row in cursor.execute(b"EXPLAIN " + queries(file)[name], asked).fetchall())
    return re.findall(rf"Index (?:Only )?Scan using {index}.*\n\s*Index Cond: (.*)", plan)


@pytest.mark.parametrize(("file", "name", "asked"), ABOUT_READINGS)
def test_readings_are_sought_by_hour_and_series(
    database: Database, file: str, name: str, asked: dict[str, Any]
) -> None:
    (condition,) = conditions(database, file, name, asked, r"reading_y\w+")[:1]

    assert "date_bin" in condition
    assert re.search(r"\bseries = ", condition)


@pytest.mark.parametrize(("file", "name", "asked"), ABOUT_REPORTS)
def test_reports_are_sought_by_hour_and_device(database: Database, file: str, name: str, asked: dict[str, Any]) -> None:
    (condition,) = conditions(database, file, name, asked, "report_key")[:1]

    assert "date_bin" in condition
    assert re.search(r"\bdevice = ", condition)

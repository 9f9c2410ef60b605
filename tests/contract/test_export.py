"""The final state is the same text from PostgreSQL and from the in-memory twin."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from schemas.bundle import Rejected, pack_raw
from schemas.codes import AlertState, FindingKind, Grade, Period
from schemas.columns import Means
from schemas.topics import REPORTS
from store.alert_port import Alert, AlertBatch, AlertStore
from store.alerts import PostgresAlerts
from store.export import PostgresExport
from store.final_port import FinalStore, final_lines
from store.memory import MemoryStore
from store.port import Advance, BookEntry, IndexRow, Verdicts, WorkBatch, WorkStore
from store.postgres import Database
from store.work import PostgresWorkStore

NOON = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time
DAY = date(2026, 3, 10)


class Shelf:
    """A store that is written through the worker's and the alerts' slices and exported."""

    def __init__(self, work: WorkStore, alerts: AlertStore, final: FinalStore) -> None:
        self.work = work
        self.alerts = alerts
        self.final = final

    def commit(self, batch: WorkBatch) -> None:
        (lease,) = self.work.claim(REPORTS, "log", [0], "test")
        batch.advances = [Advance(lease, lease.next_offset + 1, NOON)]
        self.work.commit_work(batch)

    def raise_alerts(self, *alerts: Alert) -> None:
        self.alerts.commit_alerts(AlertBatch([], alerts=[(alert, 0) for alert in alerts]))

    def lines(self) -> list[str]:
        return list(final_lines(self.final.final_rows()))

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [row for row in map(json.loads, self.lines()) if row["table"] == table]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    """The twin, and PostgreSQL."""
    if request.param == "memory":
        store = MemoryStore()
        yield Shelf(store, store, store)
        return
    database = Database(request.getfixturevalue("database_url"))
    yield Shelf(PostgresWorkStore(database), PostgresAlerts(database), PostgresExport(database))
    database.close()


def means(series: list[int], period: list[int], value: list[float]) -> Means:
    n = len(series)
    return Means.of(
        series=series,
        period=period,
        start=[NOON] * n,
        value=value,
        samples=[60] * n,
        kind=[1] * n,
        valid=[True] * n,
        reason=[""] * n,
    )


def verdict(series: int, value: float) -> Verdicts:
    nan = float("nan")
    return Verdicts.of(
        series=[series],
        period=[0],
        start=[NOON],
        outcome=["exceeded"],
        value=[value],
        limit_min=[nan],
        limit_max=[10.0],
        times_over=[value / 10.0 - 1],
        reason=[""],
        rule=["r"],
        binding=["b"],
        basis=["measured"],
    )


def alert(number: int, kind: FindingKind, state: AlertState = AlertState.OPEN, site: str | None = "crusher") -> Alert:
    return Alert(
        UUID(int=number), kind, state, Grade.BLUE, NOON, NOON, site_id=site, period=Period.HOUR, first_start=NOON
    )


def test_an_empty_store_has_an_empty_final_state(shelf: Shelf) -> None:
    assert shelf.lines() == []


def test_means_are_sorted_by_their_natural_key_not_by_number(shelf: Shelf) -> None:
    z, a = shelf.work.series_numbers([("z", "a34013"), ("a", "a34013")])
    shelf.commit(WorkBatch([], means=means([z, a, a], [0, 0, 1], [1.0, 2.5, 0.1 + 0.2])))

    assert [(r["site"], r["period"], r["value"]) for r in shelf.rows("mean")] == [
        ("a", "day", 0.30000000000000004),
        ("a", "hour", 2.5),
        ("z", "hour", 1.0),
    ]


def test_a_line_is_stable_to_the_byte(shelf: Shelf) -> None:
    (number,) = shelf.work.series_numbers([("一号炉", "a34013")])
    shelf.commit(WorkBatch([], means=means([number], [0], [float("nan")])))

    (line,) = shelf.lines()
    assert line.startswith(
        '{"table":"mean","site":"一号炉","parameter":"a34013","period":"hour","start":"2026-03-10T12:00:00+08:00",'
        '"value":null,"samples":60,"kind":"minute","valid":true,"reason":""'
    )
    assert line.endswith("}\n")


def test_a_second_version_leaves_no_trace_but_its_content(shelf: Shelf) -> None:
    (number,) = shelf.work.series_numbers([("crusher", "a34013")])
    shelf.commit(WorkBatch([], verdicts=verdict(number, 12.0)))
    shelf.commit(WorkBatch([], verdicts=verdict(number, 15.0)))

    (row,) = shelf.rows("verdict")
    assert (row["value"], row["times_over"], row["limit_min"], row["limit_max"]) == (15.0, 0.5, None, 10.0)
    assert "version" not in row


def test_an_index_keeps_its_detail_with_keys_in_order(shelf: Shelf) -> None:
    index = IndexRow(
        "beijing", True, "hour", NOON, "hj633-2012", 155, ("a34004",), '{"b": 1.5, "a": {"d": 1, "c": null}}'
    )
    shelf.commit(WorkBatch([], indices=[index]))

    (line,) = shelf.lines()
    assert line.endswith('"aqi":155,"primary":["a34004"],"detail":{"a":{"c":null,"d":1},"b":1.5}}\n')


def test_alerts_that_do_not_stand_or_depend_on_arrival_are_left_out(shelf: Shelf) -> None:
    shelf.raise_alerts(
        alert(1, FindingKind.EXCEEDANCE, site="z"),
        alert(2, FindingKind.EXCEEDANCE, AlertState.WITHDRAWN),
        alert(3, FindingKind.SILENT_DEVICE),
        alert(4, FindingKind.EXCEEDANCE, site=None),
        alert(5, FindingKind.ABOVE_RANGE, AlertState.RESOLVED),
    )

    found = [(r["kind"], r["site"], r["state"]) for r in shelf.rows("alert")]
    assert found == [("above_range", "crusher", "resolved"), ("exceedance", None, "open"), ("exceedance", "z", "open")]


def test_books_hold_what_redelivery_cannot_change(shelf: Shelf) -> None:
    digest = sha256(b"{").digest()
    refused = [Rejected("t", "mn-1", "malformed", "", digest, NOON + i, 0, True) for i in range(3)]
    partial = Rejected("t", "mn-1", "invalid_value", "", digest, NOON, 0, False)
    entry = BookEntry("mn-1", DAY, received=9, stored=5, duplicate=1, rejected=3)
    rejected = [(0, one) for one in [*refused, partial]]
    shelf.commit(WorkBatch([], raws=[(0, 0, pack_raw([b"{"]))], rejected=rejected, books=[entry]))

    assert shelf.rows("book") == [
        {"table": "book", "device": "mn-1", "day": "2026-03-10", "stored": 5, "rejected": 1},
    ]


def test_numbers_read_back_the_same(shelf: Shelf) -> None:
    values = np.random.default_rng(3).normal(scale=1e3, size=50).tolist()
    numbers = shelf.work.series_numbers([(f"s{i:02d}", "a34013") for i in range(50)])
    shelf.commit(WorkBatch([], means=means(numbers, [0] * 50, values)))

    assert [row["value"] for row in shelf.rows("mean")] == values


def test_a_verdict_that_another_registry_took_back_is_history(shelf: Shelf) -> None:
    (series,) = shelf.work.series_numbers([("crusher", "a34013")])
    gone = replace(verdict(series, 25.0), reason=np.array(["not_limited"], np.object_))

    shelf.commit(WorkBatch([], verdicts=verdict(series, 25.0)))
    shelf.commit(WorkBatch([], verdicts=gone))

    assert shelf.rows("verdict") == []

"""Findings as the table keeps them, read again by the alerts role after a gap: PostgreSQL and the in-memory twin promise the same."""

from collections.abc import Iterator

import pytest

from alerts.told import told_by, told_in_table
from bus.port import LogRecord
from detectors.findings import finding_row
from schemas.codes import FindingKind
from schemas.events import Finding
from schemas.identity import content_id
from schemas.topics import FINDINGS
from store.alert_port import AlertBatch
from store.alerts import PostgresAlerts
from store.ledger import PostgresLedger
from store.ledger_port import OwnLoss, passed_over
from store.memory import MemoryStore
from store.port import Advance, WorkBatch
from store.postgres import Database
from store.work import PostgresWorkStore

T = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time


class Postgres(PostgresAlerts, PostgresWorkStore):
    """The slices on one connection."""

    def __init__(self, database: Database) -> None:
        PostgresWorkStore.__init__(self, database)

    def untold_losses(self) -> list[OwnLoss]:
        """Return what the ledger keeps."""
        return PostgresLedger(self.database).untold_losses()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def store(request: pytest.FixtureRequest) -> Iterator[MemoryStore | Postgres]:
    if request.param == "memory":
        yield MemoryStore()
        return
    database = Database(request.getfixturevalue("database_url"))
    yield Postgres(database)
    database.close()


def finding(number: int) -> Finding:
    detail = {"zone": 1, "aqi": 3.50, "primary": [None, "a34004"], "tiny": 1.5e-7, "b": {"y": 1, "x": 2.0}}
    return Finding(
        finding_id=content_id("f", number), kind=FindingKind.LATE_MARK, site_id="s", detected_at=T + number,
        detail=detail,
    )  # fmt: skip


def test_findings_are_found_by_when_they_were_told(store: MemoryStore | Postgres) -> None:
    store.commit_work(WorkBatch([], findings=[finding_row(finding(number)) for number in (3, 1, 2)]))

    found = [Finding.model_validate_json(payload) for payload in store.findings_since(T + 2)]

    assert found == [finding(2), finding(3)]


def test_a_finding_of_the_table_is_known_by_the_id_of_its_event(store: MemoryStore | Postgres) -> None:
    row = finding_row(finding(1))
    store.commit_work(WorkBatch([], findings=[row]))

    event, (kept,) = told_by(LogRecord(FINDINGS, 0, 0, row.payload)), map(told_in_table, store.findings_since(T))

    assert event is not None
    assert kept is not None
    assert (kept.event_id, kept.row_id) == (event.event_id, event.row_id)


def test_a_loss_is_kept_with_the_offsets(store: MemoryStore | Postgres) -> None:
    (lease,) = store.claim(FINDINGS, "log", [0], "alerts")

    store.commit_alerts(AlertBatch([Advance(lease, 9, T)], losses=[passed_over(FINDINGS, 0, 4, T)]))

    assert store.untold_losses() == [("offset_gone", "findings.v1/0@4", T, None)]
    assert [lease.next_offset for lease in store.leases(FINDINGS, [0])] == [9]

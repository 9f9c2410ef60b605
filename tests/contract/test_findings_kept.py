"""Findings as the table keeps them, read again by the alerts role after a gap: PostgreSQL and the in-memory twin promise the same."""

import pytest

from alerts.told import told_by, told_in_table
from bus.port import LogRecord
from detectors.findings import finding_row
from schemas.codes import FindingKind
from schemas.events import Finding
from schemas.identity import content_id
from schemas.topics import FINDINGS
from store.alert_port import AlertBatch
from store.ledger_port import passed_over
from store.port import Advance, WorkBatch
from tests.contract.alert_stores import Store

T = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time


@pytest.fixture
def store(alert_stores: Store) -> Store:
    return alert_stores


def finding(number: int) -> Finding:
    detail = {"zone": 1, "aqi": 3.50, "primary": [None, "a34004"], "tiny": 1.5e-7, "b": {"y": 1, "x": 2.0}}
    return Finding(
        finding_id=content_id("f", number), kind=FindingKind.LATE_MARK, site_id="s", detected_at=T + number,
        detail=detail,
    )  # fmt: skip


def test_findings_are_found_by_when_they_were_told(store: Store) -> None:
    store.commit_work(WorkBatch([], findings=[finding_row(finding(number)) for number in (3, 1, 2)]))

    found = [Finding.model_validate_json(payload) for payload in store.findings_since(T + 2)]

    assert found == [finding(2), finding(3)]


def test_a_finding_of_the_table_is_known_by_the_id_of_its_event(store: Store) -> None:
    row = finding_row(finding(1))
    store.commit_work(WorkBatch([], findings=[row]))

    event, (kept,) = told_by(LogRecord(FINDINGS, 0, 0, row.payload)), map(told_in_table, store.findings_since(T))

    assert event is not None
    assert kept is not None
    assert (kept.event_id, kept.row_id) == (event.event_id, event.row_id)


def test_a_loss_is_kept_with_the_offsets(store: Store) -> None:
    (lease,) = store.claim(FINDINGS, "log", [0], "alerts")

    store.commit_alerts(AlertBatch([Advance(lease, 9, T)], losses=[passed_over(FINDINGS, 0, 4, T)]))

    assert store.untold_losses() == [("offset_gone", "findings.v1/0@4", T, None)]
    assert [lease.next_offset for lease in store.leases(FINDINGS, [0])] == [9]

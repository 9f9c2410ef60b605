"""Findings as rows and events: one natural id, the event's JSON, the partition key of its subject."""

from schemas import topics
from schemas.codes import FindingKind, FindingStatus, Period
from schemas.events import Finding
from schemas.identity import content_id
from store.port import FindingRow, Lease, OutboxEvent


def finding_row(finding: Finding) -> FindingRow:
    """Return the row that keeps a finding."""
    return FindingRow(
        finding_id=str(finding.finding_id),
        kind=finding.kind.value,
        site_id=finding.site_id,
        device_id=finding.device_id,
        city=finding.city,
        parameter=finding.parameter,
        start=finding.start,
        detected_at=finding.detected_at,
        payload=finding.model_dump_json(exclude_none=True).encode(),
    )


def finding_event(row: FindingRow) -> OutboxEvent:
    """Return the event that tells of a finding, keyed so that one subject's findings stay in order."""
    return OutboxEvent(topics.FINDINGS, row.site_id or row.city or row.device_id or "", row.payload)


def exceedance(
    site: str, parameter: str, period: Period, start: int, status: FindingStatus, now: int, detail: dict[str, object]
) -> Finding:
    """Return the finding that the verdict of one window is, or is no longer, exceeded."""
    return Finding(
        finding_id=content_id("finding", FindingKind.EXCEEDANCE, site, parameter, period, start),
        kind=FindingKind.EXCEEDANCE,
        status=status,
        site_id=site,
        parameter=parameter,
        period=period,
        start=start,
        detected_at=now,
        detail=detail,
    )


def silent(device_id: str, sites: list[str], heard_at: int, status: FindingStatus, now: int) -> Finding:
    """Return the finding that a device has gone silent since `heard_at`, or speaks again."""
    return Finding(
        finding_id=content_id("finding", FindingKind.SILENT_DEVICE, device_id, heard_at),
        kind=FindingKind.SILENT_DEVICE,
        status=status,
        site_id=sites[0] if sites else None,
        device_id=device_id,
        start=heard_at,
        detected_at=now,
        detail={"sites": sites, "heard_at": heard_at},
    )


def device_clock(device_id: str, site: str, received_hour: int, now: int, detail: str) -> Finding:
    """Return the finding that a device dates its reports in the future; one an hour."""
    return Finding(
        finding_id=content_id("finding", FindingKind.DEVICE_CLOCK, device_id, received_hour),
        kind=FindingKind.DEVICE_CLOCK,
        site_id=site or None,
        device_id=device_id,
        start=received_hour,
        detected_at=now,
        detail={"example": detail},
    )


def log_gap(lease: Lease, earliest: int, status: FindingStatus = FindingStatus.RAISED, by: str = "") -> Finding:
    """Return the finding that a partition cannot be read on at `lease.next_offset`: the log now begins at `earliest`, or ends before."""
    detail = {
        "topic": lease.topic,
        "partition": lease.partition,
        "offset": lease.next_offset,
        "earliest": earliest,
        "records": max(0, earliest - lease.next_offset),
    }
    return Finding(
        finding_id=content_id(
            "finding", FindingKind.LOG_GAP, lease.topic, lease.partition, lease.log_id, lease.next_offset
        ),
        kind=FindingKind.LOG_GAP,
        status=status,
        detected_at=lease.tick_at,
        detail=detail | ({"by": by} if by else {}),
    )


def of_hour(
    kind: FindingKind,
    site: str,
    parameter: str,
    hour: int,
    now: int,
    detail: dict[str, object],
    device_id: str | None = None,
) -> Finding:
    """Return a finding about one parameter in one hour: conflicting values, values above range."""
    return Finding(
        finding_id=content_id("finding", kind, site, parameter, hour),
        kind=kind,
        site_id=site,
        device_id=device_id,
        parameter=parameter,
        period=Period.HOUR,
        start=hour,
        detected_at=now,
        detail=detail,
    )


def own_loss(kind: FindingKind, cause: str, subject: str, noted_at: int, messages: int | None, now: int) -> Finding:
    """Return the finding that we may have lost something ourselves; one for each cause and subject."""
    detail = {"cause": cause, "subject": subject} | ({"messages": messages} if messages else {})
    return Finding(
        finding_id=content_id("finding", kind, cause, subject),
        kind=kind,
        start=noted_at,
        detected_at=now,
        detail=detail,
    )

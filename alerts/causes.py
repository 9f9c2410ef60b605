"""Alerts of every other kind: one per natural key of its cause, moved by the findings about it."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from uuid import UUID

from alerts.grading import grade_of_finding
from alerts.lifecycle import STANDING, Change, Reason, reopen, resolve, stepped, why_regraded, withdraw
from schemas.codes import AlertState, FindingKind, FindingStatus, Rejection
from schemas.events import Finding
from schemas.identity import content_id
from schemas.registry import Registry
from schemas.times import HOUR_US
from store.alert_port import Alert


class Scope(Enum):
    """What makes two findings of a kind the same cause."""

    DEVICE = "the device, as long as an alert about it stands"
    SITE_HOUR = "site, parameter and hour"
    SITE_DAY = "site, parameter and natural day"
    SITE_YEAR = "site and natural year"
    ONSET = "city and onset"
    PLATFORM = "one loss of our own"
    LOG = "the finding itself: one partition of one log, up to one offset"


SCOPES: Final[dict[FindingKind, Scope]] = {
    FindingKind.SILENT_DEVICE: Scope.DEVICE,
    FindingKind.DEVICE_CLOCK: Scope.DEVICE,
    FindingKind.DEAD_LETTER: Scope.DEVICE,
    FindingKind.LOG_REPLACED: Scope.PLATFORM,
    FindingKind.OWN_LOSS: Scope.PLATFORM,
    FindingKind.LOG_GAP: Scope.LOG,
    FindingKind.CONFLICTING_VALUES: Scope.SITE_HOUR,
    FindingKind.ABOVE_RANGE: Scope.SITE_HOUR,
    FindingKind.EARLY_WARNING: Scope.SITE_HOUR,
    FindingKind.CONVERTED_MISMATCH: Scope.SITE_HOUR,
    FindingKind.FURNACE_TEMPERATURE: Scope.SITE_DAY,
    FindingKind.FURNACE_TIME: Scope.SITE_YEAR,
    FindingKind.HEAVY_POLLUTION: Scope.ONSET,
    FindingKind.HEALTH_NOTICE: Scope.ONSET,
}


@dataclass(frozen=True)
class Cause:
    """The natural key of a finding's alert."""

    alert_id: UUID
    kind: FindingKind
    device_id: str | None
    """Set where an alert that stands about this device is the same cause."""


def cause_of(finding: Finding) -> Cause | None:
    """Return the cause a finding is about; None where its kind raises no alert."""
    scope = SCOPES.get(finding.kind)
    if scope is None or _is_ordinary_refusal(finding):
        return None
    start = finding.start if finding.start is not None else finding.detected_at
    if scope is Scope.DEVICE:
        key: tuple[object, ...] = (finding.device_id or "", start)
    elif scope is Scope.SITE_HOUR:
        key = (finding.site_id, finding.parameter, start // HOUR_US * HOUR_US)
    elif scope in (Scope.SITE_DAY, Scope.SITE_YEAR):
        key = (finding.site_id, finding.parameter, start)
    elif scope is Scope.PLATFORM:
        key = (finding.detail.get("cause"), finding.detail.get("subject"))
    elif scope is Scope.LOG:
        key = (finding.finding_id,)
    else:
        key = (finding.city, start)
    alert_id = content_id("alert", finding.kind, *key)
    return Cause(alert_id, finding.kind, (finding.device_id or "") if scope is Scope.DEVICE else None)


def _is_ordinary_refusal(finding: Finding) -> bool:
    """Whether it is a dead letter that is the sender's affair: it is counted, not alerted."""
    reason = finding.detail.get("reason", Rejection.INTERNAL_ERROR)
    return finding.kind is FindingKind.DEAD_LETTER and reason != Rejection.INTERNAL_ERROR


def changes_of(finding: Finding, cause: Cause, before: Alert | None, registry: Registry) -> list[Change]:
    """Return what a finding changes in the alert about its cause (`before`; None: there is none)."""
    if finding.status in (FindingStatus.RAISED, FindingStatus.CHANGED):
        return [_raised(finding, cause, registry)] if before is None else _told_again(finding, before, registry)
    if before is None or before.state is AlertState.WITHDRAWN:
        return []
    if finding.status is FindingStatus.WITHDRAWN:
        return [withdraw(before, finding.detected_at)]
    ended = before.detail | _figures(finding) | {"ended_at": finding.detected_at}
    if before.state in STANDING:
        return [resolve(before, finding.detected_at, detail=ended)]
    # a closed alert stays closed, but a plan that is in force because of it must learn that the cause is over
    return [stepped(before, Reason.EXTENDED, finding.detected_at, detail=ended)]


def _raised(finding: Finding, cause: Cause, registry: Registry) -> Change:
    sites = sites_of(finding, registry)
    site_id = finding.site_id or (sites[0] if len(sites) == 1 else None)
    return Change(
        Alert(
            alert_id=cause.alert_id,
            kind=finding.kind,
            state=AlertState.OPEN,
            grade=grade_of_finding(finding),
            raised_at=finding.detected_at,
            changed_at=finding.detected_at,
            site_id=site_id,
            city=finding.city,
            device_id=finding.device_id,
            sites=sites,
            parameter=finding.parameter,
            period=finding.period,
            first_start=finding.start,
            last_start=finding.start,
            detail=_figures(finding),
        ),
        Reason.RAISED,
    )


def _told_again(finding: Finding, before: Alert, registry: Registry) -> list[Change]:
    grade = grade_of_finding(finding)
    figures = {
        "grade": grade,
        "detail": {key: value for key, value in before.detail.items() if key != "ended_at"} | _figures(finding),
        "sites": tuple(sorted({*before.sites, *sites_of(finding, registry)})),
        "last_start": max(filter(None, (before.last_start, finding.start)), default=None),
    }
    higher = grade.rank > before.grade.rank
    if before.state in STANDING:
        reason = why_regraded(before.grade, grade)
        return [
            stepped(before, Reason.EXTENDED if reason is Reason.UNCHANGED else reason, finding.detected_at, **figures)
        ]
    if before.state is AlertState.CLOSED and not higher:
        return []
    return [reopen(before, finding.detected_at, **figures)]


def sites_of(finding: Finding, registry: Registry) -> tuple[str, ...]:
    """Return all sites a finding concerns, sorted: a logger concerns every site it reports for."""
    device = registry.devices.get(finding.device_id or "")
    named = {finding.site_id} if finding.site_id else set()
    whole = SCOPES.get(finding.kind) is Scope.DEVICE
    return tuple(sorted(named.union(device.sites) if device and whole else named))


def _figures(finding: Finding) -> dict[str, Any]:
    figures = dict(finding.detail)
    if finding.kind in (FindingKind.HEAVY_POLLUTION, FindingKind.HEALTH_NOTICE):
        figures["basis"] = "observed"
        figures["reductions"] = finding.kind is FindingKind.HEAVY_POLLUTION
    return figures

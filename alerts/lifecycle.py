"""The life of an alert: its states, the reasons for each step, and the steps themselves as pure functions."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from schemas.codes import AlertState, Grade
from store.alert_port import Alert


class Reason(StrEnum):
    """Why an alert changed; it travels to history, notifications and `alerts.v1`."""

    RAISED = "raised"
    ESCALATED = "escalated"
    DE_ESCALATED = "de_escalated"
    AMENDED = "amended"
    """A figure that was told has been corrected by late data."""
    EXTENDED = "extended"
    """It goes on at the same grade: kept in the alert, no step, nobody is told again."""
    RESOLVED = "resolved"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    """Its cause turned out not to exist."""
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    UNCHANGED = "unchanged"


SILENT: Final = frozenset({Reason.EXTENDED, Reason.UNCHANGED})
"""Reasons that are no step of the alert."""
STANDING: Final = frozenset({AlertState.OPEN, AlertState.ACKNOWLEDGED})
"""States in which something is left to do."""


@dataclass(frozen=True)
class Change:
    """An alert after a change, and why."""

    alert: Alert
    reason: Reason
    by: str = ""
    note: str = ""


def stepped(alert: Alert, reason: Reason, at: int, **changed: Any) -> Change:
    """Return the alert with `changed` fields, one step on; a silent reason takes no step."""
    if reason in SILENT:
        return Change(replace(alert, **changed), reason)
    at = max(at, alert.changed_at)
    return Change(replace(alert, step=alert.step + 1, changed_at=at, **changed), reason)


def standing_state(alert: Alert) -> AlertState:
    """Return the state of an alert that still holds: what a person said of it stays said."""
    return AlertState.OPEN if alert.acknowledged_at is None else AlertState.ACKNOWLEDGED


def why_regraded(before: Grade, after: Grade) -> Reason:
    """Return how the grade moved."""
    if after.rank == before.rank:
        return Reason.UNCHANGED
    return Reason.ESCALATED if after.rank > before.rank else Reason.DE_ESCALATED


def resolve(alert: Alert, at: int, **changed: Any) -> Change:
    """End a standing alert because its cause ended."""
    return stepped(alert, Reason.RESOLVED, at, state=AlertState.RESOLVED, **changed)


def withdraw(alert: Alert, at: int, **detail: Any) -> Change:
    """Take an alert back, whatever its state: its cause did not exist; `detail` is added, for example `replaced_by`."""
    return stepped(alert, Reason.WITHDRAWN, at, state=AlertState.WITHDRAWN, detail=alert.detail | detail)


def reopen(alert: Alert, at: int, **changed: Any) -> Change:
    """Let an alert stand again: what ended it was corrected."""
    return stepped(alert, Reason.REOPENED, at, state=standing_state(alert), **changed)


class Refusal(StrEnum):
    """Why a person's action does not fit an alert."""

    NONE = "none"
    NOT_OPEN = "not_open"
    ALREADY_CLOSED = "already_closed"
    WITHDRAWN = "withdrawn"
    NOBODY = "nobody"
    NO_REASON = "no_reason"


def why_not_acknowledge(alert: Alert, by: str) -> Refusal:
    """Return why `by` cannot acknowledge the alert."""
    if not by.strip():
        return Refusal.NOBODY
    return Refusal.NONE if alert.state is AlertState.OPEN else Refusal.NOT_OPEN


def why_not_close(alert: Alert, by: str, note: str) -> Refusal:
    """Return why `by` cannot close the alert."""
    if not by.strip():
        return Refusal.NOBODY
    if not note.strip():
        return Refusal.NO_REASON
    ended = {AlertState.CLOSED: Refusal.ALREADY_CLOSED, AlertState.WITHDRAWN: Refusal.WITHDRAWN}
    return ended.get(alert.state, Refusal.NONE)


def acknowledge(alert: Alert, by: str, at: int) -> Change:
    """A person has seen the alert and takes it on."""
    change = stepped(
        alert, Reason.ACKNOWLEDGED, at, state=AlertState.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by=by
    )
    return replace(change, by=by)


def close(alert: Alert, by: str, note: str, at: int) -> Change:
    """A person ends the alert and says why; what comes after the last window known then is a new alert."""
    closed = {"state": AlertState.CLOSED, "closed_at": at, "closed_by": by, "closed_reason": note}
    return replace(stepped(alert, Reason.CLOSED, at, **closed), by=by, note=note)

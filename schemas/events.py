"""What others can read from Kafka: means, findings, alerts, dead letters; JSON, one event a record."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.codes import AlertState, FindingKind, FindingStatus, Grade, Period, Rejection


class Event(BaseModel):
    """A past fact; unknown keys are ignored, so that a newer writer does not break an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class MeanValue(Event):
    """One closed mean of a parameter."""

    parameter: str
    value: float | None
    """None where there were no valid samples."""
    valid: bool
    samples: int
    reason: str = ""
    version: int = 1


class MeansClosed(Event):
    """The means of one site for one hour or day: all that closed, or changed, together (`means.v1`)."""

    type: Literal["means.v1"] = "means.v1"
    site_id: str
    site_kind: str
    city: str | None
    organisation_id: str | None
    period: Period
    start: int
    """Start of the period, µs UTC."""
    closed_at: int = 0
    """The tick at which these values were known, µs UTC; 0 = not said."""
    means: list[MeanValue]


class Finding(Event):
    """What a detector has to say (`findings.v1`); the id comes from the natural key, so a repeat is the same finding."""

    type: Literal["findings.v1"] = "findings.v1"
    finding_id: UUID
    kind: FindingKind
    status: FindingStatus = FindingStatus.RAISED
    site_id: str | None = None
    city: str | None = None
    device_id: str | None = None
    parameter: str | None = None
    period: Period | None = None
    start: int | None = None
    """Start of the window it is about, µs UTC."""
    detected_at: int
    """The tick at which it was known, µs UTC."""
    grade: Grade | None = None
    """For findings that bring their own grade (heavy pollution)."""
    detail: dict[str, Any] = {}
    """Figures a person needs: value, limit, times_over, rule …; JSON values only."""


class AlertChanged(Event):
    """An alert was raised, escalated, resolved, withdrawn … (`alerts.v1`)."""

    type: Literal["alerts.v1"] = "alerts.v1"
    alert_id: UUID
    step: int
    """Counts the changes of this alert from 1."""
    kind: FindingKind
    state: AlertState
    grade: Grade
    reason: str
    site_id: str | None = None
    city: str | None = None
    device_id: str | None = None
    parameter: str | None = None
    raised_at: int
    changed_at: int
    text_zh: str
    text_en: str
    detail: dict[str, Any] = {}


class DeadLettered(Event):
    """A message was refused and kept (`dead_letters`)."""

    type: Literal["dead_letters.v1"] = "dead_letters.v1"
    letter_id: int
    topic: str
    device_id: str
    reason: Rejection
    detail: str
    sha256: str
    received_at: int
    raw_base64: str

"""Marks (标记): governed, versioned statements that a stretch of a site's data is invalid or was made under a special working condition."""

from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from pydantic import Field, model_validator

from schemas.events import Event
from schemas.identity import content_id


class MarkKind(StrEnum):
    """What a mark says: of the device (its data are invalid) or of the plant (data count only beyond a time limit)."""

    CALIBRATION = "calibration"
    """校准: the monitor was being calibrated."""
    FAULT = "fault"
    """故障: the monitor was out of order."""
    MAINTENANCE = "maintenance"
    """日常维护: the monitor was being serviced."""
    STOPPED = "stopped"
    """停运: the monitored unit, or its monitor, was out of operation."""
    START_UP = "start_up"
    """启炉、启动: the unit was starting up."""
    SHUT_DOWN = "shut_down"
    """停炉: the unit was shutting down."""
    LOW_LOAD = "low_load"
    """低负荷: the unit ran below its normal load."""

    @property
    def zh(self) -> str:
        """The kind in Chinese, for example 校准."""
        return KIND_ZH[self]


KIND_ZH: Final = {
    MarkKind.CALIBRATION: "校准",
    MarkKind.FAULT: "故障",
    MarkKind.MAINTENANCE: "日常维护",
    MarkKind.STOPPED: "停运",
    MarkKind.START_UP: "启炉",
    MarkKind.SHUT_DOWN: "停炉",
    MarkKind.LOW_LOAD: "低负荷",
}
DEVICE_KINDS: Final = frozenset({MarkKind.CALIBRATION, MarkKind.FAULT, MarkKind.MAINTENANCE, MarkKind.STOPPED})
"""The data are invalid: nothing is judged by them."""
START_AND_STOP: Final = frozenset({MarkKind.START_UP, MarkKind.SHUT_DOWN})
CONDITION_KINDS: Final = frozenset(MarkKind) - DEVICE_KINDS
"""The data are left out only inside the time limit of the industry."""


class MarkStatus(StrEnum):
    """Where a mark is in its life; each change is a new version."""

    STANDING = "standing"
    """待审: entered, nobody has reviewed it; no objection is needed for it to count."""
    ACCEPTED = "accepted"
    """认可: the authority agrees."""
    REJECTED = "rejected"
    """驳回: the authority does not agree; the data are judged as if it were not there."""
    WITHDRAWN = "withdrawn"
    """撤回: its author took it back."""

    @property
    def zh(self) -> str:
        """The status in Chinese, for example 待审."""
        return STATUS_ZH[self]


STATUS_ZH: Final = {
    MarkStatus.STANDING: "待审",
    MarkStatus.ACCEPTED: "认可",
    MarkStatus.REJECTED: "驳回",
    MarkStatus.WITHDRAWN: "撤回",
}
IN_FORCE: Final = frozenset({MarkStatus.STANDING, MarkStatus.ACCEPTED})

Variant = Literal["", "cold", "hot"]


class Mark(Event):
    """One version of a mark (`mark.v1`, on topic `marks.v1`)."""

    type: Literal["mark.v1"] = "mark.v1"
    mark_id: UUID
    """From the natural key: the same mark entered twice is the same mark."""
    version: int = Field(default=1, ge=1)
    site_id: str
    parameters: tuple[str, ...] = ()
    """HJ 212 codes, sorted (a code stands for its converted value too); empty: all of the site."""
    kind: MarkKind
    variant: Variant = ""
    """Of a start-up: cold or hot, which have other time limits; "" = not said."""
    start: int
    """First instant of the stretch, µs UTC."""
    end: int
    """End of the stretch, exclusive, µs UTC."""
    entered_by: str
    entered_at: int
    """When it was first entered, µs UTC: decides whether it was in time."""
    evidence: str = ""
    """What proves it: work order, log entry, photograph …"""
    status: MarkStatus = MarkStatus.STANDING
    decided_by: str = ""
    """Who reviewed it, or took it back."""
    decided_why: str = ""
    recorded_at: int
    """When this version was entered, µs UTC."""

    @model_validator(mode="after")
    def _has_a_stretch(self) -> "Mark":
        if self.end <= self.start:
            raise ValueError("a mark ends after it starts")
        return self

    @property
    def is_in_force(self) -> bool:
        """Whether it stands: neither withdrawn nor rejected. Whether it was in time is the law's question."""
        return self.status in IN_FORCE

    def covers(self, parameter: str) -> bool:
        """Whether it speaks of a parameter; the converted value goes with the measured one."""
        return not self.parameters or parameter in self.parameters or parameter.partition("-")[0] in self.parameters


def mark_id_of(site: str, parameters: tuple[str, ...], kind: MarkKind, start: int, end: int, by: str, at: int) -> UUID:
    """Return the id of the mark that `by` entered at the instant `at`."""
    return content_id("mark", site, " ".join(parameters), kind, start, end, by, at)

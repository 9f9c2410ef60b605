"""`report.v1`: one message of a device, as devices send it over MQTT (JSON)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.times import CST

KindWord = Literal["realtime", "minute", "five_minute", "ten_minute", "hour", "day"]


def _as_cst(value: Any) -> Any:
    """Read a time without an offset as China Standard Time; loggers leave it out."""
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            return value
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=CST)
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_as_cst)]


class Reading(BaseModel):
    """One value of one parameter at one site."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    parameter: str = Field(min_length=1, max_length=24)
    """HJ 212 code, for example a21026 (SO2); suffix -Zs = converted to baseline oxygen. Unit as registered for the channel."""
    value: float = Field(allow_inf_nan=False)
    """The value in the registered unit."""
    flag: str = Field(default="N", pattern="^[A-Z0-9]$")
    """The monitor's own opinion of the value (HJ 212-2017 table 8); only N counts towards a mean."""


class ReportV1(BaseModel):
    """Many readings of one instant or period. Unknown keys are ignored: the bytes are kept anyway."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    observed_at: Instant
    """The START of the period, or the instant of a realtime reading; without an offset: China Standard Time."""
    kind: KindWord
    """What the readings cover."""
    readings: list[Reading | tuple[str, float] | tuple[str, float, str]] = Field(min_length=1, max_length=1000)
    """Objects, or the short forms [parameter, value] and [parameter, value, flag]."""
    sent_at: Instant | None = None
    """When the device sent the report; absent: the end of the period. Decides between two values of one reading."""
    site: str | None = Field(default=None, max_length=64)
    """Which of the device's sites; may be absent where the device has one."""

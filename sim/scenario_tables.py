"""What all tables of a scenario file share: strictness, and times that are China Standard Time unless they say otherwise."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.codes import FindingKind
from schemas.times import local_us


class Table(BaseModel):
    """A table of the file; unknown keys and values of another type are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _microseconds(value: Any) -> int:
    if not isinstance(value, datetime):
        raise ValueError("a date-time is needed, for example 2026-03-10T08:00:00 (China Standard Time)")
    return local_us(value)


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("a date is needed, for example 2026-03-10")
    return value


def _known_kind(value: Any) -> str:
    if value not in FINDING_KINDS:
        raise ValueError(f"no such kind; known are {', '.join(sorted(FINDING_KINDS))}")
    return str(value)


FINDING_KINDS: Final = frozenset(kind.value for kind in FindingKind)

Moment = Annotated[int, BeforeValidator(_microseconds)]
"""A local date-time, as microseconds since 1970."""
LocalDate = Annotated[date, BeforeValidator(_day)]
Name = Annotated[str, Field(min_length=1)]
Parameter = Annotated[str, Field(min_length=1, max_length=24)]
Positive = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Kind = Annotated[str, BeforeValidator(_known_kind)]
"""Kind of a finding or an alert."""
KindWord = Literal["realtime", "minute", "five_minute", "ten_minute", "hour", "day"]

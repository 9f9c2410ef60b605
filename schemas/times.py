"""Instants: microseconds since 1970 (UTC) in columns, aware datetimes in models, China Standard Time for people."""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

CST: Final = timezone(timedelta(hours=8), "CST")
"""China Standard Time; the country has used no summer time since 1991."""

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
CST_OFFSET_US: Final = 8 * HOUR_US

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Where `now` comes from: the machine at the rim, a virtual clock in a replay."""

    def now(self) -> int:
        """Return the instant in microseconds."""
        ...


def to_us(instant: datetime) -> int:
    """Return an aware datetime as microseconds since 1970; exact, never through floating point."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def from_us(instant_us: int) -> datetime:
    """Return the aware UTC datetime of `instant_us`."""
    return _EPOCH + timedelta(microseconds=int(instant_us))


def to_cst(instant_us: int) -> datetime:
    """Return the instant as China Standard Time, for people."""
    return from_us(instant_us).astimezone(CST)


def local_us(local: datetime) -> int:
    """Return a naive local date-time, understood as China Standard Time, in microseconds (aware ones as they are)."""
    return to_us(local if local.tzinfo else local.replace(tzinfo=CST))


def day_of(instant_us: int) -> date:
    """Return the China Standard Time date of an instant."""
    return to_cst(instant_us).date()


@lru_cache(maxsize=4096)
def date_us(day: date) -> int:
    """Return the first instant of a China Standard Time date."""
    return to_us(datetime(day.year, day.month, day.day, tzinfo=CST))


def hour_start(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the start of the hour of each instant."""
    return instants // HOUR_US * HOUR_US


def day_start(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the start of the China Standard Time day of each instant."""
    return (instants + CST_OFFSET_US) // DAY_US * DAY_US - CST_OFFSET_US


def cst_text(instant_us: int, *, seconds: bool = False) -> str:
    """Return `2026-03-10 08:00` (China Standard Time), as people read it."""
    return to_cst(instant_us).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")

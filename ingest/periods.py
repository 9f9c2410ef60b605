"""When a report is of: its kind, the start of its period, when it was sent; a time that cannot be is a refusal."""

from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from ingest.directory import SiteEntry
from schemas.codes import KIND_BY_WIRE, KIND_LENGTH_S, Kind, Rejection
from schemas.errors import InvalidReport
from schemas.report import Instant
from schemas.times import CST, CST_OFFSET_US, DAY_US, HOUR_US, SECOND_US, cst_text, to_us

EARLIEST_US: Final = to_us(datetime(2000, 1, 1, tzinfo=CST))
"""No online monitor is older: an earlier `observed_at` is a clock that was never set."""

_INSTANT: Final[TypeAdapter[datetime]] = TypeAdapter(Instant)


class Period(NamedTuple):
    """The times of a report."""

    kind: Kind
    observed_at: int
    sent_at: int


def period_of(document: dict[str, Any], site: SiteEntry, latest_us: int) -> Period:
    """Return the times of a report that must not be later than `latest_us`; raises InvalidReport."""
    word = document.get("kind")
    kind = KIND_BY_WIRE.get(word) if type(word) is str else None
    if kind is None:
        raise InvalidReport(Rejection.MALFORMED, f"kind: {word!r}")
    observed_at = _instant(document, "observed_at")
    if observed_at > latest_us:
        raise InvalidReport(Rejection.FUTURE_DATED, f"observed_at {cst_text(observed_at, seconds=True)} CST")
    if observed_at < EARLIEST_US:
        raise InvalidReport(Rejection.MALFORMED, f"observed_at {cst_text(observed_at)} CST is before 2000")
    start = period_start(observed_at, kind)
    if site.hour_label_is_end and kind is Kind.HOUR:
        start -= HOUR_US
    if document.get("sent_at") is None:
        return Period(kind, start, start + KIND_LENGTH_S[kind] * SECOND_US)
    return Period(kind, start, _instant(document, "sent_at"))


def period_start(observed_at: int, kind: Kind) -> int:
    """Return the start of the period that an instant lies in (days: China Standard Time); a realtime reading's is itself."""
    if kind is Kind.REALTIME:
        return observed_at
    if kind is Kind.DAY:
        return (observed_at + CST_OFFSET_US) // DAY_US * DAY_US - CST_OFFSET_US
    length_us = KIND_LENGTH_S[kind] * SECOND_US
    return observed_at // length_us * length_us


def _instant(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    instant_us = _instant_us(value) if type(value) is str else _modelled_instant(value)
    if instant_us is None:
        raise InvalidReport(Rejection.MALFORMED, f"{name}: {value!r} is not a time")
    return instant_us


@lru_cache(maxsize=16384)
def _instant_us(text: str) -> int | None:
    return _modelled_instant(text)


def _modelled_instant(value: Any) -> int | None:
    try:
        return to_us(_INSTANT.validate_python(value))
    except (ValidationError, OverflowError):
        return None

"""The decision whether a device's message is a report that may be stored; pure, and it raises nothing on any bytes.

One JSON parse a message. The usual form is read by list comprehensions; whatever is unusual is put before the wire
model reading by reading, so that one bad reading costs only itself and both ways mean the same.

What is decided here, beyond the wire model:

- a period that does not begin on its own grid (a minute at :30 s) belongs to the period it lies in: its `observed_at` is
  floored in the columns, the bytes stay as they came;
- an hour of a site that labels hours by their end is turned to its start;
- two readings of one parameter in one report: the last usable one is in force, the others are refused;
- a report without one usable reading is refused whole; the cause on our side, an unknown parameter, goes before the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from math import isfinite
from string import ascii_uppercase, digits
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from ingest.directory import Directory, SiteEntry
from ingest.periods import Period, period_of
from schemas.codes import Rejection
from schemas.errors import InvalidReport
from schemas.report import Reading
from schemas.times import MINUTE_US
from schemas.topics import parse_report_topic

MAX_READINGS: Final = 1000
MAX_SITE_LENGTH: Final = 64
MAX_DETAIL_LENGTH: Final = 200
KEPT_BYTES: Final = 768 * 1024
"""Of a greater message only so much is kept, since a Kafka record has 1 MiB; its SHA-256 is still that of the whole."""

_FLAGS: Final = frozenset(ascii_uppercase + digits)
_NUMBERS: Final = frozenset({float, int})
_READING: Final = TypeAdapter(Reading)
_SHORT_FORM: Final = ("parameter", "value", "flag")

_topic_of = lru_cache(maxsize=65536)(parse_report_topic)


@dataclass(frozen=True)
class Limits:
    """What a message may be."""

    max_bytes: int = 65536
    future_us: int = 5 * MINUTE_US
    """How far ahead of `now` an `observed_at` may be, µs."""


class Refused(NamedTuple):
    """Why a message, or one reading of it, is not stored."""

    reason: Rejection
    detail: str
    device_id: str = ""
    """From the topic; "" where it has none."""
    site_id: str = ""
    """Where known."""


class Admitted(NamedTuple):
    """One report that may be stored, its readings as aligned lists."""

    device_id: str
    site_id: str
    observed_at: int
    """Start of the period, or instant of a realtime reading, µs."""
    kind: int
    sent_at: int
    parameters: list[int]
    """Numbers of `ParameterNumbers`."""
    values: list[float]
    """In the canonical unit of the parameter."""
    flags: str
    """One letter a reading."""
    refused: Sequence[Refused]
    """Readings that were dropped."""


def digest(payload: bytes) -> bytes:
    """Return the SHA-256 by which a message is acknowledged and told from others."""
    return sha256(payload).digest()


def device_of(topic: str) -> str:
    """Return the device id in a topic, "" where it is not one of a report."""
    parsed = _topic_of(topic)
    return printable(parsed.device_id) if parsed else ""


def printable(text: str) -> str:
    """Return `text` with what a terminal or a text column cannot hold (controls, NUL, lone surrogates) escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def admit(
    topic: str, payload: bytes, *, directory: Directory, now_us: int, limits: Limits = Limits()
) -> Admitted | Refused:
    """Return the report in `payload`, or why it is refused; `now_us` is the instant it was received."""
    device_id = device_of(topic)
    try:
        site, document = _open(topic, payload, directory, limits)
    except InvalidReport as error:
        return Refused(error.reason, _short(error.detail), device_id)
    try:
        period = period_of(document, site, now_us + limits.future_us)
        return _admitted(device_id, period, _items(document), site, directory)
    except InvalidReport as error:
        return Refused(error.reason, _short(error.detail), device_id, site.site_id)


def _open(topic: str, payload: bytes, directory: Directory, limits: Limits) -> tuple[SiteEntry, dict[str, Any]]:
    parsed = _topic_of(topic)
    if parsed is None:
        raise InvalidReport(Rejection.WRONG_TOPIC, "not ecovigil/v1/{region}/{device_id}/report")
    if len(payload) > limits.max_bytes:
        cut = f"; the first {KEPT_BYTES} are kept" if len(payload) > KEPT_BYTES else ""
        raise InvalidReport(Rejection.OVERSIZED, f"{len(payload)} > {limits.max_bytes} bytes{cut}")
    device = directory.device(parsed.device_id)
    if device is None:
        raise InvalidReport(Rejection.UNKNOWN_DEVICE, parsed.device_id)
    document = _document(payload)
    return directory.site(_site_of(document, device.sites)), document


def _document(payload: bytes) -> dict[str, Any]:
    try:
        document = from_json(payload)
    except ValueError as error:
        raise InvalidReport(Rejection.MALFORMED, f"not JSON: {error}") from None
    if type(document) is not dict:
        raise InvalidReport(Rejection.MALFORMED, "not a JSON object")
    return document


def _site_of(document: dict[str, Any], sites: list[str]) -> str:
    named = document.get("site")
    if named is None:
        if len(sites) > 1:
            raise InvalidReport(Rejection.NOT_ITS_SITE, f"no site named, the device has {len(sites)}")
        return sites[0]
    if type(named) is not str or len(named) > MAX_SITE_LENGTH:
        raise InvalidReport(Rejection.MALFORMED, "site: not a text of at most 64 characters")
    if named not in sites:
        raise InvalidReport(Rejection.NOT_ITS_SITE, named)
    return named


def _items(document: dict[str, Any]) -> list[Any]:
    items = document.get("readings")
    if type(items) is not list or not 1 <= len(items) <= MAX_READINGS:
        raise InvalidReport(Rejection.MALFORMED, f"readings: not a list of 1 to {MAX_READINGS}")
    return items


def _admitted(device_id: str, period: Period, items: list[Any], site: SiteEntry, directory: Directory) -> Admitted:
    kind, observed_at, sent_at = period
    usual = _usual_readings(items, site)
    if usual is not None:
        return Admitted(device_id, site.site_id, observed_at, kind, sent_at, *usual, ())
    kept, refused = _each_reading(items, device_id, site, directory)
    if not kept:
        raise _nothing_usable(refused)
    values = [value for value, _ in kept.values()]
    flags = "".join(flag for _, flag in kept.values())
    return Admitted(device_id, site.site_id, observed_at, kind, sent_at, list(kept), values, flags, refused)


def _usual_readings(items: list[Any], site: SiteEntry) -> tuple[list[int], list[float], str] | None:
    """Return the columns where every reading is plain and known, else None: the caller looks at each."""
    known = site.channels
    try:
        if type(items[0]) is dict:
            entries = [known[item["parameter"]] for item in items]
            raw = [item["value"] for item in items]
            flags = [item.get("flag", "N") for item in items]
        else:
            entries = [known[item[0]] for item in items]
            raw = [item[1] for item in items]
            flags = [item[2] if len(item) == 3 else "N" for item in items if len(item) <= 3]
        parameters = [number for number, _ in entries]
        if not (_NUMBERS.issuperset(map(type, raw)) and _FLAGS.issuperset(flags) and len(flags) == len(items)):
            return None
        values = [value * factor for value, (_, factor) in zip(raw, entries, strict=True)]
    except (KeyError, IndexError, TypeError, AttributeError, OverflowError):
        return None
    if len(set(parameters)) < len(parameters) or not isfinite(sum(values)):
        return None
    return parameters, values, "".join(flags)


def _each_reading(
    items: list[Any], device_id: str, site: SiteEntry, directory: Directory
) -> tuple[dict[int, tuple[float, str]], list[Refused]]:
    kept: dict[int, tuple[float, str]] = {}
    refused: list[Refused] = []
    for place, item in enumerate(items):
        try:
            channel, value, flag, parameter = _reading(item, site, directory)
        except InvalidReport as error:
            refused.append(Refused(error.reason, _short(f"readings[{place}]: {error.detail}"), device_id, site.site_id))
            continue
        if channel in kept:
            detail = _short(f"{parameter}: {kept[channel][0]!r} is followed by another value in the same report")
            refused.append(Refused(Rejection.INVALID_VALUE, detail, device_id, site.site_id))
        kept[channel] = (value, flag)
    return kept, refused


def _reading(item: Any, site: SiteEntry, directory: Directory) -> tuple[int, float, str, str]:
    if type(item) is list and 2 <= len(item) <= 3:
        item = dict(zip(_SHORT_FORM, item, strict=False))
    try:
        reading = _READING.validate_python(item)
    except (ValidationError, OverflowError) as error:
        raise InvalidReport(Rejection.INVALID_VALUE, _why(error)) from None
    entry = directory.channel(site, reading.parameter)
    if entry is None:
        raise InvalidReport(Rejection.UNKNOWN_PARAMETER, reading.parameter)
    value = reading.value * entry[1]
    if not isfinite(value):
        raise InvalidReport(Rejection.INVALID_VALUE, f"{reading.parameter}: {reading.value!r} is out of bounds")
    return entry[0], value, reading.flag, reading.parameter


def _nothing_usable(refused: list[Refused]) -> InvalidReport:
    first = min(refused, key=lambda one: one.reason is not Rejection.UNKNOWN_PARAMETER)
    return InvalidReport(first.reason, f"no usable reading; {first.detail}")


def _why(error: ValidationError | OverflowError) -> str:
    if isinstance(error, OverflowError):
        return "value: too great"
    problem = error.errors(include_url=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}, got {problem['input']!r}"


def _short(detail: str) -> str:
    return printable(detail[:MAX_DETAIL_LENGTH])

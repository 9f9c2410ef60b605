"""Feeds as a timeline: which bytes a device sends on which topic, and when they arrive."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

from schemas.codes import Kind
from schemas.registry import Registry
from schemas.times import MINUTE_US, SECOND_US, to_cst
from schemas.topics import report_topic
from sim.scenario_inputs import Feed

ON_THE_WAY_US: Final = 5 * SECOND_US
"""From the end of a period (or the instant of a realtime reading) to the arrival of its report."""
REALTIME_STEP_US: Final = MINUTE_US
"""Between two realtime reports of one feed."""


@dataclass(frozen=True)
class Arrival:
    """One message as it reaches the platform."""

    at: int
    """µs."""
    topic: str
    payload: bytes
    device_id: str


def report_payload(observed_at: int, sent_at: int, kind: Kind, site: str, readings: list[tuple[Any, ...]]) -> bytes:
    """Return a `report.v1` message; readings are (parameter, value) or (parameter, value, flag)."""
    fields = {
        "observed_at": _text(observed_at),
        "sent_at": _text(sent_at),
        "kind": kind.wire,
        "site": site,
        "readings": readings,
    }
    return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode()


def timeline(feeds: Iterable[Feed], registry: Registry) -> list[Arrival]:
    """Return all arrivals in order of time; at one instant in the order of the file."""
    found = [arrival for number, feed in enumerate(feeds) for arrival in _arrivals(feed, number, registry)]
    return sorted(found, key=lambda arrival: arrival.at)


def _arrivals(feed: Feed, number: int, registry: Registry) -> list[Arrival]:
    starts = _starts(feed)
    topic = report_topic(_region(feed, registry), feed.device)
    messages = [(_due(feed, start), _message(feed, start)) for start in starts for _ in range(feed.repeat)]
    if feed.shuffle:
        messages = _shuffled(messages, seed=crc32(f"{number}:{feed.device}:{feed.site}".encode()))
    return [Arrival(at, topic, payload, feed.device) for at, payload in messages]


def _starts(feed: Feed) -> range:
    step = _length_us(feed) or REALTIME_STEP_US
    end = feed.to if feed.to is not None else feed.start + (feed.count or 0) * step
    return range(feed.start, end, step)


def _length_us(feed: Feed) -> int:
    return Kind.from_wire(feed.kind).length_s * SECOND_US


def _due(feed: Feed, start: int) -> int:
    return feed.arrives if feed.arrives is not None else start + _length_us(feed) + ON_THE_WAY_US


def _message(feed: Feed, start: int) -> bytes:
    if feed.raw is not None:
        return feed.raw.encode()
    sent_at = feed.sent_at if feed.sent_at is not None else start + _length_us(feed)
    readings = [_reading(parameter, value, feed.flags.get(parameter)) for parameter, value in feed.values.items()]
    return report_payload(start, sent_at, Kind.from_wire(feed.kind), feed.site, readings)


def _reading(parameter: str, value: float, flag: str | None) -> tuple[Any, ...]:
    return (parameter, value, flag) if flag else (parameter, value)


def _region(feed: Feed, registry: Registry) -> str:
    if feed.device in registry.devices:
        return registry.region_of(feed.device)
    site = registry.sites.get(feed.site)
    return (site.region if site else "") or "000000"


def _shuffled(messages: list[tuple[int, bytes]], seed: int) -> list[tuple[int, bytes]]:
    """Return them in another order; all arrive when the last would have, since none can be sent before it is measured."""
    last = max(at for at, _ in messages)
    payloads = [payload for _, payload in messages]
    random.Random(seed).shuffle(payloads)
    return [(last, payload) for payload in payloads]


def _text(instant_us: int) -> str:
    return to_cst(instant_us).isoformat()

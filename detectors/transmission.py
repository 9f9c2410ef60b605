"""The transmission rate (传输率) of a device and day: what was due, what came, and whose fault it is that the rest did not.

Due is one report for each period of each kind that the device owes; realtime reports have no agreed period and are not due. Hours
that a mark calls stopped leave the denominator (facts.md 6.3), and so does what failed to come while we could not take it. Within an
hour it is not known which periods are missing: as many as would have come during our outage are put down to us, never to the device.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from schemas.codes import Kind
from schemas.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US

Span = tuple[int, int]
"""[start, end), µs."""
DUE_KINDS: Final = (Kind.MINUTE, Kind.FIVE_MINUTE, Kind.TEN_MINUTE, Kind.HOUR, Kind.DAY)
SENT_WITHIN_US: Final = {Kind.HOUR: 10 * MINUTE_US, Kind.DAY: HOUR_US}
"""How long after the end of its period a report may be sent by custom; finer kinds are sent at once."""
GIVEN_UP_US: Final = 7 * DAY_US
"""A kind that stopped coming so long before all others is not owed any more."""


@dataclass(frozen=True)
class Transmission:
    """The account of one device and day, in periods."""

    due: int = 0
    """What it owes: stopped hours are out."""
    came: int = 0
    by_us: int = 0
    """Missing, and would have come while we could not take it."""

    @property
    def by_device(self) -> int:
        """Missing for any other reason."""
        return self.due - self.came - self.by_us

    @property
    def rate(self) -> float | None:
        """Came / (due − missing by us); None where nothing is due."""
        due = self.due - self.by_us
        return self.came / due if due else None


@dataclass(frozen=True)
class Circumstances:
    """What is known of one device and day besides its reports."""

    day: Span
    first_at: int
    """Nothing is due before its first report, µs."""
    until: int
    """What was to be sent after this instant is not due yet, µs."""
    kinds: Sequence[Kind]
    outages: Sequence[Span] = ()
    """When we could not take what came; disjoint, in order."""
    stopped: Sequence[Span] = ()
    """When everything that it reports for was stopped; disjoint, in order."""
    came: Mapping[tuple[Kind, int], int] = field(default_factory=dict)
    """Different `observed_at` by kind and start of the hour."""


def owed_kinds(high: Sequence[int]) -> list[Kind]:
    """Return the kinds that a device owes by what it has sent: those that it has not given up."""
    last = max(high, default=0)
    return [kind for kind in DUE_KINDS if high[kind] and high[kind] > last - GIVEN_UP_US]


def transmission(known: Circumstances) -> Transmission:
    """Return the account."""
    due = came = by_us = 0
    for kind in known.kinds:
        for hour in range(*known.day, HOUR_US):
            owed = _periods(kind, hour, known)
            arrived = min(len(owed), known.came.get((kind, hour), 0))
            due += len(owed)
            came += arrived
            by_us += _hindered(kind, owed, len(owed) - arrived, known.outages)
    return Transmission(due, came, by_us)


def _periods(kind: Kind, hour: int, known: Circumstances) -> Sequence[int]:
    """Return the starts of the periods that are due in an hour."""
    length = kind.length_s * SECOND_US
    if kind is Kind.DAY and hour != known.day[0]:
        return ()
    starts = range(hour, hour + max(HOUR_US, length), length)
    last = hour + max(HOUR_US, length) + SENT_WITHIN_US.get(kind, 0)
    if hour >= known.first_at and last <= known.until and not known.stopped:
        return starts
    latest = known.until - length - SENT_WITHIN_US.get(kind, 0)
    return [s for s in starts if known.first_at <= s <= latest and not _meets((s, s + length), known.stopped)]


def _hindered(kind: Kind, owed: Sequence[int], missing: int, outages: Sequence[Span]) -> int:
    """Return how many of the missing periods are put down to us."""
    if not missing or not outages:
        return 0
    length, slack = kind.length_s * SECOND_US, SENT_WITHIN_US.get(kind, 0) + 1
    return min(missing, sum(_meets((start + length, start + length + slack), outages) for start in owed))


def _meets(span: Span, others: Sequence[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in others)


def common(several: Sequence[Sequence[Span]]) -> list[Span]:
    """Return what lies in all of these: a device is stopped when each of its sites is."""
    if not several:
        return []
    found = list(several[0])
    for spans in several[1:]:
        found = [(max(a, c), min(b, d)) for a, b in found for c, d in spans if max(a, c) < min(b, d)]
    return found

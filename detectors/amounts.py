"""What was discharged in a stretch: measured, substituted and missing, kept apart; substituted amounts enter no verdict.

The measured amount is the sum of the hours' `mass_kg` (G = C Q with the unconverted concentration, `detectors/gas.py`). Substitutes are those of
`standards/substitution.py`, from the quarter's capture rate up to the end of the stretch. An hour of which nothing came is missing like an
invalid one, unless the plant stood: its readings say so (flag F), or a mark `stopped` that was entered in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.times import DAY_US, HOUR_US
from standards.marks import Span
from standards.substitution import Hour, Medium, capture_rates, quarter_of, substitutes

LOOK_BACK_US = 180 * DAY_US
"""How far before the first quarter valid hours are looked for: 2160 valid hours are 90 days without a gap."""


@dataclass(frozen=True)
class Amounts:
    """The amounts of one parameter in a stretch."""

    measured_kg: float
    measured_hours: int
    substituted_kg: float
    substituted_hours: int
    missing_hours: int
    """Bad hours for which no rule gives anything."""
    stopped_hours: int
    capture_pct: dict[int, float | None]
    """By the start of the quarter, of its hours up to the end of the stretch; None where the plant stood all the time."""
    rule_ids: tuple[str, ...]
    """Rules that gave something."""


def hours_read_from(start: int) -> int:
    """Return from when on hours are needed to judge a stretch that begins at `start`."""
    return quarter_of(start) - LOOK_BACK_US


def hours_of(
    mass_kg: dict[int, float | None], stopped: set[int], marked: Sequence[Span], first: int, end: int
) -> list[Hour]:
    """Return every hour of [first, end) from the first that was ever heard of; `marked`: stretches in which the plant stood."""
    known = [start for start in (*mass_kg, *stopped) if first <= start < end]
    if not known:
        return []
    return [
        Hour(at, mass_kg.get(at), at in stopped or any(a < at + HOUR_US and b > at for a, b in marked))
        for at in range(min(known), end, HOUR_US)
    ]


def amounts_of(medium: Medium, hours: Sequence[Hour], start: int, calibrated_at: int | None = None) -> Amounts:
    """Return the amounts of the hours from `start` on; the hours before it are looked back to.

    `calibrated_at`: the end of the last good calibration of a monitor that was out of control.
    """
    asked = [hour for hour in hours if hour.start >= start]
    put = [s for s in substitutes(medium, hours, calibrated_at) if s.start >= start]
    given = [s for s in put if s.amount_kg is not None]
    measured = [hour.amount_kg for hour in asked if hour.amount_kg is not None]
    return Amounts(
        measured_kg=sum(measured),
        measured_hours=len(measured),
        substituted_kg=sum(s.amount_kg or 0.0 for s in given),
        substituted_hours=len(given),
        missing_hours=len(put) - len(given),
        stopped_hours=sum(hour.stopped and not hour.is_valid for hour in asked),
        capture_pct={q: rate for q, rate in capture_rates(hours).items() if q >= quarter_of(start)},
        rule_ids=tuple(sorted({s.rule_id for s in given})),
    )

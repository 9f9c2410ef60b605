"""What is put in the place of missing hourly amounts (kg): never of concentrations, and never in a verdict (facts.md 6.2, R2).

Flue gas, HJ 75-2017: the greatest valid hourly amount of the last 180, 720 or 2160 valid hours, by the quarter's capture rate and the length of
the run of bad hours; below 75 % the code that this was read in puts nothing. Hours are counted back from the failure, for a monitor
out of control from its last calibration. Water, HJ 356-2019: the mean of the period of the same length just before the gap.
Stopped hours are neither bad nor counted; where nothing valid lies before, nothing is put.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final, Literal, NamedTuple

from schemas.times import CST, HOUR_US, to_cst, to_us
from standards.tables import number, rows_of

Medium = Literal["gas", "water"]
QUARTER_MONTHS: Final = 3


class Hour(NamedTuple):
    """One hour of one parameter."""

    start: int
    amount_kg: float | None
    """None where the hour has no valid amount."""
    stopped: bool = False
    """The plant stood: there is nothing to substitute."""

    @property
    def is_valid(self) -> bool:
        """Whether the amount was measured."""
        return self.amount_kg is not None

    @property
    def is_bad(self) -> bool:
        """Whether an amount is missing."""
        return self.amount_kg is None and not self.stopped


class Substitute(NamedTuple):
    """What is put for one bad hour."""

    start: int
    amount_kg: float | None
    """None: no rule gives anything."""
    rule_id: str


@dataclass(frozen=True)
class SubstitutionRule:
    """One row of substitution_rules.csv."""

    rule_id: str
    medium: str
    capture_from_pct: float
    capture_below_pct: float
    run_from_h: int
    run_to_h: float
    valid_hours: int
    """How many valid hours are looked back over; 0: as many hours as the gap has."""
    confidence: str
    source: str

    def fits(self, medium: Medium, capture_pct: float, run_h: int) -> bool:
        """Whether the row is for a run of so many bad hours in a quarter of this capture rate."""
        captured = self.capture_from_pct <= capture_pct < self.capture_below_pct
        return self.medium == medium and captured and self.run_from_h <= run_h <= self.run_to_h


@cache
def substitution_rules() -> tuple[SubstitutionRule, ...]:
    """Return all rows."""
    return tuple(
        SubstitutionRule(
            row["rule_id"],
            row["medium"],
            number(row["capture_from_pct"]) or 0.0,
            number(row["capture_below_pct"]) or float("inf"),
            int(row["run_from_h"]),
            number(row["run_to_h"]) or float("inf"),
            int(row["valid_hours"] or 0),
            row["confidence"],
            row["source"],
        )
        for row in rows_of("substitution_rules")
    )


def quarter_of(instant_us: int) -> int:
    """Return the start of the natural quarter of an instant."""
    local = to_cst(instant_us)
    return to_us(datetime(local.year, (local.month - 1) // QUARTER_MONTHS * QUARTER_MONTHS + 1, 1, tzinfo=CST))


def capture_rates(hours: Sequence[Hour]) -> dict[int, float | None]:
    """Return by quarter start the capture rate, %: (hours − stopped − invalid)/(hours − stopped) of the hours given; None where all stood.

    An hour of which nothing came is an hour all the same: `hours` has every one.
    """
    due: dict[int, list[bool]] = {}
    for hour in hours:
        due.setdefault(quarter_of(hour.start), []).extend([] if hour.stopped and not hour.is_valid else [hour.is_valid])
    return {quarter: 100.0 * sum(valid) / len(valid) if valid else None for quarter, valid in due.items()}


def substitutes(medium: Medium, hours: Sequence[Hour], calibrated_at: int | None = None) -> list[Substitute]:
    """Return what is put for each bad hour of consecutive `hours`, in order of time.

    `calibrated_at`: the monitor was out of control, its last good calibration ended then; hours are counted back from there.
    """
    rates = capture_rates(hours)
    return [found for run in _runs(hours) for found in _of_run(medium, hours, run, rates, calibrated_at)]


def _runs(hours: Sequence[Hour]) -> Iterator[list[int]]:
    """Yield the positions of bad hours that no valid hour separates; stopped ones lie between and do not count."""
    run: list[int] = []
    for at, hour in enumerate(hours):
        if hour.is_valid and run:
            yield run
            run = []
        elif hour.is_bad:
            run.append(at)
    if run:
        yield run


def _of_run(
    medium: Medium, hours: Sequence[Hour], run: list[int], rates: dict[int, float | None], calibrated_at: int | None
) -> Iterator[Substitute]:
    failed_at = hours[run[0]].start
    before = hours[: run[0]]
    if calibrated_at is not None and calibrated_at < failed_at:
        before = [hour for hour in before if hour.start + HOUR_US <= calibrated_at]
    for at in run:
        rate = rates[quarter_of(hours[at].start)]
        rule = next((r for r in substitution_rules() if rate is not None and r.fits(medium, rate, len(run))), None)
        amount = _reference(rule, before, len(run)) if rule else None
        yield Substitute(hours[at].start, amount, rule.rule_id if rule else "")


def _reference(rule: SubstitutionRule, before: Sequence[Hour], run_h: int) -> float | None:
    """Return the amount of an hour that a rule puts; None where nothing valid lies before the gap."""
    if rule.valid_hours:
        valid = [hour.amount_kg for hour in before if hour.amount_kg is not None]
        return max(valid[-rule.valid_hours :], default=None)
    near = [hour.amount_kg for hour in before[-run_h:] if hour.amount_kg is not None]
    return sum(near) / len(near) if near else None

"""The rows of the emission limit table as rules: what they limit, over which period, since when, on which condition."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

from standards.tables import RECALLED, Row, in_force, number, rows_of

LimitPeriod = Literal["hour", "day", "month", "instant"]
Selector = Literal["none", "named", "choice", "water_above_12", "water_up_to_12"]

PERIOD_OF_AVERAGING: Final[dict[str, LimitPeriod]] = {
    "hour_mean": "hour",
    "1h_mean": "hour",
    "daily_mean": "day",
    "24h_mean": "day",
    "24h_or_daily_mean": "day",
    "range": "day",
    "single_sample": "instant",
    "any_single": "instant",
}
"""Averagings of the table that a mean or a single reading of ours is; the others (instant: an observation, measured_mean, 5min_mean) are
never compared with these. `range` is the pH of GB 8978, whose figures are daily ones."""

ALL: Final = "all"
_EVERY_LEVEL: Final = "level 1-3"
"""How GB 8978 says that a row (pH) is for each of its levels."""


@dataclass(frozen=True)
class Rule:
    """One row of emission_limits.csv."""

    row: Row
    rule_id: str
    standard: str
    category: str
    variant: str
    period: LimitPeriod | None
    """None: no hour or day mean is compared with it."""
    minimum: float | None
    maximum: float | None
    baseline_o2_pct: float | None
    selector: Selector
    """What decides whether it applies; see limit_selectors.csv."""

    @property
    def recalled(self) -> bool:
        """Whether the figure was only recalled: then a binding must name it."""
        return self.row["confidence"] == RECALLED

    @property
    def figures(self) -> tuple[float | None, float | None, float | None]:
        """What is judged by: equal figures of two rows make the choice between them needless."""
        return self.minimum, self.maximum, self.baseline_o2_pct

    def covers(self, instant_us: int) -> bool:
        """Return whether the row is in force at an instant."""
        return in_force(self.row, instant_us)


@cache
def _selectors() -> dict[str, Selector]:
    words: dict[str, Selector] = {w: w for w in ("none", "named", "choice", "water_above_12", "water_up_to_12")}
    return {"": words["none"]} | {r["condition"]: words[r["selector"]] for r in rows_of("limit_selectors")}


def _rule(row: Row) -> Rule:
    return Rule(
        row=row,
        rule_id=row["rule_id"],
        standard=row["standard"],
        category=row["source_category"],
        variant=row["variant"],
        period=PERIOD_OF_AVERAGING.get(row["averaging"]),
        minimum=number(row["limit_min"]),
        maximum=number(row["limit_max"]),
        baseline_o2_pct=number(row["baseline_o2_pct"]),
        selector=_selectors()[row["condition"]],
    )


@cache
def rules() -> tuple[Rule, ...]:
    """Return all rules in the order of the table; raises KeyError for a condition that limit_selectors.csv does not know."""
    return tuple(_rule(row) for row in rows_of("emission_limits"))


@cache
def _by_code() -> dict[tuple[str, str], list[Rule]]:
    found = defaultdict(list)
    for rule in rules():
        found[rule.standard, rule.row["hj212_code"]].append(rule)
    return dict(found)


@lru_cache(maxsize=4096)
def rules_for(standard: str | None, category: str | None, variant: str | None, code: str) -> tuple[Rule, ...]:
    """Return the rules of a binding for a parameter: of its category and variant, and those for all."""
    return tuple(
        rule
        for rule in _by_code().get((standard or "", code), [])
        if rule.category in (category, ALL) and _covers_variant(rule.variant, variant or "")
    )


def _covers_variant(of_rule: str, bound: str) -> bool:
    return of_rule in (bound, ALL) or (of_rule == _EVERY_LEVEL and bound.startswith("level "))

"""The rule for a waste incinerator's furnace: how hot a five-minute mean must be, and how many cold ones a day may have.

GB 18485-2014 with MEE Order 10 (850 °C), GB 18484-2020 9.4 (1100 °C): more than five cold five-minute means in one natural day are a
violation (facts.md 6.5). The 60 h a year of start-up, shut-down and faults are not counted here: they need marks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from schemas.registry import Binding, Registry
from standards.limits import applying_rules
from standards.rules import Rule, rules_for

FURNACE_TEMPERATURE: Final = "a01901"
"""Mean of the medians of the middle and the upper section, °C."""
FIVE_MINUTE_MEAN: Final = "5min_mean"
COLD_MEANS_ALLOWED: Final = 5
"""So many cold five-minute means of one day are no violation yet."""


@dataclass(frozen=True)
class FurnaceRule:
    """What a furnace is held to."""

    minimum_degc: float
    rule_id: str
    binding_id: str


def furnace_rule(registry: Registry, site_id: str, instant_us: int) -> FurnaceRule | None:
    """Return the strictest rule that is bound to a furnace at an instant, None where there is none."""
    bindings = (b for b in registry.site_bindings.get(site_id, ()) if b.covers(instant_us))
    found = [rule for binding in bindings for rule in _of_binding(binding, instant_us)]
    return max(found, key=lambda rule: rule.minimum_degc, default=None)


def _of_binding(binding: Binding, instant_us: int) -> Iterator[FurnaceRule]:
    bound = rules_for(binding.standard, binding.category, binding.variant, FURNACE_TEMPERATURE)
    asked = [rule for rule in bound if _is_asked(rule, instant_us)]
    for rule in applying_rules(asked, binding.conditions, "unknown") or ():
        if rule.minimum is not None:
            yield FurnaceRule(rule.minimum, rule.rule_id, binding.id)


def _is_asked(rule: Rule, instant_us: int) -> bool:
    return rule.row["averaging"] == FIVE_MINUTE_MEAN and rule.covers(instant_us)

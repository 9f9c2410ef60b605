"""Which limit a mean is judged by: the permit's figure first, then the bindings in force, never with another averaging."""

import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from schemas.codes import NotJudged, SiteKind
from schemas.registry import Binding, Permit, Registry
from schemas.times import CST_OFFSET_US, DAY_US
from standards.parameters import base_code, canonical_unit, factor, limit_unit
from standards.rules import PERIOD_OF_AVERAGING, LimitPeriod, Rule, rules_for
from standards.water_targets import BODIES, GB_3838, item_limit, rated_items, target_of

Water = Literal["unknown", "cold", "warm"]
COLD_WATER_DEGC: Final = 12.0
"""GB 18918-2002: ammonia's limit is another one at or below 12 °C."""
PERMIT: Final = "permit"
"""The standard of a limit that is a figure of the permit."""
_KEPT: Final = 5_000
"""Decisions kept per registry before the cache starts anew."""


@dataclass(frozen=True)
class Limit:
    """One limit, in the unit of the site's means (`canonical_unit`)."""

    minimum: float | None
    maximum: float | None
    unit: str
    rule_id: str
    """Row of the limit table, or id of the permit's figure."""
    binding_id: str
    standard: str
    averaging: str
    baseline_o2_pct: float | None
    confidence: str
    source: str

    @property
    def needs_conversion(self) -> bool:
        """Whether the limit is for values converted to the baseline oxygen."""
        return self.baseline_o2_pct is not None


@dataclass(frozen=True)
class LimitDecision:
    """Which limit applies, or why none does; neither: the parameter is not limited for that period, there is nothing to judge."""

    limit: Limit | None
    reason: NotJudged | None = None
    binding_id: str = ""
    """The binding that was asked, also where it gives no limit."""


class LimitBook:
    """The decisions of one registry, each made once for a site, parameter, period and day."""

    def __init__(self, registry: Registry) -> None:
        self._registry = weakref.proxy(registry)
        self._decisions: dict[tuple[str, str, str, int, Water], LimitDecision] = {}

    def decide(
        self, site_id: str, parameter: str, period: LimitPeriod, instant_us: int, water_temperature: float | None = None
    ) -> LimitDecision:
        """Return the decision for a mean that starts at `instant_us`; see `limits_for`."""
        water = _water(water_temperature)
        key = (site_id, parameter, period, (instant_us + CST_OFFSET_US) // DAY_US, water)
        found = self._decisions.get(key)
        if found is None:
            if len(self._decisions) >= _KEPT:
                self._decisions.clear()
            question = _Question(self._registry, site_id, base_code(parameter), period, instant_us)
            self._decisions[key] = found = question.answer(water)
        return found


_books: dict[int, LimitBook] = {}


def limits_for(
    registry: Registry,
    site_id: str,
    parameter: str,
    period: LimitPeriod,
    instant_us: int,
    water_temperature: float | None = None,
) -> LimitDecision:
    """Return the limit of a parameter's hour or day mean at a site (`-Zs` asks for the same limit as the measured value).

    `instant_us` is the start of the mean, `water_temperature` (°C) the mean of the same period. Reasons: `no_binding` (neither
    binding nor permit at that time), `condition_undecided` (a row's condition is not in the data and the binding does not name
    the row, or all figures are only recalled). Raises KeyError for an unknown site.
    """
    book = _books.get(id(registry))
    if book is None:
        _books[id(registry)] = book = LimitBook(registry)
        weakref.finalize(registry, _books.pop, id(registry), None)
    return book.decide(site_id, parameter, period, instant_us, water_temperature)


def _water(temperature: float | None) -> Water:
    if temperature is None or temperature != temperature:
        return "unknown"
    return "warm" if round(temperature, 9) > COLD_WATER_DEGC else "cold"


@dataclass(frozen=True)
class _Question:
    """Everything that decides, but the temperature of the water."""

    registry: Registry
    site_id: str
    code: str
    period: str
    instant_us: int

    def answer(self, water: Water) -> LimitDecision:
        if self.registry.sites[self.site_id].kind is SiteKind.SURFACE_WATER:
            return _of_water(self.registry, self.site_id, self.code, self.period, self.instant_us)
        bindings = [b for b in self.registry.site_bindings.get(self.site_id, ()) if b.covers(self.instant_us)]
        permits = [p for p in self.registry.site_permits.get(self.site_id, ()) if p.covers(self.instant_us)]
        figures = [p for p in permits if self._is_asked(p)]
        if figures:
            return self._of_permit(figures, bindings)
        if not bindings:
            return LimitDecision(None, None if permits else NotJudged.NO_BINDING)
        return self._of_bindings(bindings, water)

    def _is_asked(self, permit: Permit) -> bool:
        averaging = PERIOD_OF_AVERAGING.get(permit.averaging or "")
        return permit.limit is not None and averaging == self.period and base_code(permit.parameter) == self.code

    def _rules(self, binding: Binding) -> list[Rule]:
        found = rules_for(binding.standard, binding.category, binding.variant, self.code)
        return [rule for rule in found if rule.covers(self.instant_us)]

    def _of_permit(self, permits: list[Permit], bindings: list[Binding]) -> LimitDecision:
        permit = min(permits, key=lambda p: p.limit or 0.0)
        kind = self.registry.sites[self.site_id].kind
        unit = canonical_unit(kind, self.code)
        limit = Limit(
            minimum=None,
            maximum=(permit.limit or 0.0) * factor(limit_unit(kind, self.code), unit),
            unit=unit,
            rule_id=permit.id,
            binding_id=permit.id,
            standard=PERMIT,
            averaging=permit.averaging or "",
            baseline_o2_pct=self._baseline(bindings),
            confidence="registered",
            source="registry",
        )
        return LimitDecision(limit, None, permit.id)

    def _baseline(self, bindings: list[Binding]) -> float | None:
        """Return the oxygen of the standard whose figure the permit tightens: its own period first."""
        rules = [rule for binding in bindings for rule in self._rules(binding) if rule.period is not None]
        rules.sort(key=lambda rule: rule.period != self.period)
        return rules[0].baseline_o2_pct if rules else None

    def _of_bindings(self, bindings: list[Binding], water: Water) -> LimitDecision:
        kind = self.registry.sites[self.site_id].kind
        limits: list[Limit] = []
        for binding in bindings:
            asked = [rule for rule in self._rules(binding) if rule.period == self.period]
            applying = applying_rules(asked, binding.conditions, water)
            if applying is None:
                return LimitDecision(None, NotJudged.CONDITION_UNDECIDED, binding.id)
            limits += [_limit(rule, binding, kind, self.code) for rule in applying]
        if not limits:
            return LimitDecision(None, None, bindings[0].id)
        strictest = min(limits, key=_strictness)
        return LimitDecision(strictest, None, strictest.binding_id)


def _of_water(registry: Registry, site_id: str, code: str, period: str, instant_us: int) -> LimitDecision:
    """Return the limit of the class that surface water has to keep; its hours (readings) and months are rated."""
    target = target_of(registry, site_id, instant_us)
    if target is None or period not in ("hour", "month"):
        unbound = target is None and any(code in rated_items(body) for body in BODIES.values())
        return LimitDecision(None, NotJudged.NO_BINDING if unbound else None)
    found = item_limit(target, code)
    if found is None:
        return LimitDecision(None, None, target.binding_id)
    averaging = "reading" if period == "hour" else "month_mean"
    limit = Limit(
        **vars(found), binding_id=target.binding_id, standard=GB_3838, averaging=averaging, baseline_o2_pct=None
    )
    return LimitDecision(limit, None, target.binding_id)


def applying_rules(rules: Sequence[Rule], named: Iterable[str], water: Water) -> list[Rule] | None:
    """Return which of the rules apply, None where that can't be decided; `named` are the rule ids that the binding itself names."""
    names = set(named)
    picked = [rule for rule in rules if rule.rule_id in names]
    if picked:
        return picked + [rule for rule in rules if rule.selector == "none" and not rule.recalled and rule not in picked]
    checked = [rule for rule in rules if not rule.recalled]
    if (rules and not checked) or any(rule.selector == "named" for rule in checked):
        return None
    choice = [rule for rule in checked if rule.selector == "choice"]
    by_water = [rule for rule in checked if rule.selector.startswith("water")]
    if len({rule.figures for rule in choice}) > 1 or (by_water and water == "unknown"):
        return None
    wanted = {"cold": "water_up_to_12", "warm": "water_above_12", "unknown": ""}[water]
    plain = [rule for rule in checked if rule.selector == "none"]
    return plain + choice[:1] + [rule for rule in by_water if rule.selector == wanted]


def _limit(rule: Rule, binding: Binding, kind: SiteKind, code: str) -> Limit:
    unit = canonical_unit(kind, code)
    size = factor(rule.row["unit"], unit)
    return Limit(
        minimum=None if rule.minimum is None else rule.minimum * size,
        maximum=None if rule.maximum is None else rule.maximum * size,
        unit=unit,
        rule_id=rule.rule_id,
        binding_id=binding.id,
        standard=rule.standard,
        averaging=rule.row["averaging"],
        baseline_o2_pct=rule.baseline_o2_pct,
        confidence=rule.row["confidence"],
        source=rule.row["source"],
    )


def _strictness(limit: Limit) -> tuple[float, float]:
    """Order limits, strictest first: maxima as concentrations at no oxygen at all, L · 21/(21 − O2), then the higher minimum."""
    dilution = 21.0 / (21.0 - (limit.baseline_o2_pct or 0.0))
    highest = float("inf") if limit.maximum is None else limit.maximum * dilution
    return highest, -(limit.minimum or 0.0)

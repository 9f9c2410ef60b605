"""Which class surface water has to keep: GB 3838-2002 as a binding names it, and the limits that follow for each item.

A binding says `standard = "GB 3838-2002"`, `category` = river or lake, `variant` = the target class (Ⅲ or III). Total nitrogen of lakes is
rated apart by the same class (环办〔2011〕22号, facts.md 5.3); rivers have no limit for it.
"""

from dataclasses import dataclass
from typing import Final

from schemas.codes import SiteKind
from schemas.registry import Binding, Registry
from standards.parameters import canonical_unit, factor
from standards.surface_water import NITROGEN, Item, WaterBody, items_of, nitrogen
from standards.tables import rows_of

GB_3838: Final = "GB 3838-2002"
WATER_CLASS: Final = "water_class"
"""The parameter of verdicts on the class of a site; their value is the rank, 1 = Ⅰ … 6 = 劣Ⅴ."""
BODIES: Final[dict[str, WaterBody]] = {"river": "river", "lake": "lake", "lake_reservoir": "lake"}
"""Categories that a binding may name."""
RANKS: Final = {word: n % 5 + 1 for n, word in enumerate(("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "I", "II", "III", "IV", "V"))}
"""Variants that a binding may name."""


@dataclass(frozen=True)
class WaterTarget:
    """What a water body is held to."""

    body: WaterBody
    rank: int
    binding_id: str


@dataclass(frozen=True)
class ItemLimit:
    """The limit of one item, in the canonical unit of a surface water site."""

    minimum: float | None
    maximum: float | None
    unit: str
    rule_id: str
    """Id of the provision."""
    confidence: str
    source: str


def target_of(registry: Registry, site_id: str, instant_us: int) -> WaterTarget | None:
    """Return the strictest target that is bound to a site at an instant, None where there is none."""
    bindings = (b for b in registry.site_bindings.get(site_id, ()) if b.covers(instant_us))
    return min((t for b in bindings if (t := target_named(b))), key=lambda target: target.rank, default=None)


def target_named(binding: Binding) -> WaterTarget | None:
    """Return the target that a binding names, None where it is another standard or says no class."""
    body, rank = BODIES.get(binding.category or ""), RANKS.get(binding.variant or "")
    if binding.standard != GB_3838 or body is None or rank is None:
        return None
    return WaterTarget(body, rank, binding.id)


def rated_items(body: WaterBody) -> dict[str, Item]:
    """Return the items that are rated, by HJ 212 code; those of lakes with total nitrogen."""
    found = {item.code: item for item in items_of(body).values()}
    return found | {nitrogen().code: nitrogen()} if body == "lake" else found


def is_apart(item: Item) -> bool:
    """Whether an item is rated by itself and has no say in the class."""
    return item.name == NITROGEN


def item_limit(target: WaterTarget, code: str) -> ItemLimit | None:
    """Return the limit of a parameter in the target class, None where it is not rated."""
    item = rated_items(target.body).get(code)
    if item is None:
        return None
    unit = canonical_unit(SiteKind.SURFACE_WATER, code)
    size = factor(item.unit, unit)
    figures = [limit * size for limit in item.limits]
    low, high = figures if item.direction == "range" else (figures[target.rank - 1],) * 2
    row = next(r for r in rows_of("surface_water_classes") if r["hj212_code"] == code and r["water_body"] == item.body)
    return ItemLimit(
        minimum=None if item.direction == "max" else low,
        maximum=None if item.direction == "min" else high,
        unit=unit,
        rule_id=":".join((row["standard"], row["parameter"], row["water_body"])),
        confidence=row["confidence"],
        source=row["source"],
    )

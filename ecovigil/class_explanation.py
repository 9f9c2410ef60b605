"""Why a body of water has its class: each item with its own class, the worst of which decides."""

from collections.abc import Iterator, Mapping

from schemas.codes import SiteKind
from standards.parameters import canonical_unit, factor, names_of
from standards.surface_water import CLASS_NAMES, Item
from standards.water_targets import GB_3838, WaterTarget, is_apart, rated_items

WATER_CODES: tuple[str, ...] = tuple(rated_items("river") | rated_items("lake"))
"""Items that any body of water is rated by."""


def class_lines(target: WaterTarget | None, means: Mapping[str, float], basis: str) -> Iterator[str]:
    """Yield the class of each valid item, by HJ 212 code, and which of them decide; `basis` is that of the verdict."""
    if target is None:
        yield "现行登记中已无目标类别 the registry of now names no target class"
        return
    deciding = basis.split()[1:]
    for code, item in rated_items(target.body).items():
        if code in means:
            yield _item_line(code, item, means[code], decides=code in deciding)
    yield f"目标类别 target class: {CLASS_NAMES[target.rank]}"


def _item_line(code: str, item: Item, value: float, *, decides: bool) -> str:
    unit = canonical_unit(SiteKind.SURFACE_WATER, code)
    rank = int(item.ranks([value * factor(unit, item.unit)])[0])
    said = " 决定类别 decides" if decides else " 单独评价 rated apart" if is_apart(item) else ""
    shown = f"{value:.10g} {unit}".removesuffix(" -")
    return f"{' '.join(names_of(code))} {code}: {shown} → {CLASS_NAMES[rank] or '–'}{said}"


def class_rule_lines() -> Iterator[str]:
    """Yield what the rating rests on."""
    yield f"{GB_3838} 表 1，单因子评价 table 1, the worst item decides; 环办〔2011〕22号"
    yield "不参评：水温、粪大肠菌群；总氮单独评价 left out: temperature, coliforms; total nitrogen is rated apart"

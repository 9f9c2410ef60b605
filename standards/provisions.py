"""Every row of the law under a name of its own, for people who look it up: `standards list` and `standards show`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from schemas.times import date_us
from standards.rules import Rule, rules
from standards.tables import RECALLED, Row, in_force, rows_of

_CLASSES: Final = ("class_I", "class_II", "class_III", "class_IV", "class_V")
_MARKS: Final = {
    "read-in-source": ("R：见原文", "R: read in the source itself"),
    "read-in-secondary": (
        "R2：见转述，定案前须核对原文",
        "R2: read in a secondary text, re-check before it decides a case",
    ),
    RECALLED: ("M：凭记忆，适用标准点名后才作依据", "M: recalled only, never used without a binding that names it"),
}


@dataclass(frozen=True)
class Provision:
    """One row of a table, as people name and read it."""

    provision_id: str
    """`rule_id` where the table has one, else standard, parameter and what tells its rows apart."""
    table: str
    standard: str
    code: str
    """HJ 212 code, "" where the row has none."""
    subject: str
    """Parameter, or what else is limited, as the table prints it."""
    scope: str
    """Category and variant, stage, water body or level."""
    limit: str
    """The figure or figures, with their unit."""
    averaging: str
    row: Row
    rule: Rule | None = None
    """Of an emission limit."""

    def covers(self, day: date) -> bool:
        """Return whether it is in force on a China Standard Time day; a row without dates always is."""
        return "effective_from" not in self.row or in_force(self.row, date_us(day))

    @property
    def dates(self) -> tuple[str, str]:
        """First and last day in force, "" where open."""
        return self.row.get("effective_from", ""), self.row.get("effective_to", "")

    @property
    def mark(self) -> tuple[str, str]:
        """How sure the figure is, in Chinese and English."""
        return _MARKS[self.row["confidence"]]

    def binding_needs(self) -> list[tuple[str, str]]:
        """Return what a binding must say so that the row decides, each in Chinese and English."""
        return list(_emission_needs(self.rule) if self.rule else _NEEDS[self.table](self.row))


def _range(low: str, high: str, unit: str) -> str:
    bounds = {(True, True): f"{low} – {high}", (True, False): f"≥ {low}", (False, True): f"≤ {high}"}
    return f"{bounds[bool(low), bool(high)]} {'' if unit == '-' else unit}".rstrip()


def _emission(rule: Rule) -> Provision:
    row = rule.row
    return Provision(
        rule.rule_id,
        "emission_limits",
        rule.standard,
        row["hj212_code"],
        f"{row['pollutant_zh']} {row['pollutant']}",
        f"{rule.category}; {rule.variant}",
        _range(row["limit_min"], row["limit_max"], row["unit"])
        + (f" @ O₂ {row['baseline_o2_pct']} %" if row["baseline_o2_pct"] else ""),
        row["averaging"],
        row,
        rule,
    )


def _water(row: Row) -> Provision:
    figures = " / ".join(row[name] or "–" for name in _CLASSES)
    sign = {"max": "≤ ", "min": "≥ "}.get(row["direction"], "")
    name = ":".join((row["standard"], row["parameter"], row["water_body"]))
    subject = f"{row['parameter_zh']} {row['parameter']}"
    limit = f"Ⅰ–Ⅴ {sign}{figures} {row['unit']}"
    return Provision(
        name, "surface_water_classes", row["standard"], row["hj212_code"], subject, row["water_body"], limit, "", row
    )


def _ambient(row: Row) -> Provision:
    name = ":".join(row[part] for part in ("standard", "stage", "pollutant", "averaging"))
    limit = f"一级 grade 1 ≤ {row['grade_1']}, 二级 grade 2 ≤ {row['grade_2']} {row['unit']}"
    return Provision(
        name, "ambient_limits", row["standard"], row["hj212_code"], row["pollutant"], row["stage"], limit,
        row["averaging"], row,
    )  # fmt: skip


def _breakpoint(row: Row) -> Provision:
    name = ":".join(row[part] for part in ("standard", "pollutant", "averaging", "iaqi"))
    limit = f"IAQI {row['iaqi']} = {row['concentration']} {row['unit']}"
    return Provision(
        name, "iaqi_breakpoints", row["standard"], row["hj212_code"], row["pollutant"], "", limit, row["averaging"], row
    )


def _threshold(row: Row) -> Provision:
    limit = f"AQI {row['comparator']} {row['threshold']}, {row['min_duration_h']} h ({row['logic']})"
    return Provision(
        row["rule_id"], "heavy_pollution_thresholds", row["scheme"], "", "AQI", row["level"], limit, "running24", row
    )


@cache
def provisions() -> tuple[Provision, ...]:
    """Return all rows of the law: emission limits, water classes, ambient limits, index breakpoints, thresholds."""
    return (
        *map(_emission, rules()),
        *map(_water, rows_of("surface_water_classes")),
        *map(_ambient, rows_of("ambient_limits")),
        *map(_breakpoint, rows_of("iaqi_breakpoints")),
        *map(_threshold, rows_of("heavy_pollution_thresholds")),
    )


def _emission_needs(rule: Rule) -> Iterator[tuple[str, str]]:
    said = f'standard = "{rule.standard}", category = "{rule.category}", variant = "{rule.variant}"'
    yield f"适用标准写明 {said}", f"the binding says {said}"
    named = f'conditions = ["{rule.rule_id}"]'
    if rule.recalled:
        yield f"数值未经核对，须点名 {named}", f"the figure is only recalled: it must be named, {named}"
    if rule.selector == "named":
        yield f"条件无法由数据判断，须点名 {named}", f"the data can't decide its condition: it must be named, {named}"
    if rule.selector == "choice":
        yield (
            f"仅一行适用，限值不同时须点名 {named}",
            f"only one of several rows applies: where figures differ, {named}",
        )
    if rule.selector.startswith("water"):
        yield "由实测水温（w01010）决定，不必写明", "decided by the measured water temperature (w01010), nothing to say"
    if rule.period is None:
        yield "不与小时、日均值比较", "no hour or day mean is compared with it"


def _no_needs(row: Row) -> Iterator[tuple[str, str]]:
    yield "不需要适用标准，按日期适用", "no binding is needed, it applies by date"


def _scheme_needs(row: Row) -> Iterator[tuple[str, str]]:
    said = f'thresholds = "{row["scheme"]}"'
    yield f"城市的适用标准写明 {said}", f"the city's binding says {said}"


_NEEDS: Final[dict[str, Callable[[Row], Iterator[tuple[str, str]]]]] = {
    "surface_water_classes": _no_needs,
    "ambient_limits": _no_needs,
    "iaqi_breakpoints": _no_needs,
    "heavy_pollution_thresholds": _scheme_needs,
}

"""What each table of the law must say in a row: needed cells, numbers, the key of a rule, and what must fit together."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Final

from schemas.codes import GRADE_RANK
from standards.parameters import parameters, unit_name
from standards.rules import PERIOD_OF_AVERAGING
from standards.tables import RECALLED, Row, rows_of

CONFIDENCES: Final = ("read-in-source", "read-in-secondary", RECALLED)
OTHER_AVERAGINGS: Final = frozenset({"instant", "measured_mean", "5min_mean"})
"""Averagings that stand in the emission standards and that no mean or single reading of ours is compared with."""
_AMBIENT_AVERAGINGS: Final = frozenset({"1h", "8h", "8h_max", "24h", "quarter", "year"})
_CLASSES: Final = ("class_I", "class_II", "class_III", "class_IV", "class_V")
_SELECTORS: Final = frozenset({"none", "named", "choice", "water_above_12", "water_up_to_12"})
_DIRECTIONS: Final = frozenset({"max", "min", "range", "max_change"})

Checks = Callable[[Row], Iterator[str]]


@dataclass(frozen=True)
class Form:
    """One kind of table."""

    needed: tuple[str, ...]
    """Cells that may not be empty."""
    key: tuple[str, ...]
    """Rows that agree in these are the same rule: their dates must not overlap."""
    further: tuple[str, ...] = ()
    """Columns that must be there and may be empty."""
    numbers: tuple[str, ...] = ()
    checks: Checks = lambda row: iter(())

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns by which a file is known to be of this form."""
        return tuple(dict.fromkeys(self.needed + self.further + self.key))


def is_number(cell: str) -> bool:
    """Return whether a cell is a finite number."""
    try:
        return isfinite(float(cell))
    except ValueError:
        return False


def _pair(row: Mapping[str, str], low: str, high: str) -> tuple[float, float] | None:
    """Return two figures where both are there and are numbers."""
    if is_number(row[low]) and is_number(row[high]):
        return float(row[low]), float(row[high])
    return None


def _code_and_unit(row: Row) -> Iterator[str]:
    code, unit = row["hj212_code"], row["unit"]
    if code and code not in parameters():
        yield f"未知因子编码 hj212_code {code!r} is not in the parameter table"
    if unit and unit_name(unit) is None and unit not in ("times", "grade"):
        yield f"未知单位 unknown unit {unit!r}"


@cache
def _conditions() -> frozenset[str]:
    return frozenset(row["condition"] for row in rows_of("limit_selectors")) | {""}


def _emission(row: Row) -> Iterator[str]:
    yield from _code_and_unit(row)
    averaging = row["averaging"]
    if averaging and averaging not in PERIOD_OF_AVERAGING.keys() | OTHER_AVERAGINGS:
        yield f"未知均值时段 unknown averaging {averaging!r}"
    if not (row["limit_min"] or row["limit_max"]):
        yield "没有限值 neither limit_min nor limit_max"
    limits = _pair(row, "limit_min", "limit_max")
    if limits and limits[0] > limits[1]:
        yield f"下限高于上限 limit_min {row['limit_min']} is above limit_max {row['limit_max']}"
    if row["condition"] not in _conditions():
        yield f"适用条件不在 limit_selectors.csv 中 condition {row['condition']!r} is not in limit_selectors.csv"
    yield from _baseline(row)


def _baseline(row: Row) -> Iterator[str]:
    oxygen = row["baseline_o2_pct"]
    if is_number(oxygen) and not 0 <= float(oxygen) < 21:
        yield f"基准氧含量须在 0 与 21 之间 baseline_o2_pct {oxygen} is not from 0 to below 21"
    if oxygen and row["medium"] == "water":
        yield "水污染物没有基准氧含量 baseline_o2_pct in a limit for water"


def _water_class(row: Row) -> Iterator[str]:
    yield from _code_and_unit(row)
    direction = row["direction"]
    if direction not in _DIRECTIONS:
        yield f"未知方向 unknown direction {direction!r}"
    if direction == "range":
        for name in _CLASSES:
            bounds = row[name].split("-")
            if len(bounds) != 2 or not all(map(is_number, bounds)) or float(bounds[0]) > float(bounds[1]):
                yield f"不是范围 {name}: {row[name]!r} is no range such as 6-9"
    if direction in ("max", "min"):
        yield from _five_classes(row, direction)


def _five_classes(row: Row, direction: str) -> Iterator[str]:
    wrong = [name for name in _CLASSES if not is_number(row[name])]
    if wrong:
        yield f"不是数字 {wrong[0]}: {row[wrong[0]]!r} is no number"
        return
    sign = -1 if direction == "min" else 1
    figures = [sign * float(row[name]) for name in _CLASSES]
    if figures != sorted(figures):
        yield "差的类别更严 a worse class is stricter than a better one"


def _ambient(row: Row) -> Iterator[str]:
    yield from _code_and_unit(row)
    if row["averaging"] and row["averaging"] not in _AMBIENT_AVERAGINGS:
        yield f"未知均值时段 unknown averaging {row['averaging']!r}"
    grades = _pair(row, "grade_1", "grade_2")
    if grades and grades[0] > grades[1]:
        yield f"一级限值高于二级 grade_1 {row['grade_1']} is above grade_2 {row['grade_2']}"


def _breakpoint(row: Row) -> Iterator[str]:
    yield from _code_and_unit(row)
    if row["averaging"] and row["averaging"] not in _AMBIENT_AVERAGINGS:
        yield f"未知均值时段 unknown averaging {row['averaging']!r}"


def _threshold(row: Row) -> Iterator[str]:
    # the rows of release and of temporary control are no grades, and no detector reads them
    if row["level"] in set(GRADE_RANK) and row["comparator"] not in (">", ">="):
        yield f"未知比较符 unknown comparator {row['comparator']!r}"
    if row["logic"] not in ("ANY", "ALL"):
        yield f"logic 须为 ANY 或 ALL: {row['logic']!r} is neither"


def _mark_rule(row: Row) -> Iterator[str]:
    if is_number(row["limit_h"]) and float(row["limit_h"]) <= 0:
        yield f"时限须大于零 limit_h {row['limit_h']} is not above zero"
    if row["limit_h"] and not row["per"]:
        yield "缺少 per: a time limit without what it is for"


def _selector(row: Row) -> Iterator[str]:
    if row["selector"] not in _SELECTORS:
        yield f"未知选择方式 unknown selector {row['selector']!r}"


def _level(row: Row) -> Iterator[str]:
    bounds = _pair(row, "low", "high")
    if bounds and bounds[0] > bounds[1]:
        yield f"下限高于上限 low {row['low']} is above high {row['high']}"


_DATES: Final = ("effective_from", "effective_to")
_MARK: Final = ("confidence",)

FORMS: Final[dict[str, Form]] = {
    "emission_limits": Form(
        ("rule_id", "standard", "medium", "source_category", "variant", "pollutant", "unit", "averaging", *_MARK),
        ("standard", "source_category", "variant", "pollutant", "hj212_code", "averaging", "condition"),
        ("limit_min", "limit_max", "baseline_o2_pct", "source", *_DATES),
        ("limit_min", "limit_max", "baseline_o2_pct"),
        _emission,
    ),
    "surface_water_classes": Form(
        ("standard", "parameter", "parameter_zh", "hj212_code", "unit", "water_body", "direction", *_MARK),
        ("standard", "parameter", "water_body"),
        (*_CLASSES, "source"),
        checks=_water_class,
    ),
    "ambient_limits": Form(
        ("standard", "stage", "pollutant", "hj212_code", "averaging", "unit", "grade_1", "grade_2", *_MARK),
        ("standard", "stage", "pollutant", "averaging"),
        ("source", *_DATES),
        ("grade_1", "grade_2"),
        _ambient,
    ),
    "iaqi_breakpoints": Form(
        ("standard", "pollutant", "hj212_code", "averaging", "unit", "iaqi", "concentration", *_MARK),
        ("standard", "pollutant", "averaging", "iaqi"),
        ("source", *_DATES),
        ("iaqi", "concentration"),
        _breakpoint,
    ),
    "heavy_pollution_thresholds": Form(
        ("scheme", "level", "rule_id", "logic", "comparator", "threshold", "min_duration_h", *_MARK),
        ("scheme", "rule_id"),
        ("source", *_DATES),
        ("threshold", "min_duration_h"),
        _threshold,
    ),
    "mark_rules": Form(
        ("rule_id", "kind", "industry", *_MARK),
        ("kind", "industry", "variant", "pollutants"),
        ("limit_h", "per", "source", *_DATES),
        ("limit_h",),
        _mark_rule,
    ),
    "substitution_rules": Form(
        ("rule_id", "medium", "cause", "run_from_h", "method", *_MARK),
        ("medium", "cause", "capture_from_pct", "run_from_h"),
        ("capture_below_pct", "run_to_h", "valid_hours", "source", *_DATES),
        ("capture_from_pct", "capture_below_pct", "run_from_h", "run_to_h", "valid_hours"),
    ),
    "limit_selectors": Form(("condition", "selector", "why"), ("condition",), checks=_selector),
    "aqi_levels": Form(
        ("rank", "low", "high", "zh", "en", "rgb", *_MARK), ("rank",), ("source",), ("rank", "low", "high"), _level
    ),
    "hj212_pollutants": Form(("medium", "code", *_MARK), ("code",), ("name_zh", "name_en", "source")),
}
"""By the name of the bundled table; another file is known by its columns."""

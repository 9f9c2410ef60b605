"""Air quality index: HJ 633-2012 and HJ 633-2026, on columns of concentrations.

All arithmetic is on integers of 10⁻⁹ of the unit, so that a concentration which a table or a sum means to be 150 is 150:
a binary 150.00000000000003 would be rounded up to the next index. Nine decimals are far finer than any monitor and
far coarser than the noise of a sum of doubles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.codes import AqiStandard
from schemas.times import date_us
from standards.tables import day, rows_of

Averaging = Literal["hour", "day"]
Floats = NDArray[np.float64]

SCALE: Final = 1_000_000_000
_CEILING: Final = 100_000.0
"""Concentrations above it are cut before scaling: they are beyond every table, and int64 must hold the products."""

ITEM_CODE: Final = {
    "so2": "a21026",
    "no2": "a21004",
    "co": "a21005",
    "o3_1h": "a05024",
    "o3_8h": "a05024",
    "pm10": "a34002",
    "pm25": "a34004",
    "so2_24h": "a21026",
}
"""HJ 212 code of each item. Units: µg/m³, CO mg/m³."""

NEEDED: Final[dict[Averaging, tuple[str, ...]]] = {
    "hour": ("so2", "no2", "co", "o3_1h", "pm10", "pm25"),
    "day": ("so2", "no2", "co", "o3_8h", "pm10", "pm25"),
}
"""The six items of an index. A running 24-hour index takes those of the day, ozone by its running maximum 8-hour mean."""

ITEM_OF_CODE: Final[dict[Averaging, dict[str, str]]] = {
    averaging: {ITEM_CODE[item]: item for item in items} for averaging, items in NEEDED.items()
}
"""Item that a parameter is in an hour or a day: a05024 is `o3_1h` in an hour, `o3_8h` in a day."""


@dataclass(frozen=True)
class Level:
    """One class of the index, with its colour."""

    rank: int
    low: int
    high: int
    zh: str
    en: str
    colour_zh: str
    colour_en: str
    rgb: str


@dataclass(frozen=True)
class IndexColumns:
    """Indices of n rows (sites, hours …); NaN where one can't be said."""

    items: tuple[str, ...]
    iaqi: Floats
    """Shape (items, n), whole numbers."""
    aqi: Floats
    """Shape (n,), whole numbers; NaN: the index can't be said."""
    is_primary: NDArray[np.bool_]
    """Shape (items, n): primary pollutants (首要污染物); ties are joint, none at an index up to 50."""

    def primary(self, row: int) -> tuple[str, ...]:
        """Return the primary items of a row, for example ("pm25",)."""
        return tuple(item for item, flag in zip(self.items, self.is_primary[:, row], strict=True) if flag)

    def primary_codes(self, row: int) -> tuple[str, ...]:
        """Return the HJ 212 codes of the primary pollutants of a row, each once."""
        return tuple(dict.fromkeys(ITEM_CODE[item] for item in self.primary(row)))

    def aqi_at(self, row: int) -> int | None:
        """Return the index of a row, None where it can't be said."""
        return None if np.isnan(self.aqi[row]) else int(self.aqi[row])


@cache
def levels() -> tuple[Level, ...]:
    """Return the six classes, best first."""
    return tuple(
        Level(
            rank=int(r["rank"]),
            low=int(r["low"]),
            high=int(r["high"]),
            **{k: r[k] for k in ("zh", "en", "colour_zh", "colour_en", "rgb")},
        )
        for r in rows_of("aqi_levels")
    )


def level_of(aqi: float | None) -> Level | None:
    """Return the class of an index, None where there is no index."""
    if aqi is None or np.isnan(aqi):
        return None
    return next(level for level in levels() if aqi <= level.high)


@cache
def _changeover() -> int:
    """Return the first instant of HJ 633-2026."""
    first = next(day(r["effective_from"]) for r in rows_of("iaqi_breakpoints") if r["standard"] == "HJ 633-2026")
    if first is None:
        raise ValueError("iaqi_breakpoints.csv: HJ 633-2026 has no effective_from")
    return date_us(first)


def standard_at(instant_us: int) -> AqiStandard:
    """Return the standard in force at an instant: HJ 633-2026 from 2026-03-01 (China Standard Time), before it HJ 633-2012."""
    return AqiStandard.HJ633_2026 if instant_us >= _changeover() else AqiStandard.HJ633_2012


def items_of(standard: AqiStandard, averaging: Averaging) -> tuple[str, ...]:
    """Return the items that count; the daily report of HJ 633-2012 has the maximum 1-hour ozone as a seventh."""
    seventh = ("o3_1h",) if averaging == "day" and standard is AqiStandard.HJ633_2012 else ()
    return NEEDED[averaging] + seventh


_TABLE_NAME: Final = {AqiStandard.HJ633_2012: "HJ 633-2012", AqiStandard.HJ633_2026: "HJ 633-2026"}


def _table_averaging(standard: AqiStandard, averaging: Averaging, item: str) -> str:
    """Return which column of the table an item is compared with."""
    if item in ("o3_1h", "o3_8h"):
        return item[3:]
    if averaging == "day" or item == "so2_24h":
        return "24h"
    if item in ("pm10", "pm25") and standard is AqiStandard.HJ633_2012:
        return "24h"  # the 1-hour mean on the 24-hour table, as the national network published it
    return "1h"


@cache
def _breakpoints(standard: AqiStandard, averaging: Averaging, item: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (scaled concentrations, indices) of the item's breakpoints, ascending."""
    wanted = (_TABLE_NAME[standard], ITEM_CODE[item], _table_averaging(standard, averaging, item))
    found = [
        (round(float(r["concentration"]) * SCALE), int(r["iaqi"]))
        for r in rows_of("iaqi_breakpoints")
        if (r["standard"], r["hj212_code"], r["averaging"]) == wanted
    ]
    concentrations, indices = zip(*sorted(found), strict=True)
    return np.array(concentrations, np.int64), np.array(indices, np.int64)


def _half_even(scaled: NDArray[np.int64], unit: int) -> NDArray[np.int64]:
    """Return multiples of `unit`, rounded as GB/T 8170 says: half to even."""
    quotient, rest = np.divmod(scaled, unit)
    up = (2 * rest > unit) | ((2 * rest == unit) & (quotient % 2 == 1))
    rounded: NDArray[np.int64] = (quotient + up) * unit
    return rounded


def _between(scaled: NDArray[np.int64], bp: NDArray[np.int64], index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the index between breakpoints, rounded up, in whole numbers only."""
    low = np.clip(np.searchsorted(bp, scaled, side="left") - 1, 0, len(bp) - 2)
    rise, run = index[low + 1] - index[low], bp[low + 1] - bp[low]
    result: NDArray[np.int64] = index[low] - (-(rise * (np.minimum(scaled, bp[-1]) - bp[low])) // run)
    return result


def iaqi_of(standard: AqiStandard, averaging: Averaging, item: str, concentration: Any) -> Floats:
    """Return the individual index of each concentration (µg/m³, CO mg/m³); NaN for a missing or negative one.

    Above the last breakpoint of a table that ends at 500 it is 500. Above 800 the tables of 1-hour SO2 and 8-hour O3 end
    early: HJ 633-2012 has no index there (NaN), HJ 633-2026 fixes 200 and 300.
    """
    given = np.asarray(concentration, np.float64)
    known = np.isfinite(given) & (given >= -0.5 / SCALE)
    scaled = np.rint(np.where(known, np.clip(given, 0, _CEILING), 0) * SCALE).astype(np.int64)
    if standard is AqiStandard.HJ633_2026:
        scaled = _half_even(scaled, SCALE // 10 if item == "co" else SCALE)
    bp, index = _breakpoints(standard, averaging, item)
    found = _between(scaled, bp, index)
    if standard is AqiStandard.HJ633_2026:
        found = np.maximum(found, 1)
    elif index[-1] < 500:
        known &= scaled <= bp[-1]
    return np.where(known, found.astype(np.float64), np.nan)


def _with_stand_in(standard: AqiStandard, averaging: Averaging, iaqi: Floats, given: Mapping[str, Any]) -> Floats:
    """Return the indices where 24-hour SO2 stands in for a 1-hour value above 800 (HJ 633-2012, note to table 1)."""
    if averaging == "hour" and standard is AqiStandard.HJ633_2012 and "so2_24h" in given:
        above = np.asarray(given["so2"], np.float64) > 800
        iaqi[0] = np.where(
            above & np.isnan(iaqi[0]), iaqi_of(standard, averaging, "so2_24h", given["so2_24h"]), iaqi[0]
        )
    return iaqi


def _is_said(
    standard: AqiStandard, averaging: Averaging, iaqi: Floats, highest: Floats, given: Mapping[str, Any]
) -> Any:
    """Return for which rows an index can be said."""
    there = ~np.isnan(iaqi)
    if standard is AqiStandard.HJ633_2026:
        return there.all(axis=0) | (highest > 100)
    if averaging == "day" and "o3_8h" in given:
        # above 800 the 8-hour value has no index, and the 1-hour value speaks for ozone
        there[3] |= there[6] & (np.asarray(given["o3_8h"], np.float64) > 800)
    return there[:6].all(axis=0)


def aqi_of(standard: AqiStandard, averaging: Averaging, concentrations: Mapping[str, Any]) -> IndexColumns:
    """Return the indices of rows of concentrations by item (`ITEM_CODE`), NaN = missing, µg/m³ and CO mg/m³.

    HJ 633-2012 needs six pollutants; HJ 633-2026 says an index without one of them only when it is above 100.
    In hours of HJ 633-2012 an optional `so2_24h` stands in for 1-hour SO2 above 800; without it there is no index.
    Items that do not belong to the averaging are ignored.
    """
    n = max((np.size(column) for column in concentrations.values()), default=0)
    items = items_of(standard, averaging)
    missing = np.full(n, np.nan)
    iaqi = np.stack([iaqi_of(standard, averaging, item, concentrations.get(item, missing)) for item in items])
    iaqi = _with_stand_in(standard, averaging, iaqi, concentrations)
    highest = np.where(np.isnan(iaqi), -1.0, iaqi).max(axis=0)
    said = _is_said(standard, averaging, iaqi, highest, concentrations) & (highest >= 0)
    aqi = np.where(said, highest, np.nan)
    return IndexColumns(items, iaqi, aqi, (iaqi == aqi) & (aqi > 50))

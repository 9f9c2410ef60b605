"""Classes of surface water, GB 3838-2002 table 1, on columns of readings or means: the worst item decides (单因子评价).

Rated are the items of the table but water temperature, total nitrogen and faecal coliform (环办〔2011〕22号, facts.md 5.3); nitrogen
is rated apart, for lakes and reservoirs. Dissolved oxygen is judged by mg/L; the 90 % saturation of class Ⅰ is not applied in publication.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from standards.judgement import NOISE
from standards.tables import Row, rows_of

WaterBody = Literal["river", "lake"]
Direction = Literal["max", "min", "range"]
Ranks = NDArray[np.int8]
"""0 = not rated, 1 … 5 = class Ⅰ … Ⅴ, 6 = worse than Ⅴ (劣Ⅴ)."""

CLASS_NAMES: Final = ("", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ")
"""By rank."""
NITROGEN: Final = "tn"
_WORST: Final = 6
_APART: Final = frozenset({"temperature_change", "TN", "fecal_coliform"})
_ROWS_OF_BODY: Final[dict[WaterBody, frozenset[str]]] = {
    "river": frozenset({"all", "river"}),
    "lake": frozenset({"all", "lake_reservoir"}),
}
_DIRECTIONS: Final[dict[str, Direction]] = {"max": "max", "min": "min", "range": "range"}
_HIGHEST_PH: Final = 14.0


@dataclass(frozen=True)
class Item:
    """One row of surface_water_classes.csv."""

    name: str
    """Our word for a column, for example `nh3n`."""
    name_zh: str
    code: str
    """HJ 212 code."""
    unit: str
    body: str
    """Water body of the row: all, river, lake_reservoir."""
    direction: Direction
    limits: tuple[float, ...]
    """Of class Ⅰ … Ⅴ; of a range: its lowest and highest value, in every class."""

    def ranks(self, values: Any) -> Ranks:
        """Return the class of each value in `unit`, 0 for what is no value: NaN, infinite, negative, a pH above 14."""
        given = np.asarray(values, np.float64)
        known = np.isfinite(given) & (given >= 0)
        if self.direction == "range":
            known &= given <= _HIGHEST_PH
            met = np.array([~_beyond(given, self.limits[1]) & ~_beyond(-given, -self.limits[0])] * 5)
        else:
            sign = -1.0 if self.direction == "min" else 1.0
            met = np.array([~_beyond(sign * given, sign * limit) for limit in self.limits])
        best = np.where(met.any(axis=0), met.argmax(axis=0) + 1, _WORST)
        return np.where(known, best, 0).astype(np.int8)


@dataclass(frozen=True)
class WaterClasses:
    """Classes of n rows of concentrations."""

    items: tuple[str, ...]
    by_item: Ranks
    """Shape (items, n)."""
    rank: Ranks
    """Shape (n,): the worst of the items that have a value."""

    def names(self) -> list[str]:
        """Return the class of each row in words, "" where nothing was rated."""
        return [CLASS_NAMES[rank] for rank in self.rank.tolist()]

    def deciding(self, row: int) -> tuple[str, ...]:
        """Return the items of a row that are in its class; the others are in a better one."""
        if not self.rank[row]:
            return ()
        return tuple(
            name for name, rank in zip(self.items, self.by_item[:, row], strict=True) if rank == self.rank[row]
        )


def _beyond(value: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    """Return where a value is above a limit, by more than the noise of a sum of doubles; equal meets it."""
    found: NDArray[np.bool_] = value - limit > NOISE * abs(limit)
    return found


def _item(row: Row) -> Item:
    direction = _DIRECTIONS[row["direction"]]
    cells = [row[f"class_{numeral}"] for numeral in ("I", "II", "III", "IV", "V")]
    limits = cells[0].split("-") if direction == "range" else cells
    name = row["parameter"].lower().replace("-", "")
    figures = tuple(map(float, limits))
    return Item(name, row["parameter_zh"], row["hj212_code"], row["unit"], row["water_body"], direction, figures)


@cache
def items_of(water_body: WaterBody) -> dict[str, Item]:
    """Return the items that count for the class, by name, in the order of the table."""
    rows = (r for r in rows_of("surface_water_classes") if r["water_body"] in _ROWS_OF_BODY[water_body])
    found = (_item(row) for row in rows if row["parameter"] not in _APART)
    return {item.name: item for item in found}


@cache
def nitrogen() -> Item:
    """Return total nitrogen of lakes and reservoirs, which is rated apart."""
    return next(_item(row) for row in rows_of("surface_water_classes") if row["parameter"] == "TN")


def classify(water_body: WaterBody, concentrations: Mapping[str, Any]) -> WaterClasses:
    """Return the classes of rows of concentrations by item name, in the table's units, NaN = missing.

    Names that are no items of the water body are ignored; a row without any value has rank 0.
    """
    found = {name: item for name, item in items_of(water_body).items() if name in concentrations}
    if not found:
        n = max((np.size(column) for column in concentrations.values()), default=0)
        return WaterClasses((), np.empty((0, n), np.int8), np.zeros(n, np.int8))
    by_item = np.stack([item.ranks(concentrations[name]) for name, item in found.items()])
    return WaterClasses(tuple(found), by_item, by_item.max(axis=0))

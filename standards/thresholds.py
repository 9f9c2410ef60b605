"""Grades of heavy-pollution weather: the thresholds of each scheme on the running 24-hour index of a city.

Reading that is used (facts of the 2024 text, 环大气〔2024〕6号): "> X for D h" is D − 23 consecutive hourly positions of the running
index above X. Rules marked ALL hold together. The levels `temporary_control` and `release` of CN-JS-2026 are no grades of
a warning and are left out; its 36 hours of better air are the release of every scheme.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.codes import GRADE_RANK, Grade
from standards.tables import rows_of

RELEASE_POSITIONS: Final = 36
"""A spell has ended after so many defined positions that are not above the yellow condition ("> 36 h", CN-JS-2026 JS-REL; recalled
as usual in other plans). Two spells closer than that are one episode."""


@dataclass(frozen=True)
class Rule:
    """One row of heavy_pollution_thresholds.csv."""

    rule_id: str
    grade: Grade
    together: bool
    """ALL: holds only with the other such rules of the grade."""
    inclusive: bool
    """Whether equal counts (">="; the others say ">")."""
    threshold: float
    positions: int
    """Consecutive hourly positions of the running index."""

    def above(self, aqi: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return where the index is above the threshold."""
        return aqi >= self.threshold if self.inclusive else aqi > self.threshold


@dataclass(frozen=True)
class Scheme:
    """The thresholds of one text."""

    name: str
    rules: tuple[Rule, ...]

    @property
    def release_threshold(self) -> float:
        """The lowest threshold of its yellow rules: air not above it is better than the yellow condition."""
        return min(rule.threshold for rule in self.rules if rule.grade is Grade.YELLOW)


@cache
def schemes() -> dict[str, Scheme]:
    """Return the schemes by name; only those that have grades."""
    found = defaultdict(list)
    for row in rows_of("heavy_pollution_thresholds"):
        if row["level"] in GRADE_RANK:
            found[row["scheme"]].append(
                Rule(
                    rule_id=row["rule_id"],
                    grade=Grade(row["level"]),
                    together=row["logic"] == "ALL",
                    inclusive=row["comparator"] == ">=",
                    threshold=float(row["threshold"]),
                    positions=max(int(row["min_duration_h"]) - 23, 1),
                )
            )
    return {name: Scheme(name, tuple(rules)) for name, rules in found.items()}

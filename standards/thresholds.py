"""Grades of heavy-pollution weather: a scheme's rules on the running 24-hour index of a city.

Reading that is used (facts of the 2024 text, 环大气〔2024〕6号): "> X for D h" holds at an hourly position when D − 23 consecutive
positions of the running index, this one the last, are above X. An undefined position neither raises nor lifts: it is
skipped. Rules marked ALL hold together: the shorter one somewhere inside the run of the longer. The levels
`temporary_control` and `release` of CN-JS-2026 are no grades of a warning and are left out.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.codes import GRADE_RANK, Grade
from standards.tables import rows_of

RELEASE_POSITIONS: Final = 36
"""A spell has ended after so many defined positions that are not above the yellow condition ("> 36 h", CN-JS-2026 JS-REL; recalled
as usual in other plans). Two spells closer than that are one episode."""

Ranks = NDArray[np.int8]
Flags = NDArray[np.bool_]
Positions = NDArray[np.int64]


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

    def above(self, aqi: NDArray[np.float64]) -> Flags:
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


@dataclass(frozen=True)
class Step:
    """An episode's grade rose."""

    at: int
    """Position (index into the given hours) at which the rule was met."""
    grade: Grade
    rule_ids: tuple[str, ...]
    """The rules that hold there."""
    first: int
    """First position of the run that met the rule: positions first … at, the undefined ones excepted, did so."""


@dataclass(frozen=True)
class Episode:
    """One spell of heavy pollution: steps of rising grade, until the air has been better for long enough."""

    steps: tuple[Step, ...]
    ended: int | None
    """Position at which 36 better ones had passed; None: it goes on."""

    @property
    def grade(self) -> Grade:
        """The highest grade reached."""
        return self.steps[-1].grade


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


def _last_true(flags: Flags) -> Positions:
    """Return for each position the latest one up to it where the flag is set; -1 before the first."""
    return np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))


@dataclass(frozen=True)
class _Held:
    """Where a rule, or several together, hold, and where the run that holds began."""

    rules: tuple[Rule, ...]
    holds: Flags
    first: Positions


def _held(rule: Rule, aqi: NDArray[np.float64]) -> _Held:
    last_below = _last_true(~rule.above(aqi))
    return _Held((rule,), np.arange(len(aqi)) - last_below >= rule.positions, last_below + 1)


def _held_together(rules: Sequence[Rule], aqi: NDArray[np.float64]) -> _Held:
    """Return where the longest rule holds and each of the others held inside its run."""
    longest, *shorter = sorted((_held(rule, aqi) for rule in rules), key=lambda h: -h.rules[0].positions)
    holds = longest.holds
    for held in shorter:
        holds = holds & (_last_true(held.holds) >= longest.first)
    return _Held(tuple(rules), holds, longest.first)


def _all_held(scheme: Scheme, aqi: NDArray[np.float64]) -> list[_Held]:
    """Return every way to reach a grade, on defined positions, most severe first."""
    together = defaultdict(list)
    for rule in scheme.rules:
        if rule.together:
            together[rule.grade].append(rule)
    ways = [_held(rule, aqi) for rule in scheme.rules if not rule.together]
    ways += [_held_together(rules, aqi) for rules in together.values()]
    return sorted(ways, key=lambda h: -h.rules[0].grade.rank)


def _defined(running_aqi: Any) -> tuple[NDArray[np.float64], Positions]:
    aqi = np.asarray(running_aqi, np.float64)
    where = np.flatnonzero(~np.isnan(aqi))
    return aqi[where], where


def _ranks(ways: list[_Held], n: int) -> Ranks:
    ranks = np.zeros(n, np.int8)
    for held in ways:
        np.maximum(ranks, np.where(held.holds, held.rules[0].grade.rank, 0), out=ranks, casting="unsafe")
    return ranks


def grades(scheme: Scheme, running_aqi: Any) -> Ranks:
    """Return the rank (0 none, 1 blue … 4 red) whose rules hold at each hourly position, shape (n,).

    `running_aqi` has one position an hour without gaps, NaN where it is undefined; there the rank of the position before stays.
    """
    aqi, where = _defined(running_aqi)
    full = np.zeros(len(running_aqi), np.int8)
    if len(where):
        known = np.isin(np.arange(len(full)), where)
        carried = np.concatenate([[0], _ranks(_all_held(scheme, aqi), len(aqi))])
        full[:] = carried[np.cumsum(known)]
    return full


def episodes(scheme: Scheme, running_aqi: Any) -> list[Episode]:
    """Return the spells in hourly positions of the running index (as for `grades`), in order.

    A spell begins where the first grade is met, rises by steps, never falls, and ends when 36 defined positions in a row were
    not above the yellow condition.
    """
    aqi, where = _defined(running_aqi)
    ways = _all_held(scheme, aqi)
    ranks = _ranks(ways, len(aqi))
    better = np.arange(len(aqi)) - _last_true(aqi > scheme.release_threshold) >= RELEASE_POSITIONS
    found, start = [], 0
    while (begins := _next(ranks > 0, start)) is not None:
        ends = _next(better, begins)
        last = len(aqi) if ends is None else ends
        steps = _steps(ways, ranks, begins, last, where)
        found.append(Episode(steps, None if ends is None else int(where[ends])))
        start = last
    return found


def _next(flags: Flags, start: int) -> int | None:
    """Return the first position from `start` on where the flag is set."""
    rest = flags[start:]
    return start + int(np.argmax(rest)) if rest.any() else None


def _steps(ways: list[_Held], ranks: Ranks, begins: int, last: int, where: Positions) -> tuple[Step, ...]:
    spell = ranks[begins:last]
    before = np.concatenate([[0], np.maximum.accumulate(spell)[:-1]])
    return tuple(_step(ways, int(at), where) for at in begins + np.flatnonzero(spell > before))


def _step(ways: list[_Held], at: int, where: Positions) -> Step:
    holding = [held for held in ways if held.holds[at]]
    grade = holding[0].rules[0].grade
    decisive = [held for held in holding if held.rules[0].grade is grade]
    first = min(int(held.first[at]) for held in decisive)
    rule_ids = tuple(rule.rule_id for held in decisive for rule in held.rules)
    return Step(int(where[at]), grade, rule_ids, int(where[first]))

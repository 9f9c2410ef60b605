"""Heavy-pollution episodes: from a city's running 24-hour index to onset, rising grades and release, on observed values.

Readings of the law that are ours (facts.md 3.1 prints none), each said once here:

- "> X for D h" is met at a position that ends D - 23 consecutive hourly positions above X, each of them defined.
- Rules joined by ALL hold together when all are met within one unbroken spell above the lowest of their thresholds.
- An undefined position neither raises nor lifts: it ends a count towards a grade and is left out of the count of calm ones.
- Release: 36 defined positions in turn that are not above the lowest threshold of the scheme's yellow rules.
- A grade is driven by PM2.5 where a34004 is primary in most of the positions that met its rule. Only such a spell is heavy
  pollution with reductions; what comes before its first such position, or a spell without one, is a health notice.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.codes import FindingKind, Grade
from standards.thresholds import RELEASE_POSITIONS, Rule, Scheme

PM25: Final = "a34004"

Mask = NDArray[np.bool_]
Ranks = NDArray[np.int64]


class Law(NamedTuple):
    """A threshold scheme while it is in force for a city."""

    begins: int
    """First instant, µs."""
    ends: int
    """First instant after it, µs."""
    scheme: Scheme


@dataclass(frozen=True)
class Course:
    """The running 24-hour index of a city by position, that is by the start of the window's last hour."""

    start: NDArray[np.int64]
    """µs, every hour from first to last."""
    aqi: NDArray[np.float64]
    """NaN = undefined."""
    pm25: Mask
    """Whether a34004 is among the primary pollutants."""


class Step(NamedTuple):
    """The grade of an episode rose."""

    position: int
    """Start of the last hour of the window at which it was met, µs."""
    grade: Grade
    aqi: int
    scheme: str
    rules: tuple[str, ...]
    """Ids of the rules that were met."""


@dataclass(frozen=True)
class Episode:
    """One spell of heavy pollution, from the first position where a grade is met to its release."""

    kind: FindingKind
    onset: int
    steps: tuple[Step, ...]
    """The first is the onset; each next one is of a higher grade."""
    ended: int | None
    """Position of the release (or where the health notice gave way to heavy pollution); None: not yet."""

    @property
    def grade(self) -> Grade:
        """The highest grade reached."""
        return self.steps[-1].grade


def run_lengths(over: Mask) -> Ranks:
    """Return for each position how many in turn, up to and with it, are True."""
    index = np.arange(len(over))
    return index - np.maximum.accumulate(np.where(over, -1, index))


def met(rule: Rule, aqi: NDArray[np.float64]) -> Mask:
    """Return the positions at which one rule is met."""
    enough: Mask = run_lengths(rule.above(aqi)) >= rule.positions
    return enough


def met_together(rules: Sequence[Rule], aqi: NDArray[np.float64]) -> Mask:
    """Return the positions at which all `rules` have been met within the present spell above the lowest threshold."""
    index = np.arange(len(aqi))
    spell = run_lengths(min(rules, key=lambda rule: rule.threshold).above(aqi))
    together = spell > 0
    for rule in rules:
        last = np.maximum.accumulate(np.where(met(rule, aqi), index, -1))
        together &= last > index - spell
    return together


def mostly(mark: Mask, length: int) -> Mask:
    """Return where more than half of the last `length` positions are marked."""
    total = np.concatenate([[0], np.cumsum(mark)])
    index = np.arange(1, len(mark) + 1)
    marked: Ranks = total[index] - total[np.maximum(index - length, 0)]
    return 2 * marked > length


@dataclass(frozen=True)
class Judgement:
    """What one scheme says of a course."""

    any_cause: Ranks
    """Rank of the grade met at each position; 0 = none."""
    pm25: Ranks
    """The same, of grades that PM2.5 drives."""
    rules: list[tuple[Grade, str, Mask]] = field(default_factory=list)
    """(grade, rule id, positions at which it is met)."""

    def rules_at(self, index: int, grade: Grade) -> tuple[str, ...]:
        """Return the ids of the grade's rules that are met at a position."""
        return tuple(rule_id for of, rule_id, mask in self.rules if of is grade and mask[index])


def judge(course: Course, scheme: Scheme) -> Judgement:
    """Return the grade that a scheme gives each position of a course."""
    said = Judgement(np.zeros(len(course.aqi), np.int64), np.zeros(len(course.aqi), np.int64))
    for grade, group in _ways(scheme):
        mask = met_together(group, course.aqi) if len(group) > 1 else met(group[0], course.aqi)
        driven = mask & mostly(course.pm25, max(rule.positions for rule in group))
        np.maximum(said.any_cause, np.where(mask, grade.rank, 0), out=said.any_cause)
        np.maximum(said.pm25, np.where(driven, grade.rank, 0), out=said.pm25)
        said.rules.extend((grade, rule.rule_id, mask) for rule in group)
    return said


def _ways(scheme: Scheme) -> list[tuple[Grade, list[Rule]]]:
    """Return every way to reach a grade: one rule, or several together."""
    together: dict[Grade, list[Rule]] = defaultdict(list)
    for rule in scheme.rules:
        if rule.together:
            together[rule.grade].append(rule)
    return [(rule.grade, [rule]) for rule in scheme.rules if not rule.together] + list(together.items())


class _Judged(NamedTuple):
    """A course with what the scheme in force says of each position."""

    course: Course
    any_cause: Ranks
    pm25: Ranks
    calm: Mask
    says: list[tuple[Law, Judgement]]

    def step(self, index: int, rank: int) -> Step:
        position = int(self.course.start[index])
        law, said = next((law, said) for law, said in self.says if law.begins <= position < law.ends)
        grade = next(grade for grade in Grade if grade.rank == rank)
        return Step(position, grade, int(self.course.aqi[index]), law.scheme.name, said.rules_at(index, grade))

    def steps(self, ranks: Ranks, begin: int, end: int) -> tuple[Step, ...]:
        highest = np.maximum.accumulate(ranks[begin:end])
        rises = np.flatnonzero(np.diff(highest, prepend=0))
        return tuple(self.step(begin + int(i), int(highest[i])) for i in rises)


def calm_positions(course: Course, laws: Sequence[Law]) -> Mask:
    """Return where the index is defined and not above the lowest threshold of the scheme in force (or none is)."""
    calm = ~np.isnan(course.aqi)
    for law in laws:
        calm &= ~(
            (course.start >= law.begins) & (course.start < law.ends) & (course.aqi > law.scheme.release_threshold)
        )
    return calm


def _judged(course: Course, laws: Sequence[Law]) -> _Judged:
    any_cause, pm25 = np.zeros(len(course.aqi), np.int64), np.zeros(len(course.aqi), np.int64)
    says = [(law, judge(course, law.scheme)) for law in laws]
    for law, said in says:
        force = (course.start >= law.begins) & (course.start < law.ends)
        any_cause[force], pm25[force] = said.any_cause[force], said.pm25[force]
    return _Judged(course, any_cause, pm25, calm_positions(course, laws), says)


def calm_counts(defined: Mask, calm: Mask) -> Ranks:
    """Return how many calm positions in turn there are up to each; undefined ones are left out."""
    total = np.cumsum(calm)
    return total - np.maximum.accumulate(np.where(defined & ~calm, total, 0))


def spells(raised: Mask, calm_count: Ranks) -> list[tuple[int, int | None]]:
    """Return (onset, release) of each spell; two that lie closer than the release are one."""
    found: list[tuple[int, int | None]] = []
    onsets, releases = np.flatnonzero(raised), np.flatnonzero(calm_count >= RELEASE_POSITIONS)
    after = 0
    while (first := np.searchsorted(onsets, after)) < len(onsets):
        onset = int(onsets[first])
        at = np.searchsorted(releases, onset)
        release = int(releases[at]) if at < len(releases) else None
        found.append((onset, release))
        if release is None:
            break
        after = release
    return found


def episodes(course: Course, laws: Sequence[Law]) -> list[Episode]:
    """Return the episodes of a course in order; it must begin outside any episode and any run above a threshold."""
    if not any((course.aqi > law.scheme.release_threshold).any() for law in laws):
        return []
    judged = _judged(course, laws)
    counts = calm_counts(~np.isnan(course.aqi), judged.calm)
    return [part for spell in spells(judged.any_cause > 0, counts) for part in _parts(judged, *spell)]


def _parts(judged: _Judged, onset: int, release: int | None) -> list[Episode]:
    end = len(judged.calm) if release is None else release
    driven = np.flatnonzero(judged.pm25[onset:end])
    turn = onset + int(driven[0]) if len(driven) else None
    parts = []
    if turn != onset:
        until = end if turn is None else turn
        parts.append(_episode(judged, FindingKind.HEALTH_NOTICE, judged.any_cause, onset, until, turn or release))
    if turn is not None:
        parts.append(_episode(judged, FindingKind.HEAVY_POLLUTION, judged.pm25, turn, end, release))
    return parts


def _episode(judged: _Judged, kind: FindingKind, ranks: Ranks, begin: int, end: int, ended: int | None) -> Episode:
    start: Any = judged.course.start
    return Episode(
        kind, int(start[begin]), judged.steps(ranks, begin, end), None if ended is None else int(start[ended])
    )

"""Marks by law: until when they may be entered, which time limit a condition has, and which stretches are therefore left out.

污染物排放自动监测设备标记规则 (MEE announcement 2022 no. 21; facts.md 6.4): the marks of a day by 12:00 of the next; device marks take data out of
the judgement; condition marks only inside the time limit of the industry. Where a start-up is not said to be cold or hot, only
what is beyond the longer limit surely counts, so that one is used; where no limit is known, nothing is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from schemas.marks import DEVICE_KINDS, Mark, MarkKind
from schemas.registry import Binding, Registry
from schemas.times import CST, CST_OFFSET_US, DAY_US, HOUR_US, to_cst, to_us
from standards.tables import Row, in_force, number, rows_of

NOON_AFTER_US: Final = 36 * HOUR_US
"""From the start of a day to 12:00 of the next."""
Span = tuple[int, int]
"""[start, end), µs."""


def deadline_of(day: int) -> int:
    """Return the last instant at which the day that starts at `day` may be marked: 12:00 of the next."""
    return day + NOON_AFTER_US


def first_markable(entered_at: int) -> int:
    """Return the start of the first China Standard Time day that may still be marked at an instant."""
    earliest = entered_at - NOON_AFTER_US
    return -(-(earliest + CST_OFFSET_US) // DAY_US) * DAY_US - CST_OFFSET_US


def span_in_time(mark: Mark) -> Span | None:
    """Return the part of a mark that was entered in time, day by day; None where none was."""
    start = max(mark.start, first_markable(mark.entered_at))
    return (start, mark.end) if start < mark.end else None


def is_late(mark: Mark) -> bool:
    """Whether any day of a mark was over for marks when it was entered."""
    return first_markable(mark.entered_at) > mark.start


@dataclass(frozen=True)
class MarkRule:
    """One row of mark_rules.csv."""

    row: Row
    rule_id: str
    kind: MarkKind
    limit_us: int | None
    """How much of a condition is left out; None: no limit, a device mark."""
    per_year: bool
    """The limit is for all starts and stops of a natural year, not for each."""
    pollutants: frozenset[str]
    """What it leaves out; empty: all."""

    def fits(self, bindings: Iterable[Binding], industry: str) -> bool:
        """Whether the row is for a site with these bindings, of an organisation of this industry."""
        if self.row["industry"] == "all" or any(self._binds(binding) for binding in bindings):
            return True
        words = filter(None, self.row["industries"].split(";"))
        return any(word in industry.lower() for word in words)

    def _binds(self, binding: Binding) -> bool:
        standards, categories = self.row["standards"].split(";"), self.row["categories"].split(";")
        named = any((binding.standard or "").startswith(standard) for standard in standards if standard)
        return named and any(category in (binding.category or "") for category in categories)


@cache
def mark_rules() -> tuple[MarkRule, ...]:
    """Return all rows."""
    return tuple(_rule(row) for row in rows_of("mark_rules"))


def _rule(row: Row) -> MarkRule:
    hours = number(row["limit_h"])
    limit_us = None if hours is None else int(hours * HOUR_US)
    pollutants = frozenset(filter(None, row["pollutants"].split(";")))
    return MarkRule(row, row["rule_id"], MarkKind(row["kind"]), limit_us, row["per"] == "year", pollutants)


def rule_for(registry: Registry, mark: Mark) -> MarkRule | None:
    """Return the rule for a mark's kind in its site's industry, of the variants that fit the most generous; None where there is none."""
    site = registry.sites.get(mark.site_id)
    owner = registry.organisations.get(site.organisation or "") if site else None
    bindings = [b for b in registry.site_bindings.get(mark.site_id, ()) if b.covers(mark.start)]
    found = [
        rule
        for rule in mark_rules()
        if rule.kind is mark.kind
        and (not mark.variant or rule.row["variant"] in ("", mark.variant))
        and in_force(rule.row, mark.start)
        and rule.fits(bindings, owner.industry if owner else "")
    ]
    return max(found, key=lambda rule: rule.limit_us or 0, default=None)


@dataclass(frozen=True)
class LeftOut:
    """A stretch whose data are not judged, and the mark that says so."""

    start: int
    end: int
    mark: Mark
    pollutants: frozenset[str]
    """Empty: all that the mark covers."""

    def covers(self, parameter: str) -> bool:
        """Whether the data of a parameter are left out."""
        if not self.mark.covers(parameter):
            return False
        return not self.pollutants or parameter in self.pollutants or parameter.partition("-")[0] in self.pollutants


def left_out(registry: Registry, marks: Sequence[Mark]) -> list[LeftOut]:
    """Return the stretches that the marks of one site take out of the judgement, in order of time.

    Pure: the same marks in any order give the same stretches. `marks` holds one version of each.
    """
    standing = sorted((m for m in marks if m.is_in_force), key=lambda m: (m.start, m.end, str(m.mark_id)))
    found = [part for mark in standing if mark.kind in DEVICE_KINDS for part in _device(mark)]
    for pool in _pools(registry, standing):
        found += pool.parts()
    return sorted(found, key=lambda part: (part.start, part.end, str(part.mark.mark_id)))


def _device(mark: Mark) -> Iterator[LeftOut]:
    span = span_in_time(mark)
    if span is not None:
        yield LeftOut(*span, mark, frozenset())


@dataclass(frozen=True)
class _Pool:
    """Condition marks that share one time limit: those of one run, or of one year."""

    limit_us: int
    members: list[tuple[Mark, MarkRule]]

    def parts(self) -> Iterator[LeftOut]:
        allowed = list(_first_of(merged((mark.start, mark.end) for mark, _ in self.members), self.limit_us))
        for mark, rule in self.members:
            in_time = span_in_time(mark)
            for span in _common(in_time, allowed) if in_time else ():
                yield LeftOut(*span, mark, rule.pollutants)


def _pools(registry: Registry, marks: Sequence[Mark]) -> list[_Pool]:
    """Return the pools of condition marks: stretches of a kind that touch are one run, whoever entered them."""
    runs: dict[MarkKind, tuple[_Pool, int]] = {}
    years: dict[int, _Pool] = {}
    found: list[_Pool] = []
    for mark in marks:
        rule = rule_for(registry, mark)
        if rule is None or rule.limit_us is None:
            continue
        if rule.per_year:
            pool = years.setdefault(year_start(mark.start), _Pool(rule.limit_us, []))
        else:
            pool, end = runs.get(mark.kind, (_Pool(rule.limit_us, []), mark.start))
            pool = pool if mark.start <= end else _Pool(rule.limit_us, [])
            runs[mark.kind] = (pool, max(end, mark.end))
        if not pool.members:
            found.append(pool)
        pool.members.append((mark, rule))
    return found


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the union of spans as spans that do not touch, in order of time."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _first_of(spans: Iterable[Span], limit_us: int) -> Iterator[Span]:
    """Yield the first `limit_us` of the spans."""
    left = limit_us
    for start, end in spans:
        if left > 0:
            yield start, min(end, start + left)
        left -= end - start


def _common(span: Span, allowed: Iterable[Span]) -> Iterator[Span]:
    for start, end in allowed:
        first, last = max(start, span[0]), min(end, span[1])
        if first < last:
            yield first, last


def year_start(instant_us: int) -> int:
    """Return the start of the China Standard Time year of an instant."""
    return to_us(datetime(to_cst(instant_us).year, 1, 1, tzinfo=CST))


@cache
def longest_run_us() -> int:
    """Return the longest limit of one run: a mark matters no longer than that after its end."""
    return max(rule.limit_us for rule in mark_rules() if rule.limit_us is not None and not rule.per_year)


def reach(registry: Registry, site: str, start: int) -> int:
    """Return from when on the marks of a site decide what is left out at `start`."""
    owner = registry.organisations.get(registry.sites[site].organisation or "") if site in registry.sites else None
    bindings = registry.site_bindings.get(site, [])
    yearly = any(rule.per_year and rule.fits(bindings, owner.industry if owner else "") for rule in mark_rules())
    return min(year_start(start), start - longest_run_us()) if yearly else start - longest_run_us()

"""How long a waste incinerator was starting, stopping or at fault: at most 60 h per furnace and natural year.

GB 18484-2020 7.2.3, 7.2.4 (read in the source), GB 18485-2014 (recalled; facts.md 6.5). Counted from the marks that stand, each minute once, late
ones too: a mark that came too late takes nothing out of the judgement, but the furnace was down all the same. On a furnace `fault` is the
furnace's; on the monitor of its stack it is the monitor's and does not count.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from schemas.codes import SiteKind
from schemas.marks import Mark, MarkKind
from schemas.registry import Registry
from schemas.times import CST, HOUR_US, to_cst, to_us
from standards.marks import mark_rules, merged

YEARLY_LIMIT_US: Final = 60 * HOUR_US
RULE_ID: Final = "GB18484-2020-016"
_COUNTED: Final = {
    SiteKind.FURNACE: frozenset({MarkKind.START_UP, MarkKind.SHUT_DOWN, MarkKind.FAULT}),
    SiteKind.STACK: frozenset({MarkKind.START_UP, MarkKind.SHUT_DOWN}),
}
Year = tuple[int, int]
"""[start, end) of a China Standard Time year, µs."""


def year_of(instant_us: int) -> Year:
    """Return the natural year of an instant."""
    year = to_cst(instant_us).year
    return to_us(datetime(year, 1, 1, tzinfo=CST)), to_us(datetime(year + 1, 1, 1, tzinfo=CST))


def is_incinerator(registry: Registry, site_id: str) -> bool:
    """Whether a site is a furnace, or its stack, that the limit of a year is for: by its binding or its owner's industry."""
    site = registry.sites.get(site_id)
    if site is None or site.kind not in _COUNTED:
        return False
    owner = registry.organisations.get(site.organisation or "")
    bindings = registry.site_bindings.get(site_id, [])
    return any(rule.per_year and rule.fits(bindings, owner.industry if owner else "") for rule in mark_rules())


def downtime_us(registry: Registry, site_id: str, marks: Sequence[Mark], year: Year) -> int:
    """Return how much of a year the marks of a site say it was starting, stopping or at fault; `marks` holds one version of each."""
    counted = _COUNTED[registry.sites[site_id].kind]
    standing = [m for m in marks if m.is_in_force and m.site_id == site_id and m.kind in counted]
    spans = merged((max(m.start, year[0]), min(m.end, year[1])) for m in standing)
    return sum(end - start for start, end in spans if end > start)

"""What another registry changes in the judgement: the days on which a site is under other bindings, permits or validity than before.

A pure function of two registries. An interval counts as changed where what is in force there differs, so a binding that only ends
earlier touches nothing before its new last day. Who is told, or what a reason says, touches nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from schemas.codes import SiteKind
from schemas.registry import Binding, Permit, Registry, Site
from schemas.times import DAY_US, date_us
from standards.marks import Span, merged

ALWAYS: Final[Span] = (-(1 << 61), 1 << 61)
"""All time."""


def changed_days(old: Registry, new: Registry) -> dict[str, list[Span]]:
    """Return, by site of `new`, the spans in which it is judged by other facts than `old` gives: whole days that do not touch.

    A site that `new` does not know keeps its history as it was judged.
    """
    states, found = (_gas_states(old), _gas_states(new)), {}
    for site in new.site:
        if states[0].get(site.id) != states[1].get(site.id):
            found[site.id] = [ALWAYS]
        elif _all(old, site.id) != _all(new, site.id):
            found[site.id] = list(_changed(old, new, site))
    return {site: spans for site, spans in found.items() if spans}


def _gas_states(registry: Registry) -> dict[str, dict[str, str]]:
    """Return, by site and parameter, in which state of the gas a stack's channels are stated, where they are to be brought to another."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for (site, parameter), state in registry.gas_states.items():
        found[site][parameter] = state
    return found


def industry_of(registry: Registry, site_id: str) -> str:
    """Return the industry of the organisation that owns a site, "" where it is not known."""
    site = registry.sites.get(site_id)
    owner = registry.organisations.get(site.organisation or "") if site else None
    return owner.industry if owner else ""


def _all(registry: Registry, site_id: str) -> tuple[Any, ...]:
    """Return everything of a registry that may have a say in a site's verdicts and indices."""
    site = registry.sites.get(site_id)
    lists = (registry.site_bindings.get(site_id), registry.site_permits.get(site_id), _of_city(registry, site))
    return site and site.kind, *lists


def _of_city(registry: Registry, site: Site | None) -> list[Binding]:
    """Return the bindings of the city whose air a station measures."""
    if site is None or site.kind is not SiteKind.AMBIENT_AIR:
        return []
    return registry.city_bindings.get(site.city or "", [])


def _changed(old: Registry, new: Registry, site: Site) -> Iterator[Span]:
    if _timeless(old, site.id) != _timeless(new, site.id):
        yield ALWAYS
        return
    edges = sorted({edge for registry in (old, new) for edge in _edges(registry, site.id)})
    parts = zip(edges, [*edges[1:], ALWAYS[1]], strict=True)
    yield from merged(span for span in parts if _in_force(old, site.id, span[0]) != _in_force(new, site.id, span[0]))


def _timeless(registry: Registry, site_id: str) -> tuple[Any, ...]:
    """Return the facts that hold for all the site's time: a binding's wish for valid samples is not dated."""
    site = registry.sites.get(site_id)
    minutes = hours = None
    for binding in registry.site_bindings.get(site_id, ()):
        minutes = binding.min_valid_minutes or minutes
        hours = binding.min_valid_hours or hours
    return site.kind if site is not None else None, minutes, hours


def _effective(registry: Registry, site_id: str) -> tuple[list[Binding], list[Permit], list[Binding]]:
    bindings, permits = registry.site_bindings.get(site_id, []), registry.site_permits.get(site_id, [])
    return bindings, permits, [b for b in _of_city(registry, registry.sites.get(site_id)) if b.aqi]


def _edges(registry: Registry, site_id: str) -> Iterator[int]:
    for group in _effective(registry, site_id):
        for entry in group:
            yield date_us(entry.effective_from)
            if entry.effective_to is not None:
                yield date_us(entry.effective_to) + DAY_US


def _in_force(registry: Registry, site_id: str, instant: int) -> tuple[Any, ...]:
    """Return what decides at an instant, in the order of the registry: of equal figures the first is named."""
    bindings, permits, city = _effective(registry, site_id)
    return (
        [(b.id, b.standard, b.category, b.variant, b.conditions) for b in bindings if b.covers(instant)],
        [(p.id, p.parameter, p.limit, p.averaging) for p in permits if p.covers(instant)],
        [b.aqi for b in city if b.covers(instant)][:1],
    )

"""The registry: organisations, sites, bindings, permits, devices, channels; who answers for what, and which law applies."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.codes import SiteKind
from schemas.errors import InvalidConfiguration
from schemas.registry_entries import (
    Binding,
    Channel,
    City,
    Device,
    Entry,
    GasState,
    Identifier,
    Measure,
    Organisation,
    Permit,
    Plan,
    Recipient,
    Site,
)

__all__ = [
    "TABLES",
    "Binding",
    "Channel",
    "City",
    "Device",
    "Entry",
    "GasState",
    "Identifier",
    "Measure",
    "Organisation",
    "Permit",
    "Plan",
    "Recipient",
    "Registry",
    "Site",
]

TABLES: dict[str, type[Entry]] = {
    "organisation": Organisation,
    "site": Site,
    "binding": Binding,
    "permit": Permit,
    "device": Device,
    "channel": Channel,
    "city": City,
    "recipient": Recipient,
    "plan": Plan,
}


class Registry(BaseModel):
    """Everything registered at one version, with the look-ups the rooms need."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    organisation: list[Organisation] = []
    site: list[Site] = []
    binding: list[Binding] = []
    permit: list[Permit] = []
    device: list[Device] = []
    channel: list[Channel] = []
    city: list[City] = []
    recipient: list[Recipient] = []
    plan: list[Plan] = []

    @cached_property
    def organisations(self) -> dict[str, Organisation]:
        """Organisations by id."""
        return {o.id: o for o in self.organisation}

    @cached_property
    def sites(self) -> dict[str, Site]:
        """Sites by id."""
        return {s.id: s for s in self.site}

    @cached_property
    def devices(self) -> dict[str, Device]:
        """Devices by id."""
        return {d.id: d for d in self.device}

    @cached_property
    def channels(self) -> dict[tuple[str, str], Channel]:
        """Channels by (site, parameter)."""
        return {(c.site, c.parameter): c for c in self.channel}

    @cached_property
    def gas_states(self) -> dict[tuple[str, str], GasState]:
        """Channels of stacks, by (site, parameter), whose values are not at standard state and dry."""
        stacks = {s.id for s in self.site if s.kind is SiteKind.STACK}
        return {(c.site, c.parameter): c.state for c in self.channel if c.site in stacks and c.state != "standard_dry"}

    @cached_property
    def water_sites(self) -> frozenset[str]:
        """Ids of the sites of surface water."""
        return frozenset(site.id for site in self.site if site.kind is SiteKind.SURFACE_WATER)

    @cached_property
    def cities(self) -> dict[str, City]:
        """Cities by id; a city that only sites name is there too."""
        named = {c.id: c for c in self.city}
        return named | {s.city: City(id=s.city, name=s.city) for s in self.site if s.city and s.city not in named}

    @cached_property
    def recipients(self) -> list[Recipient]:
        """Who is told of alerts; where nobody is registered, the duty desk reads the console, so that no alert goes untold."""
        return self.recipient or [Recipient(id="console", channel="console")]

    @cached_property
    def stations(self) -> dict[str, list[str]]:
        """Ids of the ambient stations of each city, sorted."""
        found = defaultdict(list)
        for site in sorted(self.site, key=lambda s: s.id):
            if site.city and site.kind is SiteKind.AMBIENT_AIR:
                found[site.city].append(site.id)
        return dict(found)

    @cached_property
    def site_bindings(self) -> dict[str, list[Binding]]:
        """Bindings of each site."""
        return _grouped((b.site, b) for b in self.binding if b.site)

    @cached_property
    def city_bindings(self) -> dict[str, list[Binding]]:
        """Bindings of each city."""
        return _grouped((b.city, b) for b in self.binding if b.city)

    @cached_property
    def site_permits(self) -> dict[str, list[Permit]]:
        """Permit figures of each site."""
        return _grouped((p.site, p) for p in self.permit)

    def region_of(self, device_id: str) -> str:
        """Return the region in the MQTT topic of a device."""
        device = self.devices[device_id]
        return device.region or self.sites[device.sites[0]].region or "000000"

    @classmethod
    def from_tables(cls, tables: dict[str, Any], origin: str = "registry") -> "Registry":
        """Return the registry of parsed TOML tables; raises InvalidConfiguration naming every file, key and reason."""
        try:
            registry = cls.model_validate(tables)
        except ValidationError as error:
            raise InvalidConfiguration(
                [f"{origin}: {'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()]
            ) from None
        problems = [f"{origin}: {problem}" for problem in registry.problems()]
        if problems:
            raise InvalidConfiguration(problems)
        return registry

    def problems(self) -> list[str]:
        """Return what does not fit together: doubled ids, names that point nowhere."""
        found = []
        for table in ("organisation", "site", "device", "city", "recipient", "plan"):
            ids = [entry.id for entry in getattr(self, table)]
            found += (
                [f"{table}: {i} is there twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
                if len(set(ids)) < len(ids)
                else []
            )
        found += [
            f"site {s.id}: no organisation {s.organisation}"
            for s in self.site
            if s.organisation and s.organisation not in self.organisations
        ]
        found += [f"binding: no site {b.site}" for b in self.binding if b.site and b.site not in self.sites]
        found += [f"permit: no site {p.site}" for p in self.permit if p.site not in self.sites]
        found += [f"channel: no site {c.site}" for c in self.channel if c.site not in self.sites]
        found += [f"device {d.id}: no site {s}" for d in self.device for s in d.sites if s not in self.sites]
        return found


def _grouped(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(found)

"""The registry: organisations, sites, bindings, permits, devices, channels; who answers for what, and which law applies."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.codes import AqiStandard, Grade, SiteKind
from schemas.errors import InvalidConfiguration
from schemas.times import date_us

Identifier = str


class Entry(BaseModel):
    """One registered thing; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Organisation(Entry):
    """排污单位: the enterprise or authority that owns sites."""

    id: Identifier
    name: str = ""
    name_en: str = ""
    credit_code: str = ""
    """Unified social credit code."""
    industry: str = ""
    performance_class: str = ""
    """A, B, B-, C, D, 引领性, 非引领性 (环办大气函〔2020〕340号)."""
    permit_no: str = ""
    operator: str = ""
    """运维单位: who runs its monitors."""
    contact: str = ""
    """Person and telephone for an alert."""
    city: str = ""


class Site(Entry):
    """监测点位: what is monitored."""

    id: Identifier
    kind: SiteKind
    name: str = ""
    organisation: str | None = None
    region: str = ""
    """Six-digit region code."""
    city: str | None = None
    """Whose city mean the station belongs to (ambient air)."""
    longitude: float | None = Field(default=None, ge=-180, le=180)
    latitude: float | None = Field(default=None, ge=-90, le=90)
    outlet: str = ""
    """Number of the outlet in the permit."""
    discharges_to: str = ""
    accepted_on: date | None = None
    """验收: day of acceptance of the monitor."""
    grid_cell: str = ""
    grid_officer: str = ""
    """The responsible officer of the grid cell."""
    hour_label: Literal["start", "end"] = "start"
    """How the source labels hours; `end` is turned at the rim (CNEMC's ambient hours)."""


class Binding(Entry):
    """适用标准: which standard, variant and thresholds apply to a site or city, from when, and why."""

    site: str | None = None
    city: str | None = None
    standard: str | None = None
    category: str | None = None
    variant: str | None = None
    conditions: list[str] = []
    """Rule ids that the binding names itself: rows only recalled, or whose condition data cannot decide."""
    thresholds: str | None = None
    """Scheme of heavy-pollution thresholds, for a city."""
    aqi: AqiStandard | None = None
    """Index standard of a city; absent: by date."""
    effective_from: date
    effective_to: date | None = None
    """Last day (inclusive)."""
    reason: str
    min_valid_minutes: int | None = Field(default=None, ge=1, le=60)
    min_valid_hours: int | None = Field(default=None, ge=1, le=24)

    @model_validator(mode="after")
    def _says_something(self) -> "Binding":
        if (self.site is None) == (self.city is None):
            raise ValueError("a binding names a site or a city")
        if self.site is not None and not self.standard:
            raise ValueError("a binding of a site names its standard")
        if self.city is not None and not (self.thresholds or self.aqi):
            raise ValueError("a binding of a city names thresholds or aqi")
        return self

    @property
    def id(self) -> str:
        """Name of the binding in a verdict: subject, content and first day."""
        what = (
            f"{self.standard}/{self.category}/{self.variant}"
            if self.standard
            else f"{self.thresholds or ''}/{self.aqi or ''}"
        )
        return f"{self.site or self.city}:{what}@{self.effective_from}"

    def covers(self, instant_us: int) -> bool:
        """Whether the binding is in force at an instant."""
        return _covers(self.effective_from, self.effective_to, instant_us)


class Permit(Entry):
    """One figure of a permit: it goes before the national table."""

    site: str
    parameter: str
    limit: float | None = None
    averaging: str | None = None
    """As in emission_limits.csv: hour_mean, daily_mean …"""
    effective_from: date
    effective_to: date | None = None
    annual_t: float | None = None

    @property
    def id(self) -> str:
        """Name of the figure in a verdict."""
        return f"permit:{self.site}:{self.parameter}:{self.averaging or 'annual'}@{self.effective_from}"

    def covers(self, instant_us: int) -> bool:
        """Whether the figure is in force at an instant."""
        return _covers(self.effective_from, self.effective_to, instant_us)


class Device(Entry):
    """数采仪: the logger; its id is the MN of HJ 212."""

    id: Identifier
    sites: list[str] = Field(min_length=1)
    region: str = ""
    """For the MQTT topic; absent: the region of its first site."""
    maker: str = ""
    silent_after_s: int | None = Field(default=None, ge=60)
    """After how long without a report it is called silent; absent: by the kinds it sends."""


class Channel(Entry):
    """监测因子 as this device sends it: the unit belongs to the channel, not to the code."""

    site: str
    parameter: str
    unit: str
    decimals: int | None = Field(default=None, ge=0, le=6)


class City(Entry):
    """A city whose stations are averaged."""

    id: Identifier
    name: str
    name_en: str = ""


class Recipient(Entry):
    """Somebody who is told about alerts."""

    id: Identifier
    channel: Literal["console", "webhook"]
    address: str = ""
    """URL of the webhook."""
    organisation: str | None = None
    """Only alerts of this organisation (the enterprise itself can be a recipient)."""
    city: str | None = None
    kinds: list[str] = []
    """Only these kinds of alert; empty: all."""
    min_grade: Grade = Grade.BLUE


class Measure(Entry):
    """What a plan asks of whom."""

    grade: Grade
    """From this grade on."""
    text: str
    text_en: str = ""
    classes: list[str] = []
    """Performance classes of the enterprises it touches; empty: a measure of the city itself."""
    industries: list[str] = []
    """Only these industries; empty: all."""
    cut_pct: float | None = None


class Plan(Entry):
    """预案 of a city for heavy-pollution weather."""

    id: Identifier
    city: str
    name: str
    name_en: str = ""
    source: str = ""
    measures: list[Measure] = []


def _covers(first: date, last: date | None, instant_us: int) -> bool:
    return date_us(first) <= instant_us and (
        last is None or instant_us < date_us(date.fromordinal(last.toordinal() + 1))
    )


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
    def cities(self) -> dict[str, City]:
        """Cities by id; a city that only sites name is there too."""
        named = {c.id: c for c in self.city}
        return named | {s.city: City(id=s.city, name=s.city) for s in self.site if s.city and s.city not in named}

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

"""What goes into a scenario: the registry's tables, what devices send, what people enter and what breaks."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from sim.scenario_tables import Kind, KindWord, LocalDate, Moment, Name, Parameter, Positive, Table


class OrganisationTable(Table):
    """`[[organisation]]`."""

    id: Name
    name: str = ""
    industry: str = ""
    performance_class: str = ""


class SiteTable(Table):
    """`[[site]]`."""

    id: Name
    kind: Literal["stack", "effluent", "ambient_air", "surface_water", "furnace"]
    organisation: str | None = None
    region: str = ""
    city: str | None = None


class EnteredTable(Table):
    """An entry of the registry that may come later, or be taken out again: each such instant is a new version of the registry."""

    entered_at: Moment | None = None
    """When it was entered; absent: known from the beginning."""
    removed_at: Moment | None = None
    """When it was taken out of the registry again, as if it had never been there; absent: never."""

    @model_validator(mode="after")
    def _comes_before_it_goes(self) -> "EnteredTable":
        if self.removed_at is not None and self.entered_at is not None and self.removed_at <= self.entered_at:
            raise ValueError("removed_at is not after entered_at")
        return self

    def is_known(self, instant: int) -> bool:
        """Whether the registry has the entry at an instant, µs."""
        entered, removed = self.entered_at, self.removed_at
        return (entered is None or entered <= instant) and (removed is None or instant < removed)


class BindingTable(EnteredTable):
    """`[[binding]]`."""

    site: str | None = None
    city: str | None = None
    standard: str | None = None
    category: str | None = None
    variant: str | None = None
    thresholds: str | None = None
    aqi: Literal["hj633-2012", "hj633-2026"] | None = None
    effective_from: LocalDate
    effective_to: LocalDate | None = None
    reason: str


class PermitTable(EnteredTable):
    """`[[permit]]`: overrides the national figure; `annual_t` is an amount."""

    site: str
    parameter: Parameter
    limit: float | None = None
    averaging: str | None = None
    effective_from: LocalDate
    effective_to: LocalDate | None = None
    annual_t: float | None = None

    @model_validator(mode="after")
    def _has_a_figure(self) -> "PermitTable":
        if self.limit is None and self.annual_t is None:
            raise ValueError("a permit has a limit or annual_t")
        if self.limit is not None and self.averaging is None:
            raise ValueError("a limit needs averaging")
        return self


class DeviceTable(Table):
    """`[[device]]`."""

    id: Name
    sites: Annotated[list[str], Field(min_length=1)]


class Feed(Table):
    """`[[feed]]`: what a device sends for one site, equal reports, one a period."""

    device: Name
    site: Name
    kind: KindWord
    start: Moment = Field(alias="from")
    count: Positive | None = None
    to: Moment | None = None
    """Exclusive."""
    values: dict[Parameter, float] = Field(default_factory=dict)
    flags: dict[Parameter, Annotated[str, Field(pattern="^[A-Z0-9]$")]] = Field(default_factory=dict)
    arrives: Moment | None = None
    repeat: Positive = 1
    sent_at: Moment | None = None
    shuffle: bool = False
    raw: str | None = None

    @model_validator(mode="after")
    def _says_what_and_how_often(self) -> "Feed":
        if (self.count is None) == (self.to is None):
            raise ValueError("a feed has either count or to")
        if self.to is not None and self.to <= self.start:
            raise ValueError("to is not after from")
        if (self.raw is None) == (not self.values):
            raise ValueError("a feed has either values or raw")
        strange = sorted(set(self.flags) - set(self.values))
        if strange:
            raise ValueError(f"flags of parameters without a value: {', '.join(strange)}")
        return self


class Mark(Table):
    """`[[mark]]`: a stretch of data that somebody declared invalid or special."""

    at: Moment
    by: Name
    site: str
    parameters: list[Parameter] | None = None
    kind: Literal["calibration", "fault", "maintenance", "stopped", "start_up", "shut_down", "low_load"]
    start: Moment = Field(alias="from")
    to: Moment
    variant: Literal["", "cold", "hot"] = ""
    """Of a start-up, where it is known."""

    @model_validator(mode="after")
    def _has_a_stretch(self) -> "Mark":
        if self.to <= self.start:
            raise ValueError("to is not after from")
        return self


class Kill(Table):
    """A role dies without a word."""

    at: Moment
    do: Literal["kill"]
    role: Literal["bridge", "detectors", "city", "alerts", "relay", "notifier"]


class AlertStep(Table):
    """Somebody acknowledges or closes an alert."""

    at: Moment
    do: Literal["acknowledge", "close"]
    kind: Kind
    site: str | None = None
    city: str | None = None
    by: Name
    outcome: str | None = None

    @model_validator(mode="after")
    def _says_which(self) -> "AlertStep":
        if (self.site is None) == (self.city is None):
            raise ValueError("name a site or a city")
        return self


ForecastHours = Annotated[tuple[Moment, Moment, int], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)]
"""[from, to, aqi]."""


class OfficialForecast(Table):
    """The published forecast of a city's index."""

    at: Moment
    do: Literal["official_forecast"]
    city: str
    hours: Annotated[list[ForecastHours], Field(min_length=1)]


class ActivationStep(Table):
    """Somebody confirms or lifts the activation of a plan."""

    at: Moment
    do: Literal["confirm", "lift"]
    city: str
    by: Name


class CityState(Table):
    """What drives the pollution of a city, as people know it."""

    at: Moment
    do: Literal["state"]
    city: str
    cause: Name


Step = Annotated[Kill | AlertStep | OfficialForecast | ActivationStep | CityState, Field(discriminator="do")]


class RegistryTables(Table):
    """The registry's part of the file."""

    organisation: list[OrganisationTable] = Field(default_factory=list)
    site: list[SiteTable] = Field(default_factory=list)
    binding: list[BindingTable] = Field(default_factory=list)
    permit: list[PermitTable] = Field(default_factory=list)
    device: list[DeviceTable] = Field(default_factory=list)

    def edges(self) -> list[int]:
        """Return the instants at which an entry comes or goes, ascending."""
        entries = [*self.binding, *self.permit]
        return sorted({at for e in entries for at in (e.entered_at, e.removed_at) if at is not None})

    def known(self, instant: int) -> dict[str, Any]:
        """Return the tables of the registry as it is known at an instant, µs."""
        tables = self.model_dump(exclude_unset=True)
        for name in ("binding", "permit"):
            kept = [entry for entry in getattr(self, name) if entry.is_known(instant)]
            tables[name] = [
                entry.model_dump(exclude_unset=True, exclude={"entered_at", "removed_at"}) for entry in kept
            ]
        return tables


REGISTRY_TABLES: Final = frozenset(RegistryTables.model_fields)

"""What is registered, one model an entry: organisations, sites, bindings, permits, devices, channels, recipients, plans."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.codes import AqiStandard, Grade, SiteKind
from schemas.times import date_us

Identifier = str
GasState = Literal["standard_dry", "standard_wet", "actual_dry", "actual_wet"]


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
    warn_at_pct: float | None = Field(default=None, gt=0, le=100)
    """Warn while the hour is open when its mean is on its way to so many % of the limit, for those who ask; absent: to the limit."""

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
    owes: list[Literal["minute", "five_minute", "ten_minute", "hour", "day"]] = []
    """Kinds of reports that are due from it; absent: those that it sends."""
    silent_after_s: int | None = Field(default=None, ge=60)
    """After how long without a report it is called silent; absent: by the kinds it sends."""


class Channel(Entry):
    """监测因子 as this device sends it: the unit belongs to the channel, not to the code."""

    site: str
    parameter: str
    unit: str
    decimals: int | None = Field(default=None, ge=0, le=6)
    state: GasState = "standard_dry"
    """In which state of the gas a concentration or flow of a stack is stated; others than this one are brought to it."""


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

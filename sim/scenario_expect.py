"""What must come out of a scenario: the tables under `[expect]`."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.scenario_tables import Count, Kind, LocalDate, Moment, Parameter, Positive, Table

OutcomeWord = Literal["met", "exceeded", "not_judged"]


class Subject(Table):
    """A site or a city; some expectations need neither."""

    site: str | None = None
    city: str | None = None

    @model_validator(mode="after")
    def _names_one_at_most(self) -> "Subject":
        if self.site is not None and self.city is not None:
            raise ValueError("name a site or a city, not both")
        return self


class OneSubject(Subject):
    """Exactly one of the two."""

    @model_validator(mode="after")
    def _names_one(self) -> "OneSubject":
        if self.site is None and self.city is None:
            raise ValueError("name a site or a city")
        return self


class ExpectedMean(OneSubject):
    """A mean of a site or a city; the day value of ozone is its daily maximum 8-h mean."""

    parameter: Parameter
    period: Literal["hour", "day", "month"]
    start: Moment
    valid: bool | None = None
    value: float | None = None
    samples: int | None = None
    converted: float | None = None
    mass_kg: float | None = None


class ExpectedVerdict(Table):
    """What a rule says of a mean."""

    site: str
    parameter: Parameter
    period: Literal["hour", "day", "month", "instant"]
    start: Moment
    outcome: OutcomeWord | None = None
    value: float | None = None
    limit: float | None = None
    times_over: float | None = None
    reason: str | None = None
    history: list[OutcomeWord] | None = None


class ExpectedAqi(OneSubject):
    """An air quality index; `valid = false`: there is none."""

    period: Literal["hour", "day", "running24"]
    start: Moment
    value: float | None = None
    valid: bool | None = None
    primary: list[Parameter] | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "ExpectedAqi":
        if self.value is None and self.valid is None and self.primary is None:
            raise ValueError("name value, primary or valid")
        if self.valid is False and (self.value is not None or self.primary):
            raise ValueError("with valid = false there is no value and no primary")
        return self


class ExpectedAlert(Subject):
    """How many alerts have everything that is named here."""

    kind: Kind
    parameter: Parameter | None = None
    count: Count = 1
    state: Literal["open", "acknowledged", "resolved", "withdrawn", "closed"] | None = None
    grade: Literal["blue", "yellow", "orange", "red"] | None = None
    raised: Annotated[list[Moment], Field(min_length=2, max_length=2)] | None = None
    """[not before, before]."""
    reductions: bool | None = None


class ExpectedFinding(Subject):
    """How many findings there are; without `count`: at least one."""

    kind: Kind
    parameter: Parameter | None = None
    count: Count | None = None


class ExpectedNotification(Subject):
    """Who was told; without `count`: at least once."""

    kind: Kind
    recipient: str | None = None
    step: Positive | None = None
    count: Count | None = None


class ExpectedBooks(Table):
    """Reports of one device and day."""

    device: str
    date: LocalDate
    received: Count | None = None
    stored: Count | None = None
    duplicate: Count | None = None
    rejected: Count | None = None


Expectation = (
    ExpectedMean
    | ExpectedVerdict
    | ExpectedAqi
    | ExpectedAlert
    | ExpectedFinding
    | ExpectedNotification
    | ExpectedBooks
)


class Expectations(Table):
    """All that must be known in the end."""

    mean: list[ExpectedMean] = Field(default_factory=list)
    verdict: list[ExpectedVerdict] = Field(default_factory=list)
    aqi: list[ExpectedAqi] = Field(default_factory=list)
    alert: list[ExpectedAlert] = Field(default_factory=list)
    finding: list[ExpectedFinding] = Field(default_factory=list)
    notification: list[ExpectedNotification] = Field(default_factory=list)
    books: list[ExpectedBooks] = Field(default_factory=list)

    def all(self) -> Iterator[tuple[str, Expectation]]:
        """Yield (list and number, expectation), for example ("verdict 2", …)."""
        for name in type(self).model_fields:
            for number, entry in enumerate(getattr(self, name), 1):
                yield f"{name} {number}", entry

"""What a scenario asks of the results, whichever store keeps them."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from store.port import BookEntry


@dataclass(frozen=True)
class MeanFound:
    """The current version of a mean; None or NaN where there is no figure."""

    valid: bool
    value: float | None
    samples: int
    reason: str = ""
    converted: float | None = None
    mass_kg: float | None = None


@dataclass(frozen=True)
class VerdictFound:
    """One version of a verdict."""

    outcome: str
    value: float | None
    limit_min: float | None
    limit_max: float | None
    times_over: float | None
    reason: str


@dataclass(frozen=True)
class IndexFound:
    """An air quality index, with what it was made from."""

    aqi: int | None
    primary: tuple[str, ...]
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AlertFound:
    """An alert as it stands."""

    alert_id: str
    kind: str
    state: str
    grade: str
    """The highest it has reached."""
    raised_at: int
    sites: frozenset[str] = frozenset()
    """All it is about: a silent logger concerns each of its sites."""
    city: str | None = None
    device: str | None = None
    parameter: str | None = None
    reductions: bool = False


@dataclass(frozen=True)
class FindingFound:
    """A finding that stands."""

    kind: str
    sites: frozenset[str] = frozenset()
    city: str | None = None
    device: str | None = None
    parameter: str | None = None


@dataclass(frozen=True)
class NotificationFound:
    """Somebody who was told about a step of an alert."""

    alert_id: str
    recipient: str
    step: int


class Results(Protocol):
    """What was worked out, as one store has it."""

    def mean(self, site: str, parameter: str, period: str, start: int) -> MeanFound | None:
        """Return the mean of a site's parameter."""
        ...

    def verdicts(self, site: str, parameter: str, period: str, start: int) -> list[VerdictFound]:
        """Return all versions of a verdict in turn, the one in force last."""
        ...

    def index(self, subject: str, *, is_city: bool, period: str, start: int) -> IndexFound | None:
        """Return the index of a site or a city."""
        ...

    def alerts(self) -> list[AlertFound]:
        """Return every alert that was ever raised."""
        ...

    def findings(self) -> list[FindingFound]:
        """Return every finding that was not withdrawn."""
        ...

    def notifications(self) -> list[NotificationFound]:
        """Return who was to be told what."""
        ...

    def book(self, device_id: str, day: date) -> BookEntry | None:
        """Return the reports of a device and China Standard Time day."""
        ...

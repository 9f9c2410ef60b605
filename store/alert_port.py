"""What the alerts role needs of the store: alerts, their history, notifications, activations; both stores serve it alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from schemas.codes import AlertState, FindingKind, Grade, Period
from schemas.registry import Registry
from store.ledger_port import OwnLoss
from store.port import Advance, Lease, OutboxEvent


@dataclass(frozen=True)
class Alert:
    """One cause that people handle; the id comes from the natural key of the cause."""

    alert_id: UUID
    kind: FindingKind
    state: AlertState
    grade: Grade
    raised_at: int
    """Tick at which the cause was known, µs."""
    changed_at: int
    """When the last step was taken, µs."""
    step: int = 1
    """Counts the changes that people are told of, from 1."""
    site_id: str | None = None
    city: str | None = None
    """The city itself, or the city of the site."""
    device_id: str | None = None
    sites: tuple[str, ...] = ()
    """All sites it concerns: a silent logger concerns each of its sites."""
    parameter: str | None = None
    period: Period | None = None
    first_start: int | None = None
    """Start of the first window, µs; the onset of an episode."""
    last_start: int | None = None
    acknowledged_at: int | None = None
    acknowledged_by: str = ""
    closed_at: int | None = None
    closed_by: str = ""
    closed_reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    """Figures behind the text, JSON values only."""
    text_zh: str = ""
    text_en: str = ""


@dataclass(frozen=True)
class AlertEvent:
    """One step in the life of an alert, as it was told then."""

    alert_id: UUID
    step: int
    reason: str
    """raised, escalated, resolved …: `alerts.lifecycle.Reason`."""
    state: AlertState
    grade: Grade
    at: int
    by: str = ""
    """Who did it; "" = the system."""
    note: str = ""
    """Why, in the person's words."""
    text_zh: str = ""
    text_en: str = ""


@dataclass(frozen=True)
class Notification:
    """One thing to tell one recipient; (alert, step, recipient) is unique."""

    alert_id: UUID
    step: int
    recipient_id: str
    reason: str
    """Why this recipient is told: `alerts.routing.Reason`."""
    state: str = "pending"
    """pending, delivered, failed."""
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True)
class DueNotification:
    """A notification that is held for delivery, with what is to be said."""

    notification: Notification
    alert: Alert
    event: AlertEvent


@dataclass(frozen=True)
class Activation:
    """启动: a plan that is proposed, in force or over, at one grade; only people confirm and lift."""

    activation_id: UUID
    plan_id: str
    city: str
    alert_id: UUID
    grade: Grade
    state: str
    """proposed, confirmed, lift_proposed, lifted, superseded, lapsed."""
    proposed_at: int
    changed_at: int
    version: int = 1
    decided_by: str = ""
    """Who confirmed or lifted it last."""
    decided_at: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    """Measures and the enterprises they touch."""


@dataclass(frozen=True)
class Place:
    """What verdicts are about."""

    site: str
    parameter: str
    period: Period


@dataclass(frozen=True)
class Window:
    """A verdict that counts for alerts: met or exceeded."""

    start: int
    exceeded: bool
    value: float | None = None
    limit_min: float | None = None
    limit_max: float | None = None
    times_over: float | None = None
    """C/L - 1; None where the rule is a lower bound."""
    rule: str = ""
    binding: str = ""
    basis: str = ""


@dataclass(frozen=True)
class Segment:
    """Verdicts between two met windows, or the ends of what is known: alerts outside cannot depend on them."""

    low: int | None
    """Start of the met window before; None: nothing is met before."""
    high: int | None
    """Start of the met window after; it is the last of `windows`."""
    windows: tuple[Window, ...]
    """Met and exceeded windows with low < start <= high, ascending."""


@dataclass(frozen=True)
class WindowFacts:
    """What a person wants to know beside the value."""

    oxygen_pct: float | None = None
    """Oxygen of the same window where the site measures it."""
    flags: dict[str, int] = field(default_factory=dict)
    """Readings of the window by flag letter, N left out."""


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts to list; None does not narrow."""

    standing: bool = False
    """Only open and acknowledged ones."""
    grade: Grade | None = None
    site: str | None = None
    city: str | None = None
    kind: str | None = None
    limit: int = 1000


@dataclass
class AlertBatch:
    """All that one transaction of the alerts role, or of one person, writes; the fence last."""

    advances: list[Advance] = field(default_factory=list)
    seen: list[UUID] = field(default_factory=list)
    """Ids of the events that were worked off."""
    alerts: list[tuple[Alert, int]] = field(default_factory=list)
    """(alert, step it had when it was read; 0 = it is new)."""
    events: list[AlertEvent] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    activations: list[tuple[Activation, int]] = field(default_factory=list)
    """(activation, version it had when it was read; 0 = it is new)."""
    outbox: list[OutboxEvent] = field(default_factory=list)
    losses: list[OwnLoss] = field(default_factory=list)
    """Each is kept once; the relay tells of it."""


class Leases(Protocol):
    """The part of the worker's store that every stage shares."""

    def claim(self, topic: str, log_id: str, partitions: Sequence[int], owner: str) -> list[Lease]:
        """Take the partitions with a higher epoch, ascending."""
        ...

    def leases(self, topic: str, partitions: Sequence[int]) -> list[Lease]:
        """Return the partitions as the store knows them: what to believe when a commit's outcome is unknown."""
        ...

    def registry(self) -> tuple[int, Registry]:
        """Return the newest registry and its version."""
        ...

    def registry_version(self) -> int:
        """Return the version of the newest registry."""
        ...


class AlertStore(Protocol):
    """Alerts and what follows from them; reads see the last commit; raises Unavailable where the database is away."""

    def now(self) -> int:
        """Return the store's own time, µs: for what people do and for back-off."""
        ...

    def seen_events(self, event_ids: Sequence[UUID]) -> set[UUID]:
        """Return which of these events were worked off before."""
        ...

    def findings_since(self, since: int) -> list[bytes]:
        """Return the findings (JSON) in the state last told, if that was at `since` (tick, µs) or later, oldest first."""
        ...

    def segments(self, around: Sequence[tuple[Place, int, int]]) -> list[Segment]:
        """Return for each (place, first, last) the current verdicts around these windows, up to the nearest met window on either side."""
        ...

    def window_facts(self, windows: Sequence[tuple[Place, int]]) -> list[WindowFacts]:
        """Return for each (place, start) oxygen and flags of the window."""
        ...

    def exceedance_alerts(self, inside: Sequence[tuple[Place, Segment]]) -> list[list[Alert]]:
        """Return for each place the exceedance alerts whose first window lies inside the segment, by first window."""
        ...

    def alert(self, alert_id: UUID) -> Alert | None:
        """Return one alert."""
        ...

    def alerts(self, alert_ids: Sequence[UUID]) -> list[Alert]:
        """Return those of these alerts that there are."""
        ...

    def standing_alert(self, kind: FindingKind, device_id: str) -> Alert | None:
        """Return the open or acknowledged alert of this kind about a device."""
        ...

    def find_alerts(self, wanted: AlertFilter) -> list[Alert]:
        """Return alerts, the latest change first."""
        ...

    def alerts_by_prefix(self, prefix: str) -> list[Alert]:
        """Return the alerts whose id starts with `prefix` (at most 10)."""
        ...

    def alert_history(self, alert_id: UUID) -> list[AlertEvent]:
        """Return the steps of an alert in turn."""
        ...

    def notifications_of(self, alert_id: UUID) -> list[Notification]:
        """Return who was, or is to be, told of an alert, by step and recipient."""
        ...

    def activations(self, alert_id: UUID | None = None) -> list[Activation]:
        """Return the activations (of one alert), the latest change first."""
        ...

    def commit_alerts(self, batch: AlertBatch) -> None:
        """Write everything in one transaction, the fence last.

        Raises Overtaken where an alert or activation was changed since it was read, LeaseLost where fenced (both:
        nothing is written), Unavailable where the outcome is unknown.
        """
        ...

    def take_notifications(self, limit: int, hold_us: int) -> list[DueNotification]:
        """Hold pending notifications that are due for `hold_us`, oldest first, and return them; others skip them meanwhile."""
        ...

    def settle_notifications(self, told: Sequence[tuple[Notification, int]]) -> None:
        """Keep the outcomes of attempts: state, attempts and error as given, each tried again after so many µs."""
        ...

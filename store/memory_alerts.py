"""The alerts role's slice of the in-memory twin."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from schemas.codes import AlertState, FindingKind, Outcome
from schemas.errors import Overtaken
from schemas.periods import PERIOD_CODE, period_end
from store.alert_port import (
    Activation,
    Alert,
    AlertBatch,
    AlertEvent,
    AlertFilter,
    DueNotification,
    Notification,
    Place,
    Segment,
    Window,
    WindowFacts,
)
from store.memory_tables import MemorySlice, MemoryTables

OXYGEN: Final = "a19001"
_STANDING: Final = frozenset({AlertState.OPEN, AlertState.ACKNOWLEDGED})

NotificationKey = tuple[UUID, int, str]


@dataclass
class AlertTables:
    """The slice's own tables, by primary key."""

    alert: dict[UUID, Alert] = field(default_factory=dict)
    alert_event: dict[tuple[UUID, int], AlertEvent] = field(default_factory=dict)
    notification: dict[NotificationKey, Notification] = field(default_factory=dict)
    """In the order in which they were made."""
    next_attempt_at: dict[NotificationKey, int] = field(default_factory=dict)
    activation: dict[UUID, Activation] = field(default_factory=dict)
    finding_seen: set[UUID] = field(default_factory=set)
    now: int = 0
    """The twin's own time, µs: it stands still until somebody moves it."""


class MemoryAlerts(MemorySlice):
    """`AlertStore` over dicts; see the port for what each call promises."""

    def __init__(self) -> None:
        super().__init__()
        self.alert_tables = AlertTables()

    def now(self) -> int:
        """Return the twin's own time, µs."""
        return self.alert_tables.now

    def seen_events(self, event_ids: Sequence[UUID]) -> set[UUID]:
        """Return which of these events were worked off before."""
        return self.alert_tables.finding_seen.intersection(event_ids)

    def findings_since(self, since: int) -> list[bytes]:
        """Return the findings (JSON) in the state last told, if that was at `since` or later, oldest first."""
        with self.tables.lock:
            rows = [row for row in self.tables.finding.values() if row.detected_at >= since]
        return [row.payload for row in sorted(rows, key=lambda row: (row.detected_at, row.finding_id))]

    def segments(self, around: Sequence[tuple[Place, int, int]]) -> list[Segment]:
        """Return for each (place, first, last) the current verdicts around these windows, up to the nearest met window on either side."""
        with self.tables.lock:
            return [segment_of(_windows(self.tables, place), first, last) for place, first, last in around]

    def window_facts(self, windows: Sequence[tuple[Place, int]]) -> list[WindowFacts]:
        """Return for each (place, start) oxygen and flags of the window."""
        with self.tables.lock:
            return [
                WindowFacts(_oxygen(self.tables, place, start), _flags(self.tables, place, start))
                for place, start in windows
            ]

    def exceedance_alerts(self, inside: Sequence[tuple[Place, Segment]]) -> list[list[Alert]]:
        """Return for each place the exceedance alerts whose first window lies inside the segment, by first window."""
        with self.tables.lock:
            kept = [a for a in self.alert_tables.alert.values() if a.kind is FindingKind.EXCEEDANCE]
        return [_inside(kept, place, segment) for place, segment in inside]

    def alert(self, alert_id: UUID) -> Alert | None:
        """Return one alert."""
        return self.alert_tables.alert.get(alert_id)

    def alerts(self, alert_ids: Sequence[UUID]) -> list[Alert]:
        """Return those of these alerts that there are."""
        with self.tables.lock:
            return [self.alert_tables.alert[i] for i in dict.fromkeys(alert_ids) if i in self.alert_tables.alert]

    def standing_alert(self, kind: FindingKind, device_id: str) -> Alert | None:
        """Return the open or acknowledged alert of this kind about a device."""
        with self.tables.lock:
            kept = [a for a in self.alert_tables.alert.values() if a.kind is kind and (a.device_id or "") == device_id]
        return min((a for a in kept if a.state in _STANDING), key=lambda a: a.raised_at, default=None)

    def find_alerts(self, wanted: AlertFilter) -> list[Alert]:
        """Return alerts, the latest change first."""
        with self.tables.lock:
            found = [alert for alert in self.alert_tables.alert.values() if _is_wanted(alert, wanted)]
        return sorted(found, key=lambda a: (-a.changed_at, str(a.alert_id)))[: wanted.limit]

    def alerts_by_prefix(self, prefix: str) -> list[Alert]:
        """Return the alerts whose id starts with `prefix` (at most 10)."""
        with self.tables.lock:
            found = [a for a in self.alert_tables.alert.values() if str(a.alert_id).startswith(prefix)]
        return sorted(found, key=lambda a: str(a.alert_id))[:10]

    def alert_history(self, alert_id: UUID) -> list[AlertEvent]:
        """Return the steps of an alert in turn."""
        with self.tables.lock:
            events = [event for event in self.alert_tables.alert_event.values() if event.alert_id == alert_id]
        return sorted(events, key=lambda event: event.step)

    def notifications_of(self, alert_id: UUID) -> list[Notification]:
        """Return who was, or is to be, told of an alert, by step and recipient."""
        with self.tables.lock:
            found = [n for n in self.alert_tables.notification.values() if n.alert_id == alert_id]
        return sorted(found, key=lambda n: (n.step, n.recipient_id))

    def activations(self, alert_id: UUID | None = None) -> list[Activation]:
        """Return the activations (of one alert), the latest change first."""
        with self.tables.lock:
            found = [a for a in self.alert_tables.activation.values() if alert_id in (None, a.alert_id)]
        return sorted(found, key=lambda a: (-a.changed_at, -a.proposed_at, str(a.activation_id)))

    def commit_alerts(self, batch: AlertBatch) -> None:
        """Write everything or nothing; raises Overtaken or LeaseLost."""
        with self.transaction(batch.advances) as tables:
            self._refuse_overtaken(batch)
            own = self.alert_tables
            own.finding_seen.update(batch.seen)
            own.alert.update((alert.alert_id, alert) for alert, _ in batch.alerts)
            own.alert_event.update(((event.alert_id, event.step), event) for event in batch.events)
            for notification in batch.notifications:
                own.notification.setdefault(_key(notification), notification)
                own.next_attempt_at.setdefault(_key(notification), own.now)
            own.activation.update((activation.activation_id, activation) for activation, _ in batch.activations)
            for event in batch.outbox:
                tables.send(event)
            for loss in batch.losses:
                tables.own_loss.setdefault((loss.cause, loss.subject), loss)

    def take_notifications(self, limit: int, hold_us: int) -> list[DueNotification]:
        """Hold pending notifications that are due for `hold_us`, oldest first, and return them."""
        own = self.alert_tables
        with self.tables.lock:
            pending = [n for n in own.notification.values() if n.state == "pending"]
            due = [n for n in pending if own.next_attempt_at[_key(n)] <= own.now][:limit]
            for notification in due:
                own.next_attempt_at[_key(notification)] = own.now + hold_us
            return [DueNotification(n, own.alert[n.alert_id], own.alert_event[n.alert_id, n.step]) for n in due]

    def settle_notifications(self, told: Sequence[tuple[Notification, int]]) -> None:
        """Keep the outcomes of attempts; a delivered row stays delivered, whatever a late second attempt says."""
        own = self.alert_tables
        with self.tables.lock:
            for one, retry_us in told:
                if own.notification[_key(one)].state == "pending":
                    own.notification[_key(one)] = replace(one)
                    own.next_attempt_at[_key(one)] = own.now + retry_us

    def _refuse_overtaken(self, batch: AlertBatch) -> None:
        own = self.alert_tables
        for alert, before in batch.alerts:
            if (kept.step if (kept := own.alert.get(alert.alert_id)) else 0) != before:
                raise Overtaken(f"alert {alert.alert_id} has changed since it was read")
        for activation, version in batch.activations:
            if (known.version if (known := own.activation.get(activation.activation_id)) else 0) != version:
                raise Overtaken(f"activation {activation.activation_id} has changed since it was read")


def _inside(alerts: Sequence[Alert], place: Place, segment: Segment) -> list[Alert]:
    low = segment.low if segment.low is not None else float("-inf")
    high = segment.high if segment.high is not None else float("inf")
    key = (place.site, place.parameter, place.period)
    of_key = [(a.first_start, a) for a in alerts if (a.site_id, a.parameter, a.period) == key]
    found = [(at, alert) for at, alert in of_key if at is not None and low < at <= high]
    return [alert for _, alert in sorted(found, key=lambda pair: pair[0])]


def segment_of(windows: Sequence[Window], first: int, last: int) -> Segment:
    """Return the part of an ascending timeline between the nearest met windows before `first` and after `last`."""
    low = max((w.start for w in windows if not w.exceeded and w.start < first), default=None)
    high = min((w.start for w in windows if not w.exceeded and w.start > last), default=None)
    inside = [w for w in windows if (low is None or w.start > low) and (high is None or w.start <= high)]
    return Segment(low, high, tuple(inside))


def _windows(tables: MemoryTables, place: Place) -> list[Window]:
    series = tables.series.get((place.site, place.parameter))
    timeline = tables.verdict.get((series, PERIOD_CODE[place.period])) if series is not None else None
    rows = sorted(timeline.rows.items()) if timeline is not None else []
    return [
        Window(
            start,
            row.outcome == Outcome.EXCEEDED,
            row.value,
            row.limit_min,
            row.limit_max,
            row.times_over,
            row.rule,
            row.binding,
            row.basis,
        )
        for start, row in rows
        if row.outcome != Outcome.NOT_JUDGED
    ]


def _oxygen(tables: MemoryTables, place: Place, start: int) -> float | None:
    timeline = tables.mean.get((tables.series.get((place.site, OXYGEN), 0), PERIOD_CODE[place.period]))
    row = timeline.rows.get(start) if timeline is not None else None
    return row.value if row is not None and row.valid else None


def _flags(tables: MemoryTables, place: Place, start: int) -> dict[str, int]:
    series = tables.series.get((place.site, place.parameter), 0)
    means = tables.mean.get((series, PERIOD_CODE[place.period]))
    mean = means.rows.get(start) if means is not None else None
    readings = tables.reading.get((series, mean.kind)) if mean is not None else None
    if readings is None:
        return {}
    flags = sorted(chr(readings.rows[at].flag) for at in readings.between(start, period_end(place.period, start)))
    return {flag: flags.count(flag) for flag in dict.fromkeys(flags) if flag != "N"}


def _is_wanted(alert: Alert, wanted: AlertFilter) -> bool:
    return (
        (not wanted.standing or alert.state in _STANDING)
        and wanted.grade in (None, alert.grade)
        and (wanted.site is None or wanted.site in alert.sites)
        and wanted.city in (None, alert.city)
        and wanted.kind in (None, alert.kind)
    )


def _key(notification: Notification) -> NotificationKey:
    return notification.alert_id, notification.step, notification.recipient_id

"""What one commit of alerts will write: changes are collected here and seen by those that follow."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from alerts import plans, routing, texts
from alerts.lifecycle import SILENT, STANDING, Change
from schemas import topics
from schemas.codes import FindingKind
from schemas.events import AlertChanged
from schemas.registry import Registry
from store.alert_port import Activation, Alert, AlertBatch, AlertEvent, AlertStore, Notification, Place, WindowFacts
from store.port import OutboxEvent


class Draft:
    """A batch in the making. Reads go to the store, then to what was drafted on top of it."""

    def __init__(self, store: AlertStore, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._read: dict[UUID, Alert | None] = {}
        self._alerts: dict[UUID, Alert] = {}
        self._kept: dict[UUID, Activation] = {}
        self._activations: dict[UUID, Activation] = {}
        self._facts: dict[tuple[Place, int], WindowFacts] = {}
        self.batch = AlertBatch()

    def alert(self, alert_id: UUID) -> Alert | None:
        """Return an alert as it would be after the changes so far."""
        self.foresee([alert_id])
        return self._alerts.get(alert_id) or self._read[alert_id]

    def foresee(self, alert_ids: Iterable[UUID]) -> None:
        """Read these alerts at once, before they are asked for one by one."""
        missing = [i for i in dict.fromkeys(alert_ids) if i not in self._read and i not in self._alerts]
        found = {alert.alert_id: alert for alert in self._store.alerts(missing)}
        self._read |= {alert_id: found.get(alert_id) for alert_id in missing}

    def foresee_changes(self, changes: Sequence[Change]) -> None:
        """Read at once what applying these changes will ask for."""
        self.foresee(change.alert.alert_id for change in changes)
        self._foresee_facts(w for change in changes if (w := _worst_window(change.alert)) is not None)

    def _foresee_facts(self, windows: Iterable[tuple[Place, int]]) -> None:
        missing = [window for window in dict.fromkeys(windows) if window not in self._facts]
        self._facts |= dict(zip(missing, self._store.window_facts(missing), strict=True))

    def noted(self, alerts: list[Alert]) -> list[Alert]:
        """Return alerts that were just read from the store as they would be after the changes so far."""
        for alert in alerts:
            self._read.setdefault(alert.alert_id, alert)
        return [self._alerts.get(alert.alert_id, alert) for alert in alerts]

    def standing(self, kind: FindingKind, device_id: str) -> Alert | None:
        """Return the alert of this kind that stands about a device, after the changes so far."""
        drafted = [a for a in self._alerts.values() if a.kind is kind and (a.device_id or "") == device_id]
        found = [a for a in drafted if a.state in STANDING]
        if found:
            return found[0]
        kept = self._store.standing_alert(kind, device_id)
        return None if kept is None or kept.alert_id in self._alerts else self.noted([kept])[0]

    def apply(self, change: Change, also: Mapping[str, object] | None = None) -> Alert:
        """Take up a change: text, history, notifications, plans and the event for others; `also` is added to the event."""
        before = self.alert(change.alert.alert_id)
        alert = self._worded(change.alert)
        self._alerts[alert.alert_id] = alert
        if change.reason not in SILENT:
            self._tell(replace(change, alert=alert), before, dict(also or {}))
        for activation in plans.follow(alert, self._activations_of(alert), self._registry, alert.changed_at):
            self.put(activation)
        return alert

    def put(self, activation: Activation) -> None:
        """Take up an activation that is new or changed."""
        self._activations[activation.activation_id] = activation

    def finished(self) -> AlertBatch:
        """Return the batch with every alert and activation in its last form."""
        read, kept = self._read, self._kept
        self.batch.alerts = [(a, old.step if (old := read.get(i)) else 0) for i, a in self._alerts.items()]
        self.batch.activations = [(a, kept[i].version if i in kept else 0) for i, a in self._activations.items()]
        return self.batch

    def _worded(self, alert: Alert) -> Alert:
        city = alert.city or next((s.city for i in alert.sites if (s := self._registry.sites.get(i)) and s.city), None)
        alert = replace(alert, city=city)
        zh, en = texts.compose(alert, self._registry, self._facts_of(alert))
        return replace(alert, text_zh=zh, text_en=en)

    def _facts_of(self, alert: Alert) -> WindowFacts | None:
        window = _worst_window(alert)
        if window is None:
            return None
        self._foresee_facts([window])
        return self._facts[window]

    def _tell(self, change: Change, before: Alert | None, also: dict[str, object]) -> None:
        alert = change.alert
        self.batch.events.append(event_of(change))
        self.batch.outbox.append(_changed(change, also))
        for recipient in self._registry.recipients:
            why = routing.why_notify(alert, change.reason, recipient, self._registry, before.grade if before else None)
            if why in routing.TELLING:
                self.batch.notifications.append(Notification(alert.alert_id, alert.step, recipient.id, why))

    def _activations_of(self, alert: Alert) -> list[Activation]:
        if not plans.proposes_reductions(alert):
            return []
        for activation in self._store.activations(alert.alert_id):
            self._kept.setdefault(activation.activation_id, activation)
        known = self._kept | self._activations
        return [activation for activation in known.values() if activation.alert_id == alert.alert_id]


def _worst_window(alert: Alert) -> tuple[Place, int] | None:
    """Return the window whose facts are told; None where the alert is about something else."""
    if alert.kind is not FindingKind.EXCEEDANCE or not (alert.site_id and alert.parameter and alert.period):
        return None
    return Place(alert.site_id, alert.parameter, alert.period), alert.detail["worst"]["start"]


def event_of(change: Change) -> AlertEvent:
    """Return the line in the history that a change makes."""
    a = change.alert
    return AlertEvent(
        a.alert_id, a.step, change.reason, a.state, a.grade, a.changed_at, change.by, change.note, a.text_zh, a.text_en
    )


def _changed(change: Change, also: dict[str, object]) -> OutboxEvent:
    a = change.alert
    event = AlertChanged(
        alert_id=a.alert_id,
        step=a.step,
        kind=a.kind,
        state=a.state,
        grade=a.grade,
        reason=change.reason,
        site_id=a.site_id,
        city=a.city,
        device_id=a.device_id,
        parameter=a.parameter,
        raised_at=a.raised_at,
        changed_at=a.changed_at,
        text_zh=a.text_zh,
        text_en=a.text_en,
        detail=a.detail | also,
    )
    return OutboxEvent(topics.ALERTS, str(a.alert_id), event.model_dump_json(exclude_none=True).encode())

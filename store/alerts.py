"""Alerts, their history, notifications and activations in PostgreSQL.

Delivery: an alert, its step, its notifications, its events and the consumed offsets are one transaction. An alert that was
changed since it was read (by a person at the desk) is not overwritten: the whole batch is refused with Overtaken.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from schemas.codes import AlertState, FindingKind, Grade, Period
from schemas.errors import Overtaken
from schemas.periods import PERIOD_CODE, period_end
from schemas.times import from_us, to_us
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
from store.ledger_rows import write_loss
from store.postgres import Cursor, Database
from store.sql import queries

ALERT_COLUMNS: Final = tuple(field.name for field in fields(Alert))
_NAMES: Final = ", ".join(ALERT_COLUMNS).encode()
SQL: Final = {name: text.replace(b"{alert}", _NAMES) for name, text in queries("alerts").items()}


class PostgresAlerts:
    """`AlertStore` on one database connection."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def now(self) -> int:
        """Return the database's own time, µs."""
        return to_us(self._queried("now")[0][0])

    def seen_events(self, event_ids: Sequence[UUID]) -> set[UUID]:
        """Return which of these events were worked off before."""
        return {row[0] for row in self._queried("seen", event_ids=list(event_ids))}

    def findings_since(self, since: int) -> list[bytes]:
        """Return the findings (JSON) in the state last told, if that was at `since` or later, oldest first."""
        return [row[0].encode() for row in self._queried("findings_since", since=from_us(since))]

    def segments(self, around: Sequence[tuple[Place, int, int]]) -> list[Segment]:
        """Return for each (place, first, last) the current verdicts around these windows, up to the nearest met window on either side."""
        bounds = {"first": [from_us(first) for _, first, _ in around], "last": [from_us(last) for _, _, last in around]}
        rows = self._queried("segments", **_places([place for place, _, _ in around]), **bounds) if around else []
        found = [Segment(None, None, ()) for _ in around]
        for number, same in groupby(rows, key=itemgetter(0)):
            _, lows, highs, starts, *facts = zip(*same, strict=True)
            windows = [Window(to_us(at), *rest) for at, *rest in zip(starts, *facts, strict=True) if at is not None]
            found[number - 1] = Segment(_us(lows[0]), _us(highs[0]), tuple(windows))
        return found

    def window_facts(self, windows: Sequence[tuple[Place, int]]) -> list[WindowFacts]:
        """Return for each (place, start) oxygen and flags of the window."""
        if not windows:
            return []
        starts = [from_us(start) for _, start in windows]
        ends = [from_us(period_end(place.period, start)) for place, start in windows]
        spanned = {"start": starts, "end": ends, "earliest": min(starts), "latest": max(ends)}
        rows = self._queried("window_facts", **_places([place for place, _ in windows]), **spanned)
        return [WindowFacts(oxygen, flags or {}) for _, oxygen, flags in rows]

    def exceedance_alerts(self, inside: Sequence[tuple[Place, Segment]]) -> list[list[Alert]]:
        """Return for each place the exceedance alerts whose first window lies inside the segment, by first window."""
        asked = _places([place for place, _ in inside]) | {"period": [place.period.value for place, _ in inside]}
        bounds = {"low": [_instant(s.low) for _, s in inside], "high": [_instant(s.high) for _, s in inside]}
        found: list[list[Alert]] = [[] for _ in inside]
        for number, *row in self._queried("exceedance_alerts", **asked, **bounds) if inside else []:
            found[number - 1].append(_alert(row))
        return found

    def alert(self, alert_id: UUID) -> Alert | None:
        """Return one alert."""
        return next(iter(self.alerts([alert_id])), None)

    def alerts(self, alert_ids: Sequence[UUID]) -> list[Alert]:
        """Return those of these alerts that there are."""
        return self._listed("alerts", alert_ids=list(alert_ids)) if alert_ids else []

    def standing_alert(self, kind: FindingKind, device_id: str) -> Alert | None:
        """Return the open or acknowledged alert of this kind about a device."""
        return next(iter(self._listed("standing", kind=kind.value, device_id=device_id)), None)

    def find_alerts(self, wanted: AlertFilter) -> list[Alert]:
        """Return alerts, the latest change first."""
        grade = wanted.grade.value if wanted.grade else None
        return self._listed("find", **(vars(wanted) | {"grade": grade}))

    def alerts_by_prefix(self, prefix: str) -> list[Alert]:
        """Return the alerts whose id starts with `prefix` (at most 10)."""
        return self._listed("by_prefix", prefix=prefix)

    def alert_history(self, alert_id: UUID) -> list[AlertEvent]:
        """Return the steps of an alert in turn."""
        return [_event(row) for row in self._queried("history", alert_id=alert_id)]

    def notifications_of(self, alert_id: UUID) -> list[Notification]:
        """Return who was, or is to be, told of an alert, by step and recipient."""
        return [Notification(*row) for row in self._queried("notifications", alert_id=alert_id)]

    def activations(self, alert_id: UUID | None = None) -> list[Activation]:
        """Return the activations (of one alert), the latest change first."""
        return [_activation(row) for row in self._queried("activations", alert_id=alert_id)]

    def commit_alerts(self, batch: AlertBatch) -> None:
        """Write everything in one transaction, the fence last; raises Overtaken, LeaseLost or Unavailable."""
        with self.database.transaction(batch.advances) as cursor:
            if batch.seen:
                cursor.execute(SQL["mark_seen"], {"event_ids": batch.seen})
            _write_alerts(cursor, batch.alerts)
            _write_steps(cursor, batch)
            for activation, before in batch.activations:
                _write_activation(cursor, activation, before)
            _write_outbox(cursor, batch)
            for loss in batch.losses:
                write_loss(cursor, loss)

    def take_notifications(self, limit: int, hold_us: int) -> list[DueNotification]:
        """Hold pending notifications that are due for `hold_us`, oldest first, and return them."""
        with self.database.transaction() as cursor:
            cursor.execute(SQL["take"], {"limit": limit, "hold": timedelta(microseconds=hold_us)})
            due = _due(cursor, [Notification(*row) for row in cursor.fetchall()])
        return sorted(due, key=lambda d: (d.event.at, str(d.alert.alert_id), d.event.step, d.notification.recipient_id))

    def settle_notifications(self, told: Sequence[tuple[Notification, int]]) -> None:
        """Keep the outcomes of attempts: state, attempts and error as given, each tried again after so many µs."""
        rows = [vars(one) | {"retry": timedelta(microseconds=retry_us)} for one, retry_us in told]
        with self.database.transaction() as cursor:
            cursor.executemany(SQL["settle"], rows)

    def _queried(self, query: str, **values: Any) -> list[Any]:
        with self.database.read() as cursor:
            return cursor.execute(SQL[query], values).fetchall()

    def _listed(self, query: str, **values: Any) -> list[Alert]:
        return [_alert(row) for row in self._queried(query, **values)]


def _write_alerts(cursor: Cursor, alerts: Sequence[tuple[Alert, int]]) -> None:
    new = [_columns(alert) for alert, before in alerts if not before]
    changed = [_columns(alert) | {"before": before} for alert, before in alerts if before]
    for name, rows in (("insert_alert", new), ("update_alert", changed)):
        if rows:
            cursor.executemany(SQL[name], rows)
            if cursor.rowcount != len(rows):
                raise Overtaken(f"one of {len(rows)} alerts has changed since it was read")


def _write_steps(cursor: Cursor, batch: AlertBatch) -> None:
    if batch.events:
        cursor.executemany(SQL["insert_event"], [_event_columns(event) for event in batch.events])
    if batch.notifications:
        cursor.executemany(SQL["insert_notification"], [vars(notification) for notification in batch.notifications])
        cursor.execute(SQL["notify_notification"])


def _write_activation(cursor: Cursor, activation: Activation, before: int) -> None:
    values = vars(activation) | {
        "grade": activation.grade.value,
        "proposed_at": from_us(activation.proposed_at),
        "changed_at": from_us(activation.changed_at),
        "decided_at": _instant(activation.decided_at),
        "detail": Jsonb(activation.detail),
        "state": str(activation.state),
        "before": before,
        # a decision is what is dated like the change itself; the system's own moves carry nobody's name
        "by": activation.decided_by if activation.decided_at == activation.changed_at else "",
    }
    cursor.execute(SQL["update_activation" if before else "insert_activation"], values)
    if cursor.rowcount != 1:
        raise Overtaken(f"activation {activation.activation_id} has changed since it was read")
    cursor.execute(SQL["insert_activation_event"], values)


def _write_outbox(cursor: Cursor, batch: AlertBatch) -> None:
    if batch.outbox:
        cursor.executemany(SQL["insert_outbox"], [vars(event) for event in batch.outbox])
        cursor.execute(SQL["wake_relay"])


def _due(cursor: Cursor, held: Sequence[Notification]) -> list[DueNotification]:
    keys = {"alert_ids": [n.alert_id for n in held], "steps": [n.step for n in held]}
    alerts = [_alert(row) for row in cursor.execute(SQL["alerts"], keys).fetchall()] if held else []
    events = [_event(row) for row in cursor.execute(SQL["events"], keys).fetchall()] if held else []
    alert_of, event_of = {a.alert_id: a for a in alerts}, {(e.alert_id, e.step): e for e in events}
    return [DueNotification(n, alert_of[n.alert_id], event_of[n.alert_id, n.step]) for n in held]


def _places(places: Sequence[Place]) -> dict[str, Any]:
    return {
        "site": [place.site for place in places],
        "parameter": [place.parameter for place in places],
        "period": [PERIOD_CODE[place.period] for place in places],
    }


def _columns(alert: Alert) -> dict[str, Any]:
    return vars(alert) | {
        "kind": alert.kind.value,
        "state": alert.state.value,
        "grade": alert.grade.value,
        "period": alert.period.value if alert.period else None,
        "sites": list(alert.sites),
        "detail": Jsonb(alert.detail),
        **{name: _instant(getattr(alert, name)) for name in _INSTANTS},
    }


_INSTANTS: Final = ("raised_at", "changed_at", "first_start", "last_start", "acknowledged_at", "closed_at")


def _alert(row: Any) -> Alert:
    values: dict[str, Any] = dict(zip(ALERT_COLUMNS, row, strict=True))
    values |= {name: _us(values[name]) for name in _INSTANTS}
    values |= {
        "kind": FindingKind(values["kind"]),
        "state": AlertState(values["state"]),
        "grade": Grade(values["grade"]),
        "period": Period(values["period"]) if values["period"] else None,
        "sites": tuple(values["sites"]),
    }
    return Alert(**values)


def _event_columns(event: AlertEvent) -> dict[str, Any]:
    plain = {"state": event.state.value, "grade": event.grade.value, "reason": str(event.reason)}
    return vars(event) | plain | {"at": from_us(event.at)}


def _event(row: Any) -> AlertEvent:
    alert_id, step, reason, state, grade, at, by, note, text_zh, text_en = row
    return AlertEvent(alert_id, step, reason, AlertState(state), Grade(grade), to_us(at), by, note, text_zh, text_en)


def _activation(row: Any) -> Activation:
    activation_id, plan_id, city, alert_id, grade, state, proposed, changed, version, by, decided, detail = row
    return Activation(
        activation_id, plan_id, city, alert_id, Grade(grade), state, to_us(proposed), to_us(changed), version, by,
        _us(decided), detail,
    )  # fmt: skip


def _instant(at: int | None) -> datetime | None:
    return None if at is None else from_us(at)


def _us(at: datetime | None) -> int | None:
    return None if at is None else to_us(at)

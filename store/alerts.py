"""Alerts, their history, notifications and activations in PostgreSQL.

Delivery: an alert, its step, its notifications, its events and the consumed offsets are one transaction. An alert that was
changed since it was read (by a person at the desk) is not overwritten: the whole batch is refused with Overtaken.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
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

    def segment(self, site: str, parameter: str, period: Period, first: int, last: int) -> Segment:
        """Return the current verdicts around the windows first … last, up to the nearest met window on either side."""
        key: dict[str, Any] = {"site": site, "parameter": parameter, "period": PERIOD_CODE[period]}
        rows = self._queried("segment", first=from_us(first), last=from_us(last), **key)
        if not rows:
            return Segment(None, None, ())
        low, high = rows[0][:2]
        windows = tuple(Window(to_us(start), *facts) for _, _, start, *facts in rows if start is not None)
        return Segment(_us(low), _us(high), windows)

    def window_facts(self, site: str, parameter: str, period: Period, start: int) -> WindowFacts:
        """Return oxygen and flags of one window."""
        key = {"site": site, "period": PERIOD_CODE[period], "start": from_us(start)}
        end = from_us(period_end(period, start))
        ((oxygen, flags),) = self._queried("window_facts", parameter=parameter, end=end, **key)
        return WindowFacts(oxygen, flags or {})

    def exceedance_alerts(self, site: str, parameter: str, period: Period, segment: Segment) -> list[Alert]:
        """Return the exceedance alerts whose first window lies inside the segment, by first window."""
        bounds = {"low": _instant(segment.low), "high": _instant(segment.high)}
        return self._listed("exceedance_alerts", site=site, parameter=parameter, period=period.value, **bounds)

    def alert(self, alert_id: UUID) -> Alert | None:
        """Return one alert."""
        return next(iter(self._listed("alert", alert_id=alert_id)), None)

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
            for alert, before in batch.alerts:
                _write_alert(cursor, alert, before)
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


def _write_alert(cursor: Cursor, alert: Alert, before: int) -> None:
    cursor.execute(SQL["update_alert" if before else "insert_alert"], _columns(alert) | {"before": before})
    if cursor.rowcount != 1:
        raise Overtaken(f"alert {alert.alert_id} has changed since it was read")


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

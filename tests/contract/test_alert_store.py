"""What both stores promise the alerts role."""

from dataclasses import replace
from uuid import UUID

import pytest

from alerts.desk import Desk, Refused
from alerts.draft import event_of
from alerts.exceedances import figures
from alerts.lifecycle import Change, Reason, acknowledge
from alerts.plans import confirm, proposal
from schemas.codes import AlertState, FindingKind, Grade, Period
from schemas.errors import LeaseLost, Overtaken
from schemas.identity import content_id
from schemas.registry import Registry
from schemas.times import HOUR_US, SECOND_US
from store.alert_port import Alert, AlertBatch, AlertFilter, Notification, Place, Segment, Window
from store.port import Advance, OutboxEvent
from store.postgres import Database
from tests.contract.alert_stores import Postgres, Store

T0 = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""


@pytest.fixture
def store(alert_stores: Store) -> Store:
    return alert_stores


def an_alert(**changed: object) -> Alert:
    alert = Alert(
        alert_id=content_id("alert", changed.get("first_start", T0)),
        kind=FindingKind.EXCEEDANCE,
        state=AlertState.OPEN,
        grade=Grade.YELLOW,
        raised_at=T0 + HOUR_US,
        changed_at=T0 + HOUR_US,
        site_id="boiler-1",
        city="220100",
        sites=("boiler-1",),
        parameter="a21002",
        period=Period.HOUR,
        first_start=T0,
        last_start=T0,
        detail=figures([Window(T0, True, 130.1, None, 100.0, 0.301, "rule-1", "binding-1", "measured")]),
        text_zh="超标",
        text_en="exceedance",
    )
    return replace(alert, **changed)


def raised(alert: Alert, *recipients: str) -> AlertBatch:
    told = [Notification(alert.alert_id, 1, recipient, "its_site") for recipient in recipients]
    events = [event_of(Change(alert, Reason.RAISED))]
    outbox = [OutboxEvent("alerts.v1", str(alert.alert_id), b"{}")]
    return AlertBatch(alerts=[(alert, 0)], events=events, notifications=told, outbox=outbox)


def kept(store: Store, *recipients: str, **changed: object) -> Alert:
    alert = an_alert(**changed)
    store.commit_alerts(raised(alert, *recipients))
    return alert


def test_an_alert_is_read_as_it_was_written(store: Store) -> None:
    alert = kept(store)

    assert store.alert(alert.alert_id) == alert
    assert store.alert(content_id("another")) is None


def test_every_step_is_history(store: Store) -> None:
    alert = kept(store)
    change = acknowledge(alert, "duty", T0 + 2 * HOUR_US)

    store.commit_alerts(AlertBatch(alerts=[(change.alert, 1)], events=[event_of(change)]))

    steps = [(e.step, e.reason, e.by) for e in store.alert_history(alert.alert_id)]
    assert steps == [(1, "raised", ""), (2, "acknowledged", "duty")]


def test_an_alert_that_was_changed_meanwhile_is_not_overwritten(store: Store) -> None:
    alert = kept(store)
    store.commit_alerts(AlertBatch(alerts=[(acknowledge(alert, "duty", T0).alert, 1)]))

    with pytest.raises(Overtaken):
        store.commit_alerts(AlertBatch(alerts=[(replace(alert, grade=Grade.RED), 1)], seen=[content_id("e")]))

    assert store.seen_events([content_id("e")]) == set()


def test_an_alert_that_is_there_is_not_raised_twice(store: Store) -> None:
    alert = kept(store)

    with pytest.raises(Overtaken):
        store.commit_alerts(raised(alert))


def test_a_fenced_role_writes_nothing(store: Store) -> None:
    (lease,) = store.claim("findings.v1", "log-1", [0], "first")
    store.claim("findings.v1", "log-1", [0], "second")
    batch = raised(an_alert(), "enterprise")
    batch.advances = [Advance(lease, 7, 0)]

    with pytest.raises(LeaseLost):
        store.commit_alerts(batch)

    assert store.find_alerts(AlertFilter()) == []


def test_offsets_move_with_the_alerts(store: Store) -> None:
    (lease,) = store.claim("findings.v1", "log-1", [0], "first")
    batch = raised(an_alert())
    batch.advances = [Advance(lease, 7, 0)]

    store.commit_alerts(batch)

    (again,) = store.claim("findings.v1", "log-1", [0], "second")
    assert again.next_offset == 7


def test_seen_events_are_known(store: Store) -> None:
    first, other = content_id("1"), content_id("2")

    store.commit_alerts(AlertBatch(seen=[first]))
    store.commit_alerts(AlertBatch(seen=[first]))

    assert store.seen_events([first, other]) == {first}


def test_alerts_are_found_by_what_they_are_about(store: Store) -> None:
    alert = kept(store)
    silent = kept(
        store, kind=FindingKind.SILENT_DEVICE, device_id="mn", sites=("boiler-1", "boiler-2"), site_id=None,
        parameter=None, period=None, first_start=T0 + 1, last_start=T0 + 1, grade=Grade.BLUE, changed_at=T0 + 2 * HOUR_US,
    )  # fmt: skip

    assert store.find_alerts(AlertFilter()) == [silent, alert]
    assert store.find_alerts(AlertFilter(site="boiler-2")) == [silent]
    assert store.find_alerts(AlertFilter(grade=Grade.YELLOW)) == [alert]
    assert store.find_alerts(AlertFilter(kind="silent_device", city="220100", standing=True)) == [silent]
    assert store.standing_alert(FindingKind.SILENT_DEVICE, "mn") == silent
    assert store.standing_alert(FindingKind.SILENT_DEVICE, "other") is None
    assert store.alerts_by_prefix(str(alert.alert_id)[:12]) == [alert]


def test_a_resolved_alert_does_not_stand(store: Store) -> None:
    kept(store, state=AlertState.RESOLVED)

    assert store.find_alerts(AlertFilter(standing=True)) == []


def test_exceedance_alerts_of_a_segment_begin_inside_it(store: Store) -> None:
    early, late = kept(store), kept(store, first_start=T0 + 5 * HOUR_US, last_start=T0 + 5 * HOUR_US)
    place = Place("boiler-1", "a21002", Period.HOUR)
    everything, after, before = Segment(None, None, ()), Segment(T0, None, ()), Segment(None, T0 + HOUR_US, ())
    elsewhere = replace(place, site="boiler-2")

    found = store.exceedance_alerts([(place, everything), (place, after), (elsewhere, everything), (place, before)])

    assert found == [[early, late], [late], [], [early]]
    assert store.exceedance_alerts([]) == []


def test_a_notification_is_held_by_one_notifier(store: Store) -> None:
    alert = kept(store, "enterprise", "office")

    held = store.take_notifications(10, 60 * SECOND_US)

    assert [d.notification.recipient_id for d in held] == ["enterprise", "office"]
    assert held[0].alert == alert
    assert held[0].event.reason == "raised"
    assert store.take_notifications(10, 60 * SECOND_US) == []


def test_a_notification_whose_hold_ran_out_comes_back(store: Store) -> None:
    kept(store, "enterprise")

    store.take_notifications(10, 0)

    assert len(store.take_notifications(10, 60 * SECOND_US)) == 1


def test_a_delivered_notification_is_over(store: Store) -> None:
    alert = kept(store, "enterprise")
    (due,) = store.take_notifications(10, 0)

    store.settle_notifications([(replace(due.notification, state="delivered", attempts=1), 0)])
    store.settle_notifications([(replace(due.notification, attempts=2, error="late"), 0)])

    (told,) = store.notifications_of(alert.alert_id)
    assert (told.state, told.attempts, told.error) == ("delivered", 1, "")
    assert store.take_notifications(10, 0) == []


def test_a_failed_attempt_waits_before_the_next(store: Store) -> None:
    kept(store, "enterprise")
    (due,) = store.take_notifications(10, 0)

    store.settle_notifications([(replace(due.notification, attempts=1, error="HTTP 503"), 60 * SECOND_US)])

    assert store.take_notifications(10, 0) == []


def test_the_same_notification_is_made_once(store: Store) -> None:
    alert = kept(store, "enterprise")

    store.commit_alerts(AlertBatch(notifications=[Notification(alert.alert_id, 1, "enterprise", "its_site")]))

    assert len(store.notifications_of(alert.alert_id)) == 1


def test_an_activation_keeps_who_decided(store: Store) -> None:
    alert = kept(store, kind=FindingKind.HEAVY_POLLUTION, grade=Grade.ORANGE)
    proposed = proposal(alert, Registry(), T0)
    store.commit_alerts(AlertBatch(activations=[(proposed, 0)]))

    (confirmed,) = confirm(proposed, [proposed], "mayor's office", T0 + HOUR_US)
    store.commit_alerts(AlertBatch(activations=[(confirmed, 1)]))

    assert store.activations(alert.alert_id) == [confirmed]
    assert store.activations(content_id("other")) == []
    with pytest.raises(Overtaken):
        store.commit_alerts(AlertBatch(activations=[(proposed, 1)]))


def test_the_desk_refuses_what_does_not_fit(store: Store) -> None:
    alert = kept(store)
    desk = Desk(store, lambda: (0, Registry()))
    desk.close(alert.alert_id, "duty", "mended", T0 + HOUR_US)

    with pytest.raises(Refused):
        desk.acknowledge(alert.alert_id, "duty", T0 + HOUR_US)
    with pytest.raises(Refused):
        desk.close(UUID(int=0), "duty", "mended", T0)


def test_time_does_not_run_backwards(store: Store) -> None:
    assert store.now() <= store.now()


@pytest.mark.live
def test_what_a_dead_notifier_held_is_due_at_once(database_url: str) -> None:
    notifier, successor = Postgres(Database(database_url)), Postgres(Database(database_url))
    kept(notifier, "enterprise")
    notifier.take_notifications(10, 60 * SECOND_US)
    assert successor.take_notifications(10, 60 * SECOND_US) == []

    pid, _ = notifier.database.backend()
    with successor.database.read() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    assert len(successor.take_notifications(10, 60 * SECOND_US)) == 1
    notifier.database.close()
    successor.database.close()


@pytest.mark.live
def test_a_failed_attempt_waits_though_its_notifier_dies(database_url: str) -> None:
    notifier, successor = Postgres(Database(database_url)), Postgres(Database(database_url))
    kept(notifier, "enterprise")
    (due,) = notifier.take_notifications(10, 60 * SECOND_US)

    notifier.settle_notifications([(replace(due.notification, attempts=1, error="HTTP 503"), 60 * SECOND_US)])
    notifier.database.close()

    assert successor.take_notifications(10, 60 * SECOND_US) == []
    successor.database.close()

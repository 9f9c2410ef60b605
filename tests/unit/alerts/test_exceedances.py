"""Alerts about exceedances, told as timelines: E exceeded, M met, . nothing known; one letter an hour."""

from dataclasses import replace

from alerts.exceedances import Subject, groups, reconcile
from alerts.lifecycle import Change, Reason, acknowledge, close
from schemas.codes import AlertState, Grade, Period
from schemas.times import HOUR_US
from store.alert_port import Alert, Window

NOX = Subject("boiler-1", "a21002", Period.HOUR)
TEN_MINUTES = HOUR_US // 6


def timeline(letters: str, times_over: float = 0.3) -> list[Window]:
    return [
        Window(hour * HOUR_US, letter == "E", 130.0, None, 100.0, times_over if letter == "E" else None, "rule-1")
        for hour, letter in enumerate(letters)
        if letter in "EM"
    ]


def told_by(alerts: list[Alert], windows: list[Window]) -> list[Change]:
    return reconcile(NOX, alerts, windows, lambda start: start + HOUR_US + TEN_MINUTES)


def after(alerts: list[Alert], windows: list[Window]) -> list[Alert]:
    kept = {alert.alert_id: alert for alert in alerts}
    kept.update((change.alert.alert_id, change.alert) for change in told_by(alerts, windows))
    return sorted(kept.values(), key=lambda alert: alert.first_start or 0)


def states(alerts: list[Alert]) -> list[tuple[int, str]]:
    return [((alert.first_start or 0) // HOUR_US, alert.state.value) for alert in alerts]


def test_consecutive_exceedances_are_one_alert() -> None:
    assert [(g.first // HOUR_US, g.last // HOUR_US) for g in groups(timeline("MEEM"))] == [(1, 2)]


def test_hours_that_were_not_judged_separate_nothing() -> None:
    assert len(groups(timeline("E..EM"))) == 1


def test_a_met_hour_separates_two_alerts() -> None:
    assert states(after([], timeline("EME"))) == [(0, "resolved"), (2, "open")]


def test_an_alert_is_raised_when_its_first_hour_was_known() -> None:
    (change,) = told_by([], timeline(".E"))

    assert change.reason is Reason.RAISED
    assert change.alert.raised_at == 2 * HOUR_US + TEN_MINUTES


def test_silence_never_resolves() -> None:
    assert states(after(after([], timeline("E")), timeline("E......"))) == [(0, "open")]


def test_the_next_met_hour_resolves() -> None:
    changes = told_by(after([], timeline("E")), timeline("E.M"))

    assert [change.reason for change in changes] == [Reason.RESOLVED]
    assert changes[0].alert.changed_at == 3 * HOUR_US + TEN_MINUTES


def test_reconciling_again_changes_nothing() -> None:
    windows = timeline("EEM.E")

    assert told_by(after([], windows), windows) == []


def test_the_third_hour_in_a_row_raises_the_grade() -> None:
    changes = told_by(after([], timeline("EE")), timeline("EEE"))

    assert [(c.reason, c.alert.grade, c.alert.step) for c in changes] == [(Reason.ESCALATED, Grade.ORANGE, 2)]


def test_a_second_hour_at_the_same_grade_tells_nobody_again() -> None:
    (change,) = told_by(after([], timeline("E")), timeline("EE"))

    assert (change.reason, change.alert.step, change.alert.last_start) == (Reason.EXTENDED, 1, HOUR_US)


def test_what_is_read_late_is_told_in_the_same_steps() -> None:
    reasons = [change.reason for change in told_by([], timeline("EEEM"))]

    assert reasons == [Reason.RAISED, Reason.EXTENDED, Reason.ESCALATED, Reason.RESOLVED]


def test_a_backfilled_hour_withdraws_the_alert() -> None:
    (alert,) = after(after([], timeline("E")), timeline("M"))

    assert (alert.state, alert.step) == (AlertState.WITHDRAWN, 2)


def test_an_hour_that_can_no_longer_be_judged_withdraws_the_alert() -> None:
    assert states(after(after([], timeline("E")), timeline("."))) == [(0, "withdrawn")]


def test_an_earlier_hour_makes_a_new_alert_that_the_old_one_points_to() -> None:
    new, old = after(after([], timeline(".E")), timeline("EE"))

    assert states([new, old]) == [(0, "open"), (1, "withdrawn")]
    assert old.detail["replaced_by"] == str(new.alert_id)


def test_a_met_hour_in_the_middle_splits_the_alert() -> None:
    assert states(after(after([], timeline("EEE")), timeline("EME"))) == [(0, "resolved"), (2, "open")]


def test_an_alert_stands_again_when_the_met_hour_was_wrong() -> None:
    resolved = after([], timeline("EM"))

    changes = told_by(resolved, timeline("EE"))

    assert [change.reason for change in changes] == [Reason.REOPENED, Reason.EXTENDED]
    assert changes[-1].alert.state is AlertState.OPEN


def test_a_withdrawn_alert_can_come_back() -> None:
    withdrawn = after(after([], timeline("E")), timeline("."))

    assert [change.reason for change in told_by(withdrawn, timeline("E"))] == [Reason.REOPENED]


def test_a_corrected_figure_is_told() -> None:
    (change,) = told_by(after([], timeline("E", 0.5)), timeline("E", 0.3))

    assert (change.reason, change.alert.step) == (Reason.AMENDED, 2)
    assert change.alert.detail["worst"]["times_over"] == 0.3


def test_a_correction_can_lower_the_grade() -> None:
    (change,) = told_by(after([], timeline("E", 1.5)), timeline("E", 0.3))

    assert (change.reason, change.alert.grade) == (Reason.DE_ESCALATED, Grade.YELLOW)


def test_an_acknowledged_alert_stays_acknowledged_while_it_goes_on() -> None:
    (alert,) = after([], timeline("E"))
    acknowledged = acknowledge(alert, "duty", HOUR_US).alert

    assert states(after([acknowledged], timeline("EEE"))) == [(0, "acknowledged")]


def closed(alerts: list[Alert]) -> list[Alert]:
    return [replace(close(alert, "duty", "bag filter mended", 0).alert) for alert in alerts]


def test_hours_after_a_closing_are_a_new_alert() -> None:
    handled = closed(after([], timeline("EE")))

    assert states(after(handled, timeline("EEE"))) == [(0, "closed"), (2, "open")]


def test_a_closed_alert_is_left_alone_by_what_was_known_then() -> None:
    handled = closed(after([], timeline("EEE")))

    assert told_by(handled, timeline("EEE")) == []
    assert told_by(handled, timeline("EME")) == []


def test_a_closed_alert_is_withdrawn_when_its_hour_was_met_after_all() -> None:
    handled = closed(after([], timeline("E")))

    assert states(after(handled, timeline("M"))) == [(0, "withdrawn")]


def test_a_withdrawn_closing_separates_nothing_any_more() -> None:
    handled = after(closed(after([], timeline("EE"))), timeline("EEE"))

    assert states(after(handled, timeline("MEE"))) == [(0, "withdrawn"), (1, "open"), (2, "withdrawn")]

"""A withdrawn alert stays visible with the author of the mark that withdrew it (facts.md 6.4)."""

from pathlib import Path

import pytest

from alerts.exceedances import Subject, reconcile
from ecovigil.in_memory import InMemoryChain
from schemas.codes import AlertState, Period
from schemas.times import HOUR_US
from sim.scenario_file import read_scenario
from sim.scenario_play import play
from store.alert_port import Alert, AlertFilter, Window

SCENARIO = Path(__file__).parents[2] / "scenarios" / "mark_over_two_hours.toml"
DUST = Subject("crusher-1", "a34013", Period.HOUR)
MARK = {"mark_id": "m-1", "kind": "fault", "by": "operator-1", "from": "a", "to": "b", "entered_at": "c"}


@pytest.fixture(scope="module")
def withdrawn() -> Alert:
    """The alert of the first two hours, which a mark took away."""
    scenario = read_scenario(SCENARIO)
    chain = InMemoryChain(scenario.registry, scenario.play.starts)
    play(scenario, chain)
    return next(a for a in chain.store.find_alerts(AlertFilter()) if a.state is AlertState.WITHDRAWN)


def test_the_alert_names_the_mark_and_its_author(withdrawn: Alert) -> None:
    (mark,) = withdrawn.detail["marks"]

    assert (mark["by"], mark["kind"]) == ("operator-1", "fault")
    assert (mark["from"], mark["to"]) == ("2026-03-10 08:40", "2026-03-10 09:20")


def test_the_text_says_who_marked_what_when(withdrawn: Alert) -> None:
    assert "依据 operator-1 于 2026-03-10 12:00:00 登记的故障标记" in withdrawn.text_zh
    assert "by a mark of operator-1 entered 2026-03-10 12:00:00: fault" in withdrawn.text_en


def test_an_alert_that_stands_again_names_no_mark() -> None:
    hour = Window(0, True, 26.0, None, 20.0, 0.3, "rule-1")
    (raised,) = reconcile(DUST, [], [hour], lambda start: start + HOUR_US)
    (gone,) = reconcile(DUST, [raised.alert], [], lambda start: HOUR_US, {0: [MARK]})

    (again,) = reconcile(DUST, [gone.alert], [hour], lambda start: 2 * HOUR_US)

    assert gone.alert.detail["marks"] == [MARK]
    assert "marks" not in again.alert.detail


def test_a_mark_of_another_hour_is_not_named() -> None:
    hour = Window(0, True, 26.0, None, 20.0, 0.3, "rule-1")
    (raised,) = reconcile(DUST, [], [hour], lambda start: start + HOUR_US)

    (gone,) = reconcile(DUST, [raised.alert], [], lambda start: HOUR_US, {5 * HOUR_US: [MARK]})

    assert "marks" not in gone.alert.detail

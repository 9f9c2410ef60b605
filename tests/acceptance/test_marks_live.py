"""A mark that makes 20 minutes of an exceeded hour invalid withdraws the alert within one second of arriving, on the real chain."""

import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ecovigil.live import LiveChain, ScenarioServers
from ecovigil.settings import Settings
from schemas.codes import AlertState
from schemas.times import HOUR_US, MINUTE_US, SECOND_US
from sim.scenario_file import scenario_of
from sim.scenario_inputs import Mark
from sim.scenario_play import play
from store.alert_port import AlertFilter

pytestmark = [pytest.mark.acceptance, pytest.mark.live]

SCENARIO = Path(__file__).parents[1] / "scenarios" / "mark_of_hour_values.toml"
HOURS = 10
"""Dust of 26 against 20 in the even ones, of 10 in the odd ones: five alerts."""
WITHIN_S = 1.0


def tables() -> dict[str, Any]:
    """Return the crusher of a scenario with ten hours of minutes and no marks."""
    found = tomllib.loads(SCENARIO.read_text(encoding="utf-8"))
    first = found["starts"].replace(hour=8, minute=0)
    feed = {"device": "mn-1", "site": "crusher-1", "kind": "minute", "count": 60}
    hours = [first.replace(hour=8 + hour) for hour in range(HOURS)]
    values = [{"a34013": 10.0 if hour % 2 else 26.0} for hour in range(HOURS)]
    feeds = [feed | {"from": hour, "values": value} for hour, value in zip(hours, values, strict=True)]
    expected = [{"kind": "exceedance", "site": "crusher-1", "count": HOURS // 2}]
    later = {"ends": first.replace(hour=19), "mark": [], "feed": feeds, "expect": {"alert": expected}}
    return found | later


@pytest.fixture(scope="module")
def chain() -> Iterator[LiveChain]:
    """The real chain after ten hours, with five alerts."""
    scenario = scenario_of(tables(), SCENARIO)
    with ScenarioServers(Settings()) as servers, servers.opened(scenario) as chain:
        assert play(scenario, chain) == []
        yield chain


def withdrawn(chain: LiveChain) -> int:
    return sum(alert.state is AlertState.WITHDRAWN for alert in chain.alerts.find_alerts(AlertFilter()))


def seconds_until(chain: LiveChain, count: int) -> float:
    """Return after how long `count` alerts are withdrawn, while a tick comes each second."""
    pause, begun = Event(), time.monotonic()
    ticked = begun
    while withdrawn(chain) < count and time.monotonic() - begun < 10 * WITHIN_S:
        if time.monotonic() - ticked >= 1.0:
            ticked = time.monotonic()
            chain.tick(chain.playback.last_tick + SECOND_US)
        pause.wait(0.02)
    return time.monotonic() - begun


def mark(chain: LiveChain, start: int) -> None:
    """Enter a fault of 20 minutes of the hour that starts at `start`."""
    stretch = {"start": start + 10 * MINUTE_US, "to": start + 30 * MINUTE_US}
    entered = {"at": chain.playback.last_tick, "by": "operator-1", "site": "crusher-1", "kind": "fault"}

    assert chain.act(Mark.model_construct(**entered, **stretch)) == ""


def test_a_mark_withdraws_its_alert_within_a_second(chain: LiveChain) -> None:
    first = chain.playback.last_tick - 11 * HOUR_US
    took = []

    for count, hour in enumerate(range(0, HOURS, 2), 1):
        mark(chain, first + hour * HOUR_US)
        took.append(seconds_until(chain, count))

    print("seconds from mark to withdrawn alert:", ", ".join(f"{s:.2f}" for s in took))
    assert max(took) < WITHIN_S

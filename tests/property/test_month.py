"""A month played live, backfilled in a random order, or replayed in parts gives the same bytes of `export final`.

Late data, conflicting values, marks in time and late, a binding and permits changed in retrospect, a furnace, an effluent weighted by its flow; roles die.
"""

import json

import pytest

from detectors.worker import Worker
from schemas.topics import REPORTS
from tests.property.month import Course, Month


@pytest.fixture(scope="module")
def month() -> Month:
    """Return the month that all courses are about."""
    return Month.of(seed=26)


@pytest.fixture(scope="module")
def live(month: Month) -> str:
    """Return the final state of the month as it came."""
    return Course().live(month)


@pytest.mark.parametrize("seed", range(2))
def test_a_month_backfilled_in_a_random_order_ends_as_the_month_played_live(month: Month, live: str, seed: int) -> None:
    assert Course().backfilled(month, seed) == live


@pytest.mark.parametrize("seed", range(2))
def test_a_month_replayed_in_parts_ends_as_the_month_played_live(month: Month, live: str, seed: int) -> None:
    assert Course().replayed(month, seed) == live


def test_two_workers_end_as_one(month: Month, live: str) -> None:
    course = Course()
    chain = course.chain
    chain.roles["another"] = Worker(chain.log.consumer(REPORTS, "detectors"), chain.store, owner="another")

    assert course.replayed(month, seed=7) == live


def test_the_month_has_everything_that_could_go_wrong(live: str) -> None:
    rows = [json.loads(line) for line in live.splitlines()]

    verdicts = {(r["site"], r["period"], r["outcome"]) for r in rows if r["table"] == "verdict"}
    alerts = {r["kind"] for r in rows if r["table"] == "alert"}
    assert {("boiler", "hour", word) for word in ("met", "exceeded", "not_judged")} <= verdicts
    assert {("outfall", "day", word) for word in ("met", "exceeded")} <= verdicts
    assert {("outfall", "instant", word) for word in ("met", "exceeded", "not_judged")} <= verdicts
    assert {("river", "hour", word) for word in ("met", "exceeded", "not_judged")} <= verdicts
    assert {site for site, period, _ in verdicts if period == "month"} == {"river"}
    assert {("kiln", "hour", word) for word in ("met", "exceeded", "not_judged")} <= verdicts
    assert alerts == {"exceedance", "furnace_temperature"}


def test_what_was_registered_in_retrospect_decided(month: Month, live: str) -> None:
    course = Course()
    course.registrations = ()

    assert course.replayed(month, seed=0) != live

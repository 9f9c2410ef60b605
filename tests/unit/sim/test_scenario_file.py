"""A scenario that is not understood is refused, with file and key."""

import copy
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import InvalidConfiguration
from schemas.times import cst_text
from sim.scenario_file import scenario_files, scenario_of

FILE = Path("some.toml")
TABLES = tomllib.loads("""
title = "A crusher"
why = "a test"
starts = 2026-03-10T08:00:00
ends = 2026-03-10T09:00:00
site = [{ id = "crusher-1", kind = "stack", region = "220100" }]
device = [{ id = "mn-1", sites = ["crusher-1"] }]
feed = [{ device = "mn-1", site = "crusher-1", kind = "minute", from = 2026-03-10T08:00:00, count = 2, values = { a34013 = 1 } }]
[[expect.alert]]
kind = "exceedance"
site = "crusher-1"
""")


PERMIT = {
    "site": "crusher-1",
    "parameter": "a34013",
    "limit": 10.0,
    "averaging": "hour_mean",
    "effective_from": date(2026, 1, 1),
}
SPAN = {
    "entered_at": datetime.fromisoformat("2026-03-10T08:20"),
    "removed_at": datetime.fromisoformat("2026-03-10T08:40"),
}


def refusal(change: Callable[[dict[str, Any]], Any]) -> str:
    """Return what is said of the file after `change`."""
    tables = copy.deepcopy(TABLES)
    change(tables)
    with pytest.raises(InvalidConfiguration) as refused:
        scenario_of(tables, FILE)
    return "; ".join(refused.value.problems)


def test_local_times_are_china_standard_time() -> None:
    scenario = scenario_of(TABLES, FILE)

    assert scenario.play.starts == 1773100800_000_000  # 2026-03-10T00:00:00Z


def test_entries_that_come_and_go_are_versions_of_the_registry() -> None:
    scenario = scenario_of(TABLES | {"permit": [PERMIT | SPAN]}, FILE)

    known = [(cst_text(r.at), len(r.registry.permit)) for r in scenario.registrations]
    assert scenario.registry.permit == []
    assert known == [("2026-03-10 08:20", 1), ("2026-03-10 08:40", 0)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.update(surprise=1), "some.toml: surprise:"),
        (lambda t: t["feed"][0].update(surprise=1), "some.toml: feed 1 surprise:"),
        (lambda t: t["feed"][0].update(kind="second"), "some.toml: feed 1 kind:"),
        (lambda t: t["feed"][0].update(count="2"), "some.toml: feed 1 count:"),
        (lambda t: t["feed"][0].pop("count"), "some.toml: feed 1: Value error, a feed has either count or to"),
        (lambda t: t["feed"][0].update(raw="x"), "a feed has either values or raw"),
        (
            lambda t: t.update(permit=[PERMIT | {"entered_at": datetime.fromisoformat("2026-03-10T09:30")}]),
            "2026-03-10 09:30 is after ends",
        ),
        (lambda t: t.update(permit=[PERMIT | {"entered_at": date(2026, 3, 10)}]), "some.toml: permit 1 entered_at:"),
        (
            lambda t: t.update(permit=[PERMIT | SPAN | {"removed_at": SPAN["entered_at"]}]),
            "removed_at is not after entered_at",
        ),
        (lambda t: t["site"][0].update(name="x"), "some.toml: site 1 name:"),
        (lambda t: t["expect"].update(anything=[]), "some.toml: expect anything:"),
        (lambda t: t["expect"]["alert"][0].update(kind="strange"), "some.toml: expect alert 1 kind:"),
        (lambda t: t["expect"]["alert"][0].update(site="elsewhere"), "expect alert 1 site: no elsewhere"),
        (lambda t: t["expect"].clear(), "some.toml: expect: nothing is expected"),
        (lambda t: t.update(step=[{"do": "dance"}]), "some.toml: step 1:"),
        (lambda t: t.update(ends=t["starts"]), "some.toml: ends: not after starts"),
        (lambda t: t["device"][0].update(sites=["nowhere"]), "no site nowhere"),
    ],
)
def test_what_is_not_understood_is_named(change: Callable[[dict[str, Any]], Any], said: str) -> None:
    assert said in refusal(change)


def test_a_folder_without_scenarios_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="no scenario"):
        scenario_files([tmp_path])

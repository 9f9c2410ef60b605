"""A scenario that is not understood is refused, with file and key."""

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import InvalidConfiguration
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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.update(surprise=1), "some.toml: surprise:"),
        (lambda t: t["feed"][0].update(surprise=1), "some.toml: feed 1 surprise:"),
        (lambda t: t["feed"][0].update(kind="second"), "some.toml: feed 1 kind:"),
        (lambda t: t["feed"][0].update(count="2"), "some.toml: feed 1 count:"),
        (lambda t: t["feed"][0].pop("count"), "some.toml: feed 1: Value error, a feed has either count or to"),
        (lambda t: t["feed"][0].update(raw="x"), "a feed has either values or raw"),
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

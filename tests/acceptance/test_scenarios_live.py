"""Scenarios through the real servers, bridge, workers and database."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecovigil.live import ScenarioServers
from ecovigil.settings import Settings
from sim.scenario_file import read_scenario

pytestmark = [pytest.mark.acceptance, pytest.mark.live, pytest.mark.timeout(240)]

OURS = Path(__file__).parents[1] / "scenarios"
SHARED = Path(os.environ.get("ECOVIGIL_SHARED", Path(__file__).parents[3] / "shared")) / "scenarios"
NAMES = (
    "killed_roles",
    "people_act",
    "orange_haze",
    "equal_to_the_limit",
    "three_of_four_stations",
    "mark_over_two_hours",
    "binding_changed_in_retrospect",
    "binding_entered_late",
    "permit_of_the_day_taken_back",
    "index_bound_in_retrospect",
)
"""Those of ours in which live runs may differ from memory: crashes, people, marks, another registry, the second stage, order."""
FILES: list[Any] = [*(OURS / f"{name}.toml" for name in NAMES), *sorted(SHARED.glob("*.toml"))]


@pytest.fixture(scope="module")
def servers() -> Iterator[ScenarioServers]:
    """One database server for all scenarios."""
    with ScenarioServers(Settings()) as servers:
        yield servers


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_comes_out_live_as_in_memory(servers: ScenarioServers, path: Path) -> None:
    scenario = read_scenario(path)

    problems = servers.play(scenario)

    assert problems == []

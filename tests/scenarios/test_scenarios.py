"""Plays our own scenarios and those of the shared folder; and each with one expected figure changed, which must fail."""

import copy
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecovigil.in_memory import InMemoryChain, play_in_memory
from sim.expectations import unmet
from sim.scenario_file import read_scenario, scenario_of
from sim.scenario_play import play

OURS = sorted(Path(__file__).parent.glob("*.toml"))
SHARED = Path(os.environ.get("ECOVIGIL_SHARED", Path(__file__).parents[3] / "shared")) / "scenarios"


ABSENT = [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=f"{SHARED} is not there"))]
SHARED_FILES: list[Any] = sorted(SHARED.glob("*.toml")) or ABSENT


def stem(path: Any) -> str | None:
    """Return the name of a scenario in a test's name."""
    return getattr(path, "stem", None)


@pytest.mark.parametrize("path", [*OURS, *SHARED_FILES], ids=stem)
def test_a_scenario_comes_out_as_expected(path: Path) -> None:
    scenario = read_scenario(path)

    problems = play_in_memory(scenario)

    assert problems == []


def figures(tables: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """Yield (list, number, key) of every expected number, and of every truth and word that can be turned."""
    for name, entries in tables["expect"].items():
        for number, entry in enumerate(entries):
            yield from ((name, number, key) for key, value in entry.items() if is_figure(key, value))


def is_figure(key: str, value: Any) -> bool:
    """Whether changing the value must make the scenario fail."""
    return (isinstance(value, int | float) and key != "step") or key in ("outcome", "state", "grade")


def changed(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    others = {"met": "exceeded", "exceeded": "met", "not_judged": "met", "open": "closed", "yellow": "red"}
    return others.get(value, "yellow" if value in ("orange", "red", "blue") else "open")


@pytest.mark.parametrize("path", [*OURS, *SHARED_FILES], ids=stem)
def test_a_scenario_with_one_expected_figure_changed_fails(path: Path) -> None:
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    scenario = scenario_of(tables, path)
    chain = InMemoryChain(scenario.registry, scenario.play.starts)
    play(scenario, chain)

    for name, number, key in figures(tables):
        altered = with_another(tables, name, number, key)

        assert unmet(scenario_of(altered, path), chain.results()), f"{name} {number + 1} {key}"


def with_another(tables: dict[str, Any], name: str, number: int, key: str) -> dict[str, Any]:
    """Return the tables with one expectation alone, one figure of it changed."""
    entry = copy.deepcopy(tables["expect"][name][number])
    entry[key] = changed(entry[key])
    return tables | {"expect": {name: [entry]}}

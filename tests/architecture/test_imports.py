"""Who may import whom, and whether anybody else owns one of our names."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))


def test_every_import_points_downwards() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    checked = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_room_has_its_place_in_the_contract() -> None:
    assert sorted(PYPROJECT["tool"]["importlinter"]["root_packages"]) == ROOMS


def test_every_room_is_in_the_wheel_and_checked_for_types() -> None:
    assert sorted(PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == ROOMS
    assert sorted(PYPROJECT["tool"]["mypy"]["packages"]) == ROOMS


@pytest.mark.parametrize("name", [*ROOMS, "tests", "benchmarks"])
def test_no_installed_distribution_owns_the_name(name: str) -> None:
    owners = set(packages_distributions().get(name, []))

    assert owners <= {"ecovigil"}

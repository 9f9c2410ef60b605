"""The wheel: everything that is not code is inside, and what it installs works from any directory."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent for path in ROOT.glob("*/__init__.py"))
HOUR = "so2,no2,co,o3_1h,pm10,pm25\n500,100,5,160,50,75\n"
"""SO2 500 µg/m³ and PM2.5 75 µg/m³ are both exactly IAQI 100 (HJ 633-2012 table 1); the others are at 50."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, timeout=240)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which only the wheel is installed."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_everything_that_lies_in_a_room_is_in_the_wheel(wheel: Path) -> None:
    files = [path for room in ROOMS for path in room.rglob("*") if path.is_file() and path.suffix != ".pyc"]

    packed = set(zipfile.ZipFile(wheel).namelist())

    assert {path.relative_to(ROOT).as_posix() for path in files} - packed == set()


@pytest.mark.parametrize("pattern", ["store/migrations/0001", "store/queries/", "standards/data/", "sim/data/"])
def test_migrations_queries_standards_and_demo_data_are_in_the_wheel(wheel: Path, pattern: str) -> None:
    assert [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(pattern)]


def test_the_tests_are_not_in_the_wheel(wheel: Path) -> None:
    assert [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("tests/")] == []


def test_an_installed_ecovigil_knows_the_standards_from_any_directory(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "hour.csv").write_text(HOUR, encoding="utf-8")

    _run(installed, tmp_path, "aqi", "--standard", "hj633-2012", "--averaging", "hour", "hour.csv", "-o", "out.csv")

    header, row = (line.split(",") for line in (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines())
    result = dict(zip(header, row, strict=True))
    assert result["ecovigil_aqi"] == "100"
    assert set(result["ecovigil_primary"].split(";")) == {"so2", "pm25"}


def _run(installed: Path, folder: Path, *arguments: str) -> None:
    code = f"import ecovigil.cli as c; assert c.__file__.startswith({str(installed)!r}), c.__file__; c.main()"
    command = [sys.executable, "-c", code, *arguments]
    subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(installed)}, check=True, timeout=60)

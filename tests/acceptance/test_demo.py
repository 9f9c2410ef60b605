"""The demonstration as a newcomer runs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.live, pytest.mark.timeout(600)]


def run_demo(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `ecovigil demo --exit` without anybody at the keyboard."""
    command = [sys.executable, "-m", "ecovigil", "demo", "--exit", "--data-dir", str(folder)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def alerts_in(output: str) -> str:
    """Return the tables of alerts and episodes, without figures of speed."""
    return output[output.index("告警 alerts") : output.index("读数 readings")]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """A first run."""
    return run_demo(tmp_path_factory.mktemp("demo"))


def test_it_ends_by_itself_with_balanced_books_and_every_incident_found(
    first: subprocess.CompletedProcess[str],
) -> None:
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-2000:]
    assert "books balanced" in first.stdout
    assert "4 / 4 已发现 found, 0 误报" in first.stdout


def test_it_names_the_first_orange_alert_of_beijing(first: subprocess.CompletedProcess[str]) -> None:
    days = re.findall(r"2014-02-(\d\d) [\d:]+ │ 橙色 orange", first.stdout)

    assert any(20 <= int(day) <= 26 for day in days)


def test_a_second_run_gives_the_same_alerts(first: subprocess.CompletedProcess[str], tmp_path: Path) -> None:
    second = run_demo(tmp_path)

    assert alerts_in(second.stdout) == alerts_in(first.stdout)

"""The published indices of the national network come out of `ecovigil aqi`, row by row."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("ECOVIGIL_SHARED", Path(__file__).parents[3] / "shared"))


@pytest.mark.acceptance
@pytest.mark.parametrize("check", ["aqi_official", "aqi_snapshot"])
def test_the_published_index_is_met_on_every_row(check):
    script = SHARED / "checks" / check
    if not script.exists():
        pytest.skip(f"no official data: {script} is not there (set ECOVIGIL_SHARED)")

    command = Path(sys.executable).parent / "ecovigil"
    result = subprocess.run(
        [sys.executable, str(script)],
        env=os.environ | {"ECOVIGIL": str(command)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr

"""A real gas turbine under GB 13223-2011: the exceedances that ten lines of numpy find are those that `ecovigil judge` finds."""

import csv
import gzip
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from schemas.times import CST

SHARED = Path(os.environ.get("ECOVIGIL_SHARED", Path(__file__).parents[3] / "shared"))
LIMIT = 50.0
"""NOx of a natural gas turbine at 15 % O2, mg/m³ (GB 13223-2011 table 1)."""
FIRST = datetime(2012, 1, 1, tzinfo=CST)
REGISTRY = """
[[site]]
id = "gt"
kind = "stack"
[[binding]]
site = "gt"
standard = "GB 13223-2011"
category = "natural gas turbine"
variant = "all"
effective_from = 2012-01-01
reason = "acceptance"
"""


def nox_of(year):
    source = SHARED / "data" / "gas_turbine" / f"gt_{year}.csv.gz"
    if not source.exists():
        pytest.skip(f"no turbine data: {source} is not there (set ECOVIGIL_SHARED)")
    with gzip.open(source, "rt", encoding="utf-8") as text:
        return np.array([float(row["NOX"]) for row in csv.DictReader(text)])


def exceedances(values):
    """Return (hour, value, how far over) of every hour above the limit: hours follow each other from 2012-01-01."""
    over = np.flatnonzero(values > LIMIT)
    hours = [FIRST + timedelta(hours=int(hour)) for hour in over]
    return [(h.isoformat(), v, r) for h, v, r in zip(hours, values[over], values[over] / LIMIT - 1, strict=True)]


def judged(folder, values):
    """Return what `ecovigil judge` says; the values are taken as at 15 % O2, so the converted one is the measured one."""
    (folder / "registry.toml").write_text(REGISTRY, encoding="utf-8")
    hours = (FIRST + timedelta(hours=hour) for hour in range(len(values)))
    lines = [f"gt,{hour.isoformat()},{value!r},{value!r}" for hour, value in zip(hours, values.tolist(), strict=True)]
    (folder / "in.csv").write_text("\n".join(["site,observed_at,a21002,a21002-Zs", *lines]), encoding="utf-8")
    command = [Path(sys.executable).parent / "ecovigil", "judge", "in.csv", "-r", "registry.toml", "-o", "out.csv"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    with (folder / "out.csv").open(encoding="utf-8") as rows:
        return [row for row in csv.DictReader(rows) if row["period"] == "hour" and row["parameter"] == "a21002"]


@pytest.mark.acceptance
@pytest.mark.parametrize("year", [2011, 2012, 2013])
def test_the_exceedances_of_a_year_are_those_of_ten_lines_of_numpy(tmp_path, year):
    values = nox_of(year)
    rows = judged(tmp_path, values)

    found = [
        (row["start"], float(row["judged_value"]), float(row["times_over"]))
        for row in rows
        if row["outcome"] == "exceeded"
    ]

    print(f"gt_{year}: {len(values)} hours, {len(found)} above {LIMIT:g}, highest {values.max():g}")
    assert found == exceedances(values)
    assert {row["rule"] for row in rows} == {"GB13223-2011-032"}
    assert len(rows) == len(values)

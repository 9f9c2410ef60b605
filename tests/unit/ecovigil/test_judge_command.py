"""`ecovigil judge` on small files: long and wide form in, means and verdicts out."""

import csv
import io

import pytest
import typer
from typer.testing import CliRunner

from ecovigil.commands.judge import judge
from schemas.errors import InvalidConfiguration
from schemas.identity import content_id
from schemas.times import date_us, day_of

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
reason = "test"
"""
LONG = """site,parameter,observed_at,kind,value,flag
gt,a21002,2012-01-01 00:00,hour,70,N
gt,a21002-Zs,2012-01-01 00:00,hour,60,N
"""
WIDE = """observed_at,a21002,a21002-Zs,a21002-Zs-Flag,load
2012-01-01T00:00,70,60,N,5
2012-01-01T01:00,70,40,N,5
2012-01-01T02:00,70,NA,,5
"""


@pytest.fixture
def run(tmp_path):
    app = typer.Typer()
    app.command()(judge)
    (tmp_path / "registry.toml").write_text(REGISTRY, encoding="utf-8")

    def play(given, *arguments):
        (tmp_path / "in.csv").write_text(given, encoding="utf-8")
        return CliRunner().invoke(app, [str(tmp_path / "in.csv"), "-r", str(tmp_path / "registry.toml"), *arguments])

    return play


def verdicts(result):
    rows = csv.DictReader(io.StringIO(result.stdout))
    return [row for row in rows if row["outcome"] and row["period"] == "hour"]


def test_the_long_form_is_judged(run):
    (row,) = verdicts(run(LONG, "-o", "-"))

    assert (row["site"], row["parameter"], row["start"]) == ("gt", "a21002", "2012-01-01T00:00:00+08:00")
    assert (row["outcome"], row["judged_value"], row["limit_max"], row["rule"]) == (
        "exceeded", "60.0", "50.0", "GB13223-2011-032",
    )  # fmt: skip
    assert float(row["times_over"]) == pytest.approx(0.2)  # 60/50 - 1


def test_a_verdict_has_the_id_that_a_server_gives_it(run):
    (row,) = verdicts(run(LONG, "-o", "-"))

    start = date_us(day_of(1_325_347_200_000_000))  # 2012-01-01 00:00 China Standard Time
    assert row["verdict_id"] == str(content_id("verdict", "gt", "a21002", "hour", start))


def test_the_wide_form_is_judged_with_its_missing_cells(run):
    result = run(WIDE, "--site", "gt", "-o", "-")

    found = [(row["outcome"], row["not_judged_because"]) for row in verdicts(result)]

    assert found == [("exceeded", ""), ("met", ""), ("not_judged", "conversion_missing")]
    assert "not read: load" in result.stderr


def test_without_a_file_the_screen_shows_what_is_exceeded(run):
    told = " ".join(run(WIDE, "--site", "gt").stdout.split())

    assert "判定汇总 summary" in told
    assert "60 / 50" in told


def test_a_converted_value_alone_is_told(run):
    result = run(LONG.replace("a21002,", "a19001,"), "-o", "-")

    assert "is there without a21002: judged as the device says" in result.stderr


@pytest.mark.parametrize(
    ("given", "arguments", "message"),
    [
        (WIDE, [], "no column site"),
        ("site,value\n", [], "no column observed_at"),
        ("site,observed_at,x\n", [], "no column is a parameter"),
        (LONG.replace("2012-01-01 00:00", "yesterday"), [], "row 2: observed_at: 'yesterday'"),
        (LONG.replace(",70,", ",seventy,"), [], "row 2: 'seventy' 不是数字 is no number"),
        (LONG.replace("hour,70,N", "week,70,N"), [], "unknown kind or flag 'week'"),
        (LONG.replace("70,N", "70,Q"), [], "unknown kind or flag 'Q'"),
        (LONG.replace("gt,a21002,", "gt2,a21002,"), [], "no site 'gt2'"),
        (LONG, ["--kind", "week"], "'week' is none of"),
    ],
)
def test_a_wrong_file_is_refused_with_row_and_reason(run, given, arguments, message):
    result = run(given, *arguments)

    assert isinstance(result.exception, InvalidConfiguration)
    assert message in str(result.exception)

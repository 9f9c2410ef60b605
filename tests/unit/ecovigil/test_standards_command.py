"""`ecovigil standards`: filters, one row in full, and refused tables."""

import json

import pytest
from typer.testing import CliRunner

from ecovigil.commands.standards import app, matching
from schemas.errors import InvalidConfiguration

BAD = "condition,selector,why\nx,never,because\n"


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_a_list_can_be_asked_by_standard_code_and_day():
    found = json.loads(run("list", "--standard", "gb3095", "--code", "a34004", "--on", "2026-02-28", "--json").stdout)

    assert {row["standard"] for row in found} == {"GB 3095-2012"}
    assert [row["row"]["grade_2"] for row in found if row["averaging"] == "24h"] == ["75"]


def test_a_converted_code_has_the_limits_of_its_parameter():
    assert matching("GB 13223", "a21002-Zs", None) == matching("GB 13223", "a21002", None) != []


def test_without_a_filter_the_standards_are_listed():
    result = run("list")

    assert "GB 13223-2011" in result.stdout
    assert "GB13223-2011-032" not in result.stdout


def test_a_rule_is_shown_with_source_certainty_dates_and_binding():
    told = " ".join(run("show", "GB13223-2011-032").stdout.split())

    assert "≤ 50 mg/m3 @ O₂ 15 %" in told
    assert "2012-01-01 – …" in told
    assert "R2: read in a secondary text" in told
    assert "m.taodocs.com/p-407926987" in told


def test_an_unknown_rule_is_refused_with_the_nearest():
    result = run("show", "GB13223-2011-99")

    assert isinstance(result.exception, InvalidConfiguration)
    assert "did you mean 'GB13223-2011-0" in str(result.exception)


def test_the_bundled_tables_pass():
    assert (run("check").exit_code, run("check").stdout) == (0, "没有问题 no problems\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_bad_table_is_refused_with_code_one(tmp_path, as_json):
    path = tmp_path / "selectors.csv"
    path.write_text(BAD, encoding="utf-8")

    result = run("check", path, *(["--json"] if as_json else []))

    assert result.exit_code == 1
    assert "unknown selector 'never'" in result.stdout
    assert (json.loads(result.stdout)[0]["row"] == 2) if as_json else ("row 2" in result.stdout)

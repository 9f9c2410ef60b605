"""`ecovigil water-class` on small files: columns in, class and deciding items out."""

import pytest
import typer
from typer.testing import CliRunner

from ecovigil.commands.water_class import water_class
from schemas.errors import InvalidConfiguration

HEADER = "section,ph,do_mgl,codmn_mgl,nh3n_mgl,tp_mgl"
ROW = "甲,7.5,8,1.5,0.1,0.06"


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(water_class)

    def play(given, *arguments, water_body="river"):
        return CliRunner().invoke(app, ["-", "--water-body", water_body, *arguments], input=given)

    return play


def lines(result):
    return [line.split(",") for line in result.stdout.splitlines()]


def test_columns_pass_through_and_the_class_is_added(run):
    header, row = lines(run(f"{HEADER}\n{ROW}\n"))

    assert ",".join(header) == f"{HEADER},ecovigil_class,ecovigil_deciding"
    assert ",".join(row) == f"{ROW},Ⅱ,tp"


@pytest.mark.parametrize("missing", ["*", "", "NA", "—"])
def test_what_was_not_measured_does_not_decide(run, missing):
    result = run(f"{HEADER}\n甲,7.5,5.5,{missing},0.1,{missing}\n")

    assert lines(result)[1][-2:] == ["Ⅲ", "do"]
    assert result.stderr == ""


def test_a_row_without_values_stays_blank(run):
    assert lines(run(f"{HEADER}\n甲,*,*,*,*,*\n"))[1][-2:] == ["", ""]


def test_a_lake_has_the_class_of_its_nitrogen_apart(run):
    header, row = lines(run(f"{HEADER},tn_mgl\n{ROW},2.5\n", water_body="lake"))

    assert header[-3:] == ["ecovigil_class", "ecovigil_deciding", "ecovigil_tn_class"]
    assert row[-3:] == ["Ⅳ", "tp", "劣Ⅴ"]


def test_further_items_count_where_they_are_named(run):
    result = run("pH,CODcr,BOD\n7,35,7\n", "--columns", "ph=pH,cod=CODcr,bod5=BOD")

    assert lines(result)[1][-2:] == ["Ⅴ", "cod;bod5"]


def test_cells_that_are_no_numbers_are_told(run):
    result = run(f"{HEADER}\n甲,seven,8,1.5,0.1,0.06\n")

    assert "'seven' (ph, row 2)" in result.stderr


@pytest.mark.parametrize(
    ("given", "arguments", "message"),
    [
        ("a,b\n1,2\n", [], "none of the columns"),
        ("tn_mgl\n1\n", [], "none of the columns"),
        ("ph\n7\n", ["--columns", "ph"], "expected item=column"),
        ("ph\n7\n", ["--columns", "tn=ph"], "'tn' is not rated for a river"),
        ("ph\n7\n", ["--columns", "cod=COD"], "no column 'COD' (for cod)"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(run, given, arguments, message):
    result = run(given, *arguments)

    assert isinstance(result.exception, InvalidConfiguration)
    assert message in str(result.exception)

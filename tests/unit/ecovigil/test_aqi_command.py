"""`ecovigil aqi` on small files: columns in, columns out, one-line errors."""

import gzip

import pytest
import typer
from typer.testing import CliRunner

from ecovigil.commands.aqi import aqi
from schemas.errors import InvalidConfiguration

HEADER = "station,so2,no2,co,o3_1h,pm10,pm25"
ROW = "甲,10,30,0.8,60,40,65"


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(aqi)

    def play(*arguments, standard="hj633-2012", averaging="hour", given=None):
        options = ["--standard", standard, "--averaging", averaging]
        return CliRunner().invoke(app, [*map(str, arguments), *options], input=given)

    return play


def test_columns_pass_through_and_the_index_is_added(run):
    result = run("-", given=f"{HEADER}\n{ROW}\n".encode())

    header, row = result.stdout.splitlines()
    assert header.startswith(HEADER + ",ecovigil_iaqi_so2,")
    assert row == ROW + ",4,15,8,19,40,88,88,pm25,良"  # so2: 10/150*50 = 3.3; pm25: 30/40*50+50 = 87.5


def test_a_missing_pollutant_leaves_the_index_blank(run):
    result = run("-", given=f"{HEADER}\n甲,NA,-,—,,40,65\n".encode())

    assert result.stdout.splitlines()[1].endswith(",40,88,,,")
    assert "not numbers" not in result.stderr


def test_cells_that_are_no_numbers_are_told(run):
    result = run("-", given=f"{HEADER}\n甲,ten,30,0.8,60,40,65\n".encode())

    assert "'ten' (so2, row 2)" in result.stderr
    assert result.exit_code == 0


def test_a_compressed_file_with_a_byte_order_mark_and_other_names_is_read(run, tmp_path):
    source, out = tmp_path / "in.csv.gz", tmp_path / "out.csv"
    source.write_bytes(gzip.compress(("\ufeffPM2.5\n65\n").encode()))

    run(source, "-o", out, "--columns", "pm25=PM2.5", standard="hj633-2026")

    assert out.read_text(encoding="utf-8").splitlines()[1] == "65,,,,,,105,105,pm25,轻度污染"


@pytest.mark.parametrize(
    ("given", "arguments", "message"),
    [
        (b"", [], "empty"),
        (b"a,b\n1,2\n", [], "none of the columns"),
        (b"pm25\n1,2\n", [], "row 2 has 2 cells"),
        (b"pm25\n1\n", ["--columns", "pm25=PM"], "no column 'PM'"),
        (b"pm25\n1\n", ["--columns", "pm99=pm25"], "no item 'pm99'"),
        (b"pm25,ecovigil_aqi\n1,2\n", [], "there already"),
        ("pm25\n甲\n".encode("gb18030"), [], "not UTF-8"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(run, given, arguments, message):
    result = run("-", *arguments, given=given)

    assert isinstance(result.exception, InvalidConfiguration)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)

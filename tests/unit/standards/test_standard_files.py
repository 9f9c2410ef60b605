"""Tables that can't be right are refused with file, row and reason."""

import csv
import io
from importlib.resources import files

import pytest

from standards.standard_files import bundled_problems, problems_of_file, problems_of_text
from standards.standard_files_rows import FORMS
from standards.tables import rows_of

GOOD = {
    "emission_limits": rows_of("emission_limits")[0],
    "surface_water_classes": rows_of("surface_water_classes")[2],
    "ambient_limits": rows_of("ambient_limits")[0],
    "heavy_pollution_thresholds": rows_of("heavy_pollution_thresholds")[0],
    "limit_selectors": rows_of("limit_selectors")[0],
    "aqi_levels": rows_of("aqi_levels")[0],
    "iaqi_breakpoints": rows_of("iaqi_breakpoints")[0],
}


def table(*rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def said_of(name, *changes):
    """Return the problems of a table whose rows are a good one with some cells changed."""
    return [str(p) for p in problems_of_text(f"{name}.csv", table(*(GOOD[name] | change for change in changes)))]


def test_the_bundled_tables_are_in_order():
    assert bundled_problems() == []


def test_every_bundled_table_is_checked():
    bundled = {path.name.removesuffix(".csv") for path in (files("standards") / "data").iterdir()}

    assert bundled <= set(FORMS)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("emission_limits", {"unit": ""}, "no unit"),
        ("emission_limits", {"unit": "mg/ft3"}, "unknown unit 'mg/ft3'"),
        ("emission_limits", {"averaging": ""}, "no averaging"),
        ("emission_limits", {"averaging": "weekly"}, "unknown averaging 'weekly'"),
        ("emission_limits", {"confidence": "sure"}, "unknown confidence 'sure'"),
        ("emission_limits", {"confidence": "read-in-source", "source": ""}, "read-in-source without a source"),
        ("emission_limits", {"baseline_o2_pct": "six"}, "baseline_o2_pct 不是数字: 'six' is no number"),
        ("emission_limits", {"baseline_o2_pct": "21"}, "not from 0 to below 21"),
        ("emission_limits", {"medium": "water"}, "baseline_o2_pct in a limit for water"),
        ("emission_limits", {"limit_min": "40"}, "limit_min 40 is above limit_max 30"),
        ("emission_limits", {"limit_max": ""}, "neither limit_min nor limit_max"),
        ("emission_limits", {"limit_max": "nan"}, "'nan' is no number"),
        ("emission_limits", {"hj212_code": "a99999"}, "'a99999' is not in the parameter table"),
        ("emission_limits", {"condition": "at full moon"}, "is not in limit_selectors.csv"),
        ("emission_limits", {"effective_from": "2014-7-1"}, "is no date"),
        ("emission_limits", {"effective_to": "2014-06-30"}, "2014-06-30 is before effective_from 2014-07-01"),
        ("surface_water_classes", {"class_III": "1"}, "a worse class is stricter"),
        ("surface_water_classes", {"class_V": ""}, "class_V: '' is no number"),
        ("surface_water_classes", {"direction": "range"}, "is no range such as 6-9"),
        ("ambient_limits", {"grade_1": "999"}, "is above grade_2"),
        ("ambient_limits", {"averaging": ""}, "no averaging"),
        ("iaqi_breakpoints", {"concentration": "-"}, "'-' is no number"),
        ("heavy_pollution_thresholds", {"comparator": "<"}, "unknown comparator '<'"),
        ("limit_selectors", {"selector": "sometimes"}, "unknown selector 'sometimes'"),
        ("aqi_levels", {"low": "60"}, "low 60 is above high 50"),
    ],
)
def test_a_wrong_row_is_refused_with_file_row_and_reason(name, change, reason):
    found = [problem for problem in said_of(name, change) if reason in problem]

    assert found
    assert found[0].startswith(f"{name}.csv: 第 2 行 row 2: ")


@pytest.mark.parametrize(
    ("first_to", "second_from", "overlaps"),
    [("2020-12-31", "2021-01-01", False), ("2020-12-31", "2020-12-31", True), ("", "2021-01-01", True)],
)
def test_the_dates_of_one_rule_must_not_overlap(first_to, second_from, overlaps):
    found = said_of("emission_limits", {"effective_to": first_to}, {"rule_id": "next", "effective_from": second_from})

    assert [("row 3" in p, "same rule as row 2" in p) for p in found] == [(True, True)] * overlaps


def test_an_open_row_overlaps_every_later_one():
    later = [{"rule_id": y, "effective_from": f"{y}-01-01", "effective_to": f"{y}-12-31"} for y in ("2020", "2022")]

    found = said_of("emission_limits", {}, *later)

    assert ["same rule as row 2" in p for p in found] == [True, True]


def test_an_id_names_one_row():
    assert "GB13223-2011-001 is that of row 2 too" in said_of("emission_limits", {}, {"variant": "new"})[0]


def test_a_table_of_ones_own_is_known_by_its_columns(tmp_path):
    path = tmp_path / "ours.csv"
    path.write_text(table(GOOD["emission_limits"] | {"unit": ""}), encoding="utf-8")

    assert [str(p) for p in problems_of_file(path)] == [f"{path}: 第 2 行 row 2: 缺少 unit: no unit"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a,b\n1,2\n", "these columns are of none of"),
        (b"", "these columns are of none of"),
        ("标准".encode("gb18030"), "not UTF-8 text"),
        (b"condition,selector,why\n1,none\n", "2 cells, the header has 3"),
        (b'condition,selector,why\n"1,none,x\n', "not a CSV file"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content, reason):
    path = tmp_path / "x.csv"
    path.write_bytes(content)

    (problem,) = problems_of_file(path)

    assert reason in str(problem)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "can't be read" in str(problems_of_file(tmp_path / "none.csv")[0])


def test_a_missing_column_is_named():
    text = table({k: v for k, v in GOOD["emission_limits"].items() if k != "averaging"})

    assert "no column averaging" in str(problems_of_text("emission_limits.csv", text)[0])

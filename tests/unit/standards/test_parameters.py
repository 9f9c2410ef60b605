"""Codes, names and units of HJ 212."""

import pytest

from schemas.codes import SiteKind
from standards.parameters import canonical_unit, factor, is_known, names_of
from standards.rules import rules


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("a21026", True),
        ("a21026-Zs", True),
        ("a05024", True),
        ("w01018-Zs", False),
        ("a19001-Zs", False),
        ("02", False),
        ("x1", False),
    ],
)
def test_codes_of_the_table_are_known(code, known):
    assert is_known(code) is known


@pytest.mark.parametrize(
    ("kind", "code", "unit"),
    [
        (SiteKind.AMBIENT_AIR, "a34004", "ug/m3"),
        (SiteKind.AMBIENT_AIR, "a21005", "mg/m3"),
        (SiteKind.STACK, "a21026-Zs", "mg/m3"),
        (SiteKind.STACK, "a21001", "mg/m3"),  # printed ng/m3
        (SiteKind.EFFLUENT, "w01018", "mg/L"),
        (SiteKind.EFFLUENT, "w00000", "L/s"),
    ],
)
def test_the_unit_belongs_to_the_kind_of_site(kind, code, unit):
    assert canonical_unit(kind, code) == unit


@pytest.mark.parametrize(
    ("ours", "theirs", "size"),
    [("µg/m³", "mg/m3", 0.001), ("mg/Nm3", "mg/m3", 1.0), ("m3/h", "m3/s", 1 / 3600), ("ug/L", "mg/L", 0.001)],
)
def test_units_convert_within_a_dimension(ours, theirs, size):
    assert factor(ours, theirs) == pytest.approx(size)


def test_units_of_different_things_do_not_convert():
    with pytest.raises(ValueError, match="can't be converted"):
        factor("mg/L", "mg/m3")


def test_every_limit_has_the_unit_of_its_parameter_or_one_that_converts():
    kinds = {"air": SiteKind.STACK, "water": SiteKind.EFFLUENT}
    coded = [rule.row for rule in rules() if rule.row["hj212_code"]]

    assert all(factor(row["unit"], canonical_unit(kinds[row["medium"]], row["hj212_code"])) for row in coded)


def test_a_converted_value_says_so_in_both_languages():
    assert names_of("a21026-Zs") == ("二氧化硫(折算)", "sulfur dioxide (converted)")

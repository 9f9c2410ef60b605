"""Classes of surface water: figures of GB 3838-2002 table 1 and the single-factor rule, facts 5.3."""

import numpy as np
import pytest

from standards.surface_water import CLASS_NAMES, classify, items_of, nitrogen

NAN = float("nan")
CLEAN = {"ph": [7.5], "do": [8.0], "codmn": [1.5], "nh3n": [0.1], "tp": [0.01]}


def rated(water_body="river", **concentrations):
    """Return (class, deciding items) of one row of clean water in which some items have other values."""
    classes = classify(water_body, {**CLEAN, **{name: [value] for name, value in concentrations.items()}})
    return classes.names()[0], classes.deciding(0)


@pytest.mark.parametrize(
    ("item", "value", "expected"),
    [
        # GB 3838-2002 table 1: a value equal to the limit of a class is in that class
        ("do", 7.5, "Ⅰ"),
        ("do", 7.49, "Ⅱ"),
        ("do", 6.0, "Ⅱ"),
        ("do", 5.0, "Ⅲ"),
        ("do", 3.0, "Ⅳ"),
        ("do", 2.0, "Ⅴ"),
        ("do", 1.99, "劣Ⅴ"),
        ("codmn", 2.0, "Ⅰ"),
        ("codmn", 6.0, "Ⅲ"),
        ("codmn", 6.01, "Ⅳ"),
        ("codmn", 15.01, "劣Ⅴ"),
        ("nh3n", 0.15, "Ⅰ"),
        ("nh3n", 1.0, "Ⅲ"),
        ("nh3n", 2.01, "劣Ⅴ"),
        ("tp", 0.1, "Ⅱ"),
        ("tp", 0.2, "Ⅲ"),
        ("tp", 0.201, "Ⅳ"),
        ("cod", 15.0, "Ⅰ"),  # the table has 15 for Ⅰ and for Ⅱ
        ("cod", 15.1, "Ⅲ"),
        ("bod5", 3.0, "Ⅰ"),
        ("bod5", 10.1, "劣Ⅴ"),
        ("f", 1.0, "Ⅰ"),  # fluoride: 1.0 up to Ⅲ, 1.5 up to Ⅴ
        ("f", 1.2, "Ⅳ"),
        ("hg", 0.0001, "Ⅲ"),
    ],
)
def test_the_limits_of_the_table_are_the_limits_of_the_classes(item, value, expected):
    assert rated(**{item: value})[0] == expected


@pytest.mark.parametrize(("ph", "expected"), [(6.0, "Ⅰ"), (9.0, "Ⅰ"), (5.99, "劣Ⅴ"), (9.01, "劣Ⅴ")])
def test_a_ph_outside_six_to_nine_is_worse_than_every_class(ph, expected):
    assert rated(ph=ph)[0] == expected


def test_the_worst_item_decides():
    assert rated(nh3n=1.2, tp=0.15) == ("Ⅳ", ("nh3n",))


def test_items_in_the_same_worst_class_decide_together():
    assert rated(do=5.5, tp=0.15) == ("Ⅲ", ("do", "tp"))


@pytest.mark.parametrize(("water_body", "expected"), [("river", "Ⅱ"), ("lake", "Ⅳ")])
def test_phosphorus_has_other_limits_in_lakes(water_body, expected):
    assert rated(water_body, tp=0.06)[0] == expected


def test_nitrogen_is_rated_apart():
    assert rated("lake", tn=9.9)[0] == "Ⅰ"
    assert [CLASS_NAMES[rank] for rank in nitrogen().ranks([0.2, 0.21, 1.0, 2.01, NAN]).tolist()] == [
        "Ⅰ", "Ⅱ", "Ⅲ", "劣Ⅴ", "",
    ]  # fmt: skip


def test_temperature_nitrogen_and_coliform_do_not_count():
    assert not {"tn", "fecal_coliform", "temperature_change"} & set(items_of("lake"))
    assert len(items_of("river")) == 21  # 24 basic items of table 1 less these three


@pytest.mark.parametrize("value", [NAN, float("inf"), -0.1])
def test_what_is_no_value_does_not_decide(value):
    assert rated(nh3n=value) == ("Ⅰ", ("ph", "do", "codmn", "tp"))


def test_a_row_without_values_has_no_class():
    classes = classify("river", {"ph": [NAN, 7.0], "do": [NAN, 2.5]})

    assert classes.names() == ["", "Ⅴ"]
    assert (classes.deciding(0), classes.deciding(1)) == ((), ("do",))


def test_a_mean_that_equals_the_limit_but_for_noise_meets_it():
    mean = np.mean([0.1, 0.2, 0.3])  # 0.20000000000000004

    assert mean > 0.2
    assert rated(tp=mean)[0] == "Ⅲ"

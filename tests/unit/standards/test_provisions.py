"""What people are told of a row: every one has a name, and says what a binding must."""

from datetime import date

import pytest

from standards.provisions import provisions

KNOWN = {provision.provision_id: provision for provision in provisions()}


def needs(provision_id):
    return " ".join(english for _, english in KNOWN[provision_id].binding_needs())


def test_every_row_has_a_name_of_its_own():
    assert len(KNOWN) == len(provisions()) == 264 + 25 + 65 + 166 + 21


@pytest.mark.parametrize(
    ("provision_id", "limit"),
    [
        ("GB13223-2011-032", "≤ 50 mg/m3 @ O₂ 15 %"),
        ("GB 3838-2002:DO:all", "Ⅰ–Ⅴ ≥ 7.5 / 6 / 5 / 3 / 2 mg/L"),
        ("GB 3095-2012:final:PM2.5:24h", "一级 grade 1 ≤ 35, 二级 grade 2 ≤ 75 ug/m3"),
        ("2024-Y2", "AQI > 150, 48 h (ANY)"),
    ],
)
def test_the_limit_is_said_with_its_unit(provision_id, limit):
    assert KNOWN[provision_id].limit == limit


@pytest.mark.parametrize(
    ("provision_id", "words"),
    [
        ("GB13223-2011-032", 'category = "natural gas turbine", variant = "all"'),
        ("GB13223-2011-008", 'only recalled: it must be named, conditions = ["GB13223-2011-008"]'),
        ("2024-Y2", 'thresholds = "CN-2024-06"'),
        ("GB 3838-2002:DO:all", "no binding is needed"),
    ],
)
def test_it_is_said_what_a_binding_must_say(provision_id, words):
    assert words in needs(provision_id)


def test_both_days_of_a_limit_are_in_force():
    limit = KNOWN["GB 3095-2012:final:PM2.5:24h"]

    days = [date(2015, 12, 31), date(2016, 1, 1), date(2026, 2, 28), date(2026, 3, 1)]

    assert [limit.covers(day) for day in days] == [False, True, True, False]

"""Which limit a mean is judged by, from facts 5 and the limit table."""

from datetime import date

import pytest

from schemas.codes import NotJudged
from schemas.registry import Registry
from schemas.times import date_us
from standards.limits import limits_for
from standards.rules import rules
from standards.tables import rows_of

CRUSHER = ("GB 4915-2013", "crusher, mill, packing and other vented equipment", "general")
TOWN = ("GB 18918-2002", "municipal wastewater plant", "1A")


def bound(*bindings, kind="stack", permits=(), **more):
    named = ("standard", "category", "variant")
    return Registry.from_tables(
        {
            "site": [{"id": "s", "kind": kind}],
            "binding": [
                dict(zip(named, b, strict=True))
                | {"site": "s", "effective_from": date(2010, 1, 1), "reason": "test"}
                | more
                for b in bindings
            ],
            "permit": [{"site": "s", "effective_from": date(2026, 5, 1)} | p for p in permits],
        }
    )


def asked(registry, parameter, period="hour", day=date(2026, 6, 1), **more):
    return limits_for(registry, "s", parameter, period, date_us(day), **more)


def test_the_table_gives_the_limit_of_the_variant():
    decision = asked(bound(CRUSHER), "a34013")

    assert decision.limit is not None
    assert (decision.limit.maximum, decision.limit.unit, decision.limit.needs_conversion) == (20.0, "mg/m3", False)
    assert decision.limit.rule_id == "GB4915-2013-019"


def test_an_hour_limit_is_never_compared_with_a_day():
    decision = asked(bound(CRUSHER), "a34013", "day")

    assert (decision.limit, decision.reason) == (None, None)


def test_the_permit_goes_first_from_its_first_day():
    registry = bound(CRUSHER, permits=[{"parameter": "a34013", "limit": 10.0, "averaging": "hour_mean"}])

    limits = [asked(registry, "a34013", day=day).limit for day in (date(2026, 4, 30), date(2026, 5, 1))]

    assert [limit and limit.maximum for limit in limits] == [20.0, 10.0]


def test_a_daily_permit_figure_leaves_the_hour_limit_alone():
    registry = bound(CRUSHER, permits=[{"parameter": "a34013", "limit": 5.0, "averaging": "daily_mean"}])

    limits = [asked(registry, "a34013", period).limit for period in ("hour", "day")]

    assert [limit and limit.maximum for limit in limits] == [20.0, 5.0]


def test_a_permit_figure_is_for_the_oxygen_of_its_standard():
    boiler = ("GB 13271-2014", "coal boiler", "new")
    registry = bound(boiler, permits=[{"parameter": "a21026", "limit": 150.0, "averaging": "hour_mean"}])

    limit = asked(registry, "a21026").limit

    assert limit is not None
    assert (limit.maximum, limit.baseline_o2_pct) == (150.0, 9.0)


def test_a_site_without_a_binding_is_not_judged():
    assert asked(bound(), "a34013").reason is NotJudged.NO_BINDING


def test_a_binding_that_has_ended_does_not_bind():
    registry = bound(CRUSHER, effective_to=date(2026, 5, 31))

    decisions = [asked(registry, "a34013", day=day) for day in (date(2026, 5, 31), date(2026, 6, 1))]

    assert [decision.reason for decision in decisions] == [None, NotJudged.NO_BINDING]


@pytest.mark.parametrize(("temperature", "maximum"), [(12.0, 8.0), (12.1, 5.0), (12.000000000001, 8.0)])
def test_ammonia_is_limited_by_the_temperature_of_the_water(temperature, maximum):
    decision = asked(bound(TOWN, kind="effluent"), "w21003", "day", water_temperature=temperature)

    assert decision.limit is not None
    assert decision.limit.maximum == maximum


@pytest.mark.parametrize(
    ("binding", "parameter", "period"),
    [
        (TOWN, "w21003", "day"),  # temperature not known
        (TOWN, "w21011", "day"),  # year of building not known
        (("GB 13223-2011", "coal boiler", "new"), "a21002", "hour"),  # W-flame or not
        (("GB 13223-2011", "coal boiler", "new-GX/CQ/SC/GZ"), "a21026", "hour"),  # the figure is only recalled
    ],
)
def test_what_the_data_can_not_decide_is_not_judged(binding, parameter, period):
    kind = "effluent" if parameter.startswith("w") else "stack"

    assert asked(bound(binding, kind=kind), parameter, period).reason is NotJudged.CONDITION_UNDECIDED


@pytest.mark.parametrize(
    ("binding", "parameter", "period", "rule", "maximum"),
    [
        (TOWN, "w21011", "day", "GB18918-2002-035", 1.0),
        (("GB 13223-2011", "coal boiler", "new"), "a21002", "hour", "GB13223-2011-009", 100.0),
        (("GB 13223-2011", "coal boiler", "new-GX/CQ/SC/GZ"), "a21026", "hour", "GB13223-2011-008", 200.0),
    ],
)
def test_a_binding_can_name_the_row_itself(binding, parameter, period, rule, maximum):
    kind = "effluent" if parameter.startswith("w") else "stack"

    limit = asked(bound(binding, kind=kind, conditions=[rule]), parameter, period).limit

    assert limit is not None
    assert (limit.rule_id, limit.maximum) == (rule, maximum)


def test_equal_figures_need_no_choice():
    limit = asked(bound((*TOWN[:2], "2"), kind="effluent"), "w21011", "day").limit

    assert limit is not None
    assert limit.maximum == 3.0


def test_rows_for_all_apply_to_every_variant():
    limit = asked(bound(TOWN, kind="effluent"), "w01001", "day").limit

    assert limit is not None
    assert (limit.minimum, limit.maximum) == (6.0, 9.0)


def test_of_two_bindings_the_stricter_holds():
    boiler = ("GB 13223-2011", "coal boiler", "existing")
    ultra_low = ("ULE-coal-power (2014 plan; HuanFa 2015-164)", "coal power", "ultra-low")

    limit = asked(bound(boiler, ultra_low), "a21026-Zs").limit

    assert limit is not None
    assert (limit.maximum, limit.baseline_o2_pct) == (35.0, 6.0)


def test_a_limit_is_given_in_the_unit_of_the_means():
    limit = asked(bound(TOWN, kind="effluent"), "w20111", "day").limit  # total mercury: 0.001 mg/L, sent in µg/L

    assert limit is not None
    assert limit.maximum == pytest.approx(1.0)
    assert limit.unit == "ug/L"


def test_every_condition_of_the_table_is_classed():
    known = {row["condition"] for row in rows_of("limit_selectors")} | {""}

    assert {row["condition"] for row in rows_of("emission_limits")} == known
    assert len(rules()) == 264

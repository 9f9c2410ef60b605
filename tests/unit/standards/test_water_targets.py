"""Which class a binding asks of surface water, and the limits that follow (GB 3838-2002 table 1, facts.md 5.3)."""

from datetime import date

import pytest

from schemas.registry import Registry
from schemas.times import date_us
from standards.limits import limits_for
from standards.registration import problems_of

BINDING = {"site": "s", "standard": "GB 3838-2002", "effective_from": "2021-01-01", "reason": "target"}


def water(category: str = "river", variant: str = "Ⅲ", **more: str) -> Registry:
    binding = BINDING | {"category": category, "variant": variant} | more
    return Registry.from_tables({"site": [{"id": "s", "kind": "surface_water"}], "binding": [binding]})


def limit(registry: Registry, code: str, period: str = "hour", day: str = "2026-03-10"):
    return limits_for(registry, "s", code, period, date_us(date.fromisoformat(day)))


@pytest.mark.parametrize(
    ("category", "variant", "code", "low", "high"),
    [
        ("river", "Ⅲ", "w21003", None, 1.0),
        ("river", "III", "w21011", None, 0.2),
        ("lake", "Ⅲ", "w21011", None, 0.05),
        ("river", "Ⅱ", "w01009", 6.0, None),
        ("river", "Ⅰ", "w01001", 6.0, 9.0),
        ("lake", "Ⅳ", "w21001", None, 1.5),
        ("river", "Ⅲ", "w20142", None, 0.1),  # mercury: 0.0001 mg/L, stated in µg/L
    ],
)
def test_limits_are_those_of_the_class(category, variant, code, low, high) -> None:
    found = limit(water(category, variant), code).limit

    assert (found.minimum, found.maximum) == (low, pytest.approx(high) if high else None)


def test_rivers_have_no_limit_for_nitrogen_and_nothing_has_one_for_a_day() -> None:
    assert limit(water(), "w21001").limit is None
    assert limit(water(), "w21003", "day").limit is None


def test_before_its_first_day_a_target_does_not_bind() -> None:
    assert limit(water(), "w21003", day="2020-12-31").reason == "no_binding"


def test_an_unknown_class_or_water_body_is_refused() -> None:
    told = " ".join(problems_of(water("pond", "Ⅶ")))

    assert "category: 'pond' is none of river, lake" in told
    assert "variant: 'Ⅶ' is no class" in told

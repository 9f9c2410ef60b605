"""Which days of which sites another registry touches."""

from datetime import date
from typing import Any

import pytest

from schemas.registry import Registry
from schemas.times import DAY_US, date_us
from standards.changes import ALWAYS, changed_days

CRUSHER: dict[str, Any] = {
    "site": "crusher", "standard": "GB 4915-2013", "category": "crusher, mill, packing and other vented equipment",
    "variant": "general", "effective_from": "2020-01-01", "reason": "permit of 2020",
}  # fmt: skip
PERMIT: dict[str, Any] = {
    "site": "crusher", "parameter": "a34013", "limit": 10.0, "averaging": "hour_mean", "effective_from": "2026-03-01",
}  # fmt: skip


def registry(binding: dict[str, Any] = CRUSHER, permits: tuple[dict[str, Any], ...] = (), **more: Any) -> Registry:
    sites = [{"id": "crusher", "kind": "stack"}, {"id": "other", "kind": "stack"}]
    return Registry.from_tables({"site": sites, "binding": [binding], "permit": list(permits)} | more)


def day(text: str) -> int:
    return date_us(date.fromisoformat(text))


def test_the_same_registry_changes_nothing() -> None:
    assert changed_days(registry(), registry()) == {}


def test_a_new_permit_touches_its_site_from_its_first_day_on() -> None:
    found = changed_days(registry(), registry(permits=(PERMIT,)))

    assert found == {"crusher": [(day("2026-03-01"), ALWAYS[1])]}


def test_a_permit_of_some_days_touches_these() -> None:
    ended = PERMIT | {"effective_to": "2026-03-03"}

    found = changed_days(registry(), registry(permits=(ended,)))

    assert found == {"crusher": [(day("2026-03-01"), day("2026-03-04"))]}


def test_an_earlier_end_touches_only_what_comes_after_it() -> None:
    ended = PERMIT | {"effective_to": "2026-03-03"}

    found = changed_days(registry(permits=(PERMIT,)), registry(permits=(ended,)))

    assert found == {"crusher": [(day("2026-03-04"), ALWAYS[1])]}


def test_a_binding_of_another_first_day_is_another_binding() -> None:
    """Its id, which verdicts name, holds the first day."""
    found = changed_days(registry(), registry(CRUSHER | {"effective_from": "2021-01-01"}))

    assert found == {"crusher": [(day("2020-01-01"), ALWAYS[1])]}


def test_two_changes_far_apart_leave_what_lies_between() -> None:
    months = [PERMIT | {"effective_from": f"2026-0{m}-01", "effective_to": f"2026-0{m}-28"} for m in (1, 3)]

    found = changed_days(registry(), registry(permits=tuple(months)))

    assert found == {"crusher": [(day(f"2026-0{m}-01"), day(f"2026-0{m}-28") + DAY_US) for m in (1, 3)]}


@pytest.mark.parametrize("more", [{"reason": "a better one"}, {"warn_at_pct": 90.0}])
def test_what_no_verdict_depends_on_touches_nothing(more: dict[str, Any]) -> None:
    assert changed_days(registry(), registry(CRUSHER | more)) == {}


@pytest.mark.parametrize("more", [{"min_valid_minutes": 30}, {"min_valid_hours": 18}])
def test_another_validity_touches_all_the_site_has(more: dict[str, Any]) -> None:
    assert changed_days(registry(), registry(CRUSHER | more)) == {"crusher": [ALWAYS]}


def test_a_yearly_amount_touches_no_verdict() -> None:
    amount = PERMIT | {"annual_t": 5.0}

    assert changed_days(registry(permits=(PERMIT,)), registry(permits=(amount,))) == {}


def test_a_site_of_another_kind_is_touched_always() -> None:
    sites = [{"id": "crusher", "kind": "effluent"}, {"id": "other", "kind": "stack"}]

    assert changed_days(registry(), registry(site=sites)) == {"crusher": [ALWAYS]}


def test_a_channel_stated_in_another_state_of_the_gas_touches_all_the_site_has() -> None:
    wet = [{"site": "crusher", "parameter": "a34013", "unit": "mg/m3", "state": "actual_wet"}]

    assert changed_days(registry(), registry(channel=wet)) == {"crusher": [ALWAYS]}


def test_the_index_of_a_city_touches_its_stations() -> None:
    station = [{"id": "station", "kind": "ambient_air", "city": "220100"}]
    aqi = {
        "city": "220100",
        "aqi": "hj633-2012",
        "effective_from": "2026-03-01",
        "effective_to": "2026-03-31",
        "reason": "x",
    }

    found = changed_days(
        Registry.from_tables({"site": station}), Registry.from_tables({"site": station, "binding": [aqi]})
    )

    assert found == {"station": [(day("2026-03-01"), day("2026-04-01"))]}


def test_a_site_that_left_the_registry_keeps_its_history() -> None:
    assert changed_days(registry(), Registry.from_tables({"site": [{"id": "other", "kind": "stack"}]})) == {}

"""Until when marks may be entered, and what they take out: facts.md 6.4 (污染物排放自动监测设备标记规则), worked by hand."""

from datetime import datetime

import pytest

from schemas.marks import Mark, MarkKind, MarkStatus, mark_id_of
from schemas.registry import Registry
from schemas.times import HOUR_US, local_us
from standards.marks import first_markable, is_late, left_out, mark_rules, rule_for, span_in_time
from standards.tables import rows_of

POWER = {"standard": "GB 13223-2011", "category": "coal boiler", "variant": "new"}
BOILER = {"standard": "GB 13271-2014", "category": "coal boiler", "variant": "new"}
WASTE = {"standard": "GB 18485-2014", "category": "municipal waste incinerator", "variant": "all"}


def at(text: str) -> int:
    """Return a China Standard Time such as `03-10 08:00` of 2026."""
    return local_us(datetime.fromisoformat(f"2026-{text}"))


def registry(binding: dict[str, str] | None = None, industry: str = "") -> Registry:
    bound = [binding | {"site": "s", "effective_from": "2020-01-01", "reason": "permit"}] if binding else []
    site = {"id": "s", "kind": "stack", "organisation": "o"}
    return Registry.from_tables({"organisation": [{"id": "o", "industry": industry}], "site": [site], "binding": bound})


def mark(start: str, end: str, kind: str = "fault", entered: str = "03-10 20:00", **more: object) -> Mark:
    first, last, when = at(start), at(end), at(entered)
    mark_id = mark_id_of("s", (), MarkKind(kind), first, last, "op", when)
    fixed = {"mark_id": mark_id, "site_id": "s", "kind": kind, "start": first, "end": last, "entered_by": "op"}
    return Mark(**fixed | {"entered_at": when, "recorded_at": when} | more)


def spans(found: list) -> list[tuple[int, int]]:
    return [(part.start, part.end) for part in found]


@pytest.mark.parametrize(
    ("entered", "first"),
    [
        ("03-11 11:59:59", "03-10 00:00"),
        ("03-11 12:00:00", "03-10 00:00"),
        ("03-11 12:00:01", "03-11 00:00"),
        ("03-11 23:59:59", "03-11 00:00"),
        ("03-12 00:00:00", "03-11 00:00"),
    ],
)
def test_a_day_may_be_marked_until_noon_of_the_next(entered: str, first: str) -> None:
    assert first_markable(at(entered)) == at(first)


def test_of_a_mark_over_midnight_each_day_has_its_own_deadline() -> None:
    over = mark("03-10 23:40", "03-11 00:20", entered="03-11 13:00")

    assert is_late(over)
    assert span_in_time(over) == (at("03-11 00:00"), at("03-11 00:20"))


def test_a_mark_that_is_late_as_a_whole_takes_nothing_out() -> None:
    assert left_out(registry(), [mark("03-10 08:00", "03-10 09:00", entered="03-11 12:10")]) == []


@pytest.mark.parametrize("status", [MarkStatus.REJECTED, MarkStatus.WITHDRAWN])
def test_a_mark_that_does_not_stand_takes_nothing_out(status: MarkStatus) -> None:
    assert left_out(registry(), [mark("03-10 08:00", "03-10 09:00", status=status)]) == []


def test_a_device_mark_has_no_time_limit() -> None:
    found = left_out(registry(POWER), [mark("03-10 00:00", "03-10 18:00", "stopped")])

    assert spans(found) == [(at("03-10 00:00"), at("03-10 18:00"))]


@pytest.mark.parametrize(
    ("binding", "industry", "kind", "variant", "hours"),
    [
        (BOILER, "", "start_up", "cold", 4),
        (BOILER, "", "start_up", "hot", 2),
        (BOILER, "", "start_up", "", 4),
        (BOILER, "", "shut_down", "", 1),
        (POWER, "", "start_up", "", 4),
        (POWER, "", "shut_down", "", 1),
        (None, "水泥", "start_up", "cold", 36),
        (None, "cement", "start_up", "hot", 8),
        (None, "Cement", "shut_down", "", 8),
        (None, "烧结", "start_up", "", 8),
        (None, "ceramics", "start_up", "", 4),
        (None, "ceramics", "shut_down", "", 2),
    ],
)
def test_time_limits_are_those_of_the_industry(binding, industry, kind, variant, hours) -> None:
    rule = rule_for(registry(binding, industry), mark("03-10 00:00", "03-10 01:00", kind, variant=variant))

    assert rule is not None
    assert rule.limit_us == hours * HOUR_US


def test_a_condition_without_a_known_limit_takes_nothing_out() -> None:
    assert left_out(registry(industry="tannery"), [mark("03-10 00:00", "03-10 01:00", "start_up")]) == []


def test_only_nox_is_free_while_a_coal_boiler_starts() -> None:
    (part,) = left_out(registry(BOILER), [mark("03-10 00:00", "03-10 03:00", "start_up")])

    assert part.covers("a21002")
    assert part.covers("a21002-Zs")
    assert not part.covers("a21026")


def test_a_condition_is_left_out_up_to_its_limit() -> None:
    found = left_out(registry(POWER), [mark("03-10 00:10", "03-10 06:00", "start_up")])

    assert spans(found) == [(at("03-10 00:10"), at("03-10 04:10"))]


def test_marks_of_one_kind_that_touch_share_their_limit_in_any_order() -> None:
    first, second = mark("03-10 00:00", "03-10 03:00", "start_up"), mark("03-10 03:00", "03-10 06:00", "start_up")

    found = left_out(registry(POWER), [second, first])

    assert spans(found) == [(at("03-10 00:00"), at("03-10 03:00")), (at("03-10 03:00"), at("03-10 04:00"))]
    assert found == left_out(registry(POWER), [first, second])


def test_a_limit_runs_from_the_start_of_the_run_though_its_first_day_was_marked_too_late() -> None:
    late = mark("03-09 22:00", "03-10 03:00", "start_up", entered="03-10 12:30")

    assert spans(left_out(registry(POWER), [late])) == [(at("03-10 00:00"), at("03-10 02:00"))]


def test_starts_and_stops_of_an_incinerator_share_60_hours_a_year() -> None:
    start = mark("01-05 00:00", "01-07 00:00", "start_up", entered="01-05 01:00")
    stop = mark("03-10 00:00", "03-10 20:00", "shut_down")

    found = left_out(registry(WASTE), [start, stop])

    assert spans(found) == [(at("01-05 00:00"), at("01-07 00:00")), (at("03-10 00:00"), at("03-10 12:00"))]


def test_every_rule_has_a_source_and_a_confidence_and_every_kind_but_low_load_a_rule() -> None:
    rows = rows_of("mark_rules")

    assert all(row["source"] and row["confidence"] for row in rows)
    assert {rule.kind for rule in mark_rules()} == set(MarkKind) - {MarkKind.LOW_LOAD}

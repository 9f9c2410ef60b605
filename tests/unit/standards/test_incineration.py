"""60 h of start-up, shut-down and faults per furnace and natural year (GB 18484-2020 7.2.3, facts.md 6.5)."""

from datetime import datetime

import pytest

from schemas.marks import Mark, MarkKind, MarkStatus, mark_id_of
from schemas.registry import Registry
from schemas.times import HOUR_US, local_us
from standards.incineration import downtime_us, is_incinerator, year_of

BINDING = {
    "standard": "GB 18485-2014",
    "category": "municipal waste incinerator",
    "effective_from": "2020-01-01",
    "reason": "r",
}
PLANT = Registry.from_tables(
    {
        "site": [
            {"id": "furnace", "kind": "furnace"},
            {"id": "stack", "kind": "stack"},
            {"id": "kiln", "kind": "stack"},
        ],
        "binding": [BINDING | {"site": "furnace", "variant": "all"}, BINDING | {"site": "stack", "variant": "all"}],
    }
)


def at(text: str) -> int:
    return local_us(datetime.fromisoformat(text))


def mark(kind: str, start: str, end: str, site: str = "furnace", **more) -> Mark:
    span = at(start), at(end)
    made = mark_id_of(site, (), MarkKind(kind), *span, "o", span[1])
    times = {"start": span[0], "end": span[1], "entered_at": span[1], "recorded_at": span[1]}
    return Mark(mark_id=made, site_id=site, kind=MarkKind(kind), entered_by="o", **times | more)


def hours(*marks: Mark, site: str = "furnace", year: str = "2026-06-01") -> float:
    return downtime_us(PLANT, site, marks, year_of(at(year))) / HOUR_US


def test_what_overlaps_counts_once() -> None:
    """10:00-20:00 and 18:00-22:00: 12 h."""
    shut = mark("shut_down", "2026-03-01T10:00", "2026-03-01T20:00")
    fault = mark("fault", "2026-03-01T18:00", "2026-03-01T22:00")

    assert hours(shut, fault) == 12.0


def test_a_run_over_new_year_is_shared_between_the_years() -> None:
    """31 December 20:00 to 1 January 03:00: 4 h and 3 h."""
    start_up = mark("start_up", "2025-12-31T20:00", "2026-01-01T03:00")

    assert hours(start_up, year="2025-06-01") == 4.0
    assert hours(start_up) == 3.0


@pytest.mark.parametrize("kind", ["calibration", "maintenance", "stopped", "low_load"])
def test_other_marks_do_not_count(kind: str) -> None:
    assert hours(mark(kind, "2026-03-01T10:00", "2026-03-01T20:00")) == 0.0


def test_a_fault_of_the_stacks_monitor_does_not_count() -> None:
    fault = mark("fault", "2026-03-01T10:00", "2026-03-01T20:00", "stack")
    start_up = mark("start_up", "2026-03-02T10:00", "2026-03-02T15:00", "stack")

    assert hours(fault, start_up, site="stack") == 5.0


def test_a_rejected_mark_does_not_count() -> None:
    rejected = mark("fault", "2026-03-01T10:00", "2026-03-01T20:00", status=MarkStatus.REJECTED)

    assert hours(rejected) == 0.0


def test_only_sites_of_waste_incinerators_have_the_limit() -> None:
    assert [site for site in ("furnace", "stack", "kiln") if is_incinerator(PLANT, site)] == ["furnace", "stack"]

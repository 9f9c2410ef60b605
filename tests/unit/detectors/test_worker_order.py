"""Arrival order, duplicates, batch boundaries, crashes and the moment of marks never change the final means and verdicts."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors import touched_hours
from schemas.codes import Kind
from schemas.registry import Registry
from schemas.times import MINUTE_US
from tests.unit.detectors.conftest import CRUSHER, at

HOURS = ("03-10 22:00", "03-10 23:00", "03-11 00:00")
BLOCKS = [(hour, quarter, value) for hour, value in zip(HOURS, (15.0, 31.0, 22.5), strict=True) for quarter in range(4)]
MARKS = (
    ("03-10 23:10", "03-10 23:30", "03-11 09:00", "fault"),
    ("03-10 23:20", "03-10 23:35", "03-11 09:00", "calibration"),
    ("03-10 22:50", "03-10 23:05", "03-11 11:00", "maintenance"),
    ("03-10 22:00", "03-10 22:30", "03-11 12:30", "fault"),
    ("03-11 00:05", "03-11 01:00", "03-11 12:30", "start_up"),
)
"""Two that overlap, one over two hours, one too late, a condition."""


PERMIT = {"site": "crusher", "parameter": "a34013", "averaging": "hour_mean", "effective_from": "2026-03-11"}
REGISTRIES = [Registry.from_tables(CRUSHER | {"permit": [PERMIT | {"limit": limit}]}) for limit in (22.0, 40.0, 25.0)]
"""A permit of the second day, corrected twice: the last one counts, and its hour of 24 meets it."""


def played(fresh_bench, blocks, crashes=(), ticks=(), marks=(), registries=()):
    """Return the final means and verdicts after blocks of 15 minutes, with ticks, crashes, marks and registries between them.

    `marks` and `registries` say before which block each is entered; those beyond the end come after everything was judged.
    """
    bench = fresh_bench()
    versions = list(zip(REGISTRIES, sorted(registries), strict=False))
    for number, (hour, quarter, value) in enumerate(blocks):
        for mark, _ in filter(lambda entry: entry[1] == number, zip(MARKS, marks, strict=False)):
            bench.mark(*mark)
        for registry, _ in filter(lambda entry: entry[1] == number, versions):
            bench.store.import_registry(registry, "test", 0)
        bench.minutes(f"{hour[:-2]}{quarter * 15:02}", 15, value + quarter, received="03-11 02:00")
        if number in ticks:
            bench.tick("03-11 02:00")
        if number in crashes:
            bench.run()
            bench.crash()
    for tick in ("03-12 00:10", "03-12 00:11", "03-12 00:12", "03-12 00:13"):
        bench.tick(tick)
    bench.run()
    for mark, _ in filter(lambda entry: entry[1] >= len(blocks), zip(MARKS, marks, strict=False)):
        bench.mark(*mark)
        bench.run()
    for registry, _ in filter(lambda entry: entry[1] >= len(blocks), versions):
        bench.store.import_registry(registry, "test", 0)
    for tick in ("03-12 00:14", "03-12 00:15"):
        bench.tick(tick)
    bench.run()
    return bench.final()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    blocks=st.permutations(BLOCKS).flatmap(
        lambda p: st.lists(st.sampled_from(BLOCKS), max_size=3).map(lambda more: [*p, *more])
    ),
    crashes=st.sets(st.integers(0, 14), max_size=3),
    ticks=st.sets(st.integers(0, 14), max_size=4),
)
def test_any_order_gives_the_same_final_results(fresh_bench, blocks, crashes, ticks) -> None:
    assert played(fresh_bench, blocks, crashes, ticks) == played(fresh_bench, BLOCKS)


def test_every_hour_of_the_undisturbed_run_is_judged(fresh_bench) -> None:
    outcomes = {start: outcome for period, start, outcome, _ in played(fresh_bench, BLOCKS)["verdicts"] if period == 0}

    assert len(outcomes) == len(HOURS)
    assert set(outcomes.values()) == {"met", "exceeded"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    blocks=st.permutations(BLOCKS),
    crashes=st.sets(st.integers(0, 11), max_size=3),
    ticks=st.sets(st.integers(0, 11), max_size=4),
    marks=st.lists(st.integers(0, 13), min_size=len(MARKS), max_size=len(MARKS)),
)
def test_marks_and_data_in_any_order_give_the_same_final_results(fresh_bench, blocks, crashes, ticks, marks) -> None:
    in_time_of_entry = played(fresh_bench, BLOCKS, marks=[len(BLOCKS)] * len(MARKS))

    assert played(fresh_bench, blocks, crashes, ticks, marks) == in_time_of_entry


def test_marks_make_a_difference(fresh_bench) -> None:
    found = played(fresh_bench, BLOCKS, marks=[0] * len(MARKS))

    outcomes = {start: outcome for period, start, outcome, _ in found["verdicts"] if period == 0}
    assert "not_judged" in outcomes.values()
    assert found != played(fresh_bench, BLOCKS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    blocks=st.permutations(BLOCKS),
    crashes=st.sets(st.integers(0, 11), max_size=3),
    ticks=st.sets(st.integers(0, 11), max_size=4),
    marks=st.lists(st.integers(0, 13), min_size=len(MARKS), max_size=len(MARKS)),
    registries=st.lists(st.integers(0, 13), min_size=len(REGISTRIES), max_size=len(REGISTRIES)),
)
def test_registries_marks_and_data_in_any_order_give_the_same_final_results(
    fresh_bench, blocks, crashes, ticks, marks, registries
) -> None:
    all_at_first = played(fresh_bench, BLOCKS, marks=[0] * len(MARKS), registries=[0] * len(REGISTRIES))

    assert played(fresh_bench, blocks, crashes, ticks, marks, registries) == all_at_first


def test_the_last_registry_makes_a_difference(fresh_bench) -> None:
    found = played(fresh_bench, BLOCKS, registries=[13] * len(REGISTRIES))

    assert found == played(fresh_bench, BLOCKS, registries=[0] * len(REGISTRIES))
    assert found["means"] == played(fresh_bench, BLOCKS)["means"]
    assert found["verdicts"] != played(fresh_bench, BLOCKS)["verdicts"]


SITES = ("crusher", "mill", "packer")


def after_an_outage(fresh_bench):
    """Return a bench whose three sites have two hours of which all but the first quarter came when they were closed."""
    kinds = {
        "site": [{"id": site, "kind": "stack"} for site in SITES],
        "binding": [CRUSHER["binding"][0] | {"site": site} for site in SITES],
        "device": [{"id": f"mn-{site}", "sites": [site]} for site in SITES],
    }
    bench = fresh_bench(kinds)
    for first, received in ((0, "03-10 09:00"), (15, "03-10 11:00")):
        for number, site in enumerate(SITES):
            for hour in ("03-10 08:00", "03-10 09:00"):
                minutes = range(15, 60) if first else range(15)
                rows = [(at(hour) + m * MINUTE_US, 15.0 + 6 * number, "N") for m in minutes]
                bench.say(Kind.MINUTE, rows, received=at(received), device=f"mn-{site}", site=site)
        bench.tick("03-10 10:30" if not first else "03-10 11:01")
    for tick in ("03-10 11:02", "03-10 11:03", "03-10 11:04", "03-10 11:05"):
        bench.tick(tick)
    bench.run()
    return bench


def test_what_is_judged_again_slice_by_slice_is_what_it_would_be_at_once(
    fresh_bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = after_an_outage(fresh_bench)
    monkeypatch.setattr(touched_hours, "SITE_HOURS_AT_ONCE", 1)
    in_slices = after_an_outage(fresh_bench)

    assert in_slices.final() == at_once.final()
    assert sorted(outcome for _, _, outcome, _ in at_once.final()["verdicts"]) == ["exceeded"] * 4 + ["met"] * 2
    assert in_slices.store.tables.rejudge == {}

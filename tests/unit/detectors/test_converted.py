"""Converted values against what the device measured: two orders of averaging, 2 %, the guard, late data (facts.md 6.2)."""

import pytest

from schemas.codes import FindingStatus, Kind
from schemas.events import Finding
from schemas.times import HOUR_US, MINUTE_US

BOILER = {
    "site": [{"id": "crusher", "kind": "stack"}],
    "binding": [
        {
            "site": "crusher",
            "standard": "GB 13271-2014",
            "category": "coal boiler",
            "variant": "new",
            "effective_from": "2015-01-01",
            "reason": "built 2015",
        }
    ],
    "device": [{"id": "mn", "sites": ["crusher"]}],
}
T = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""


@pytest.fixture
def boiler(fresh_bench):
    """Return a worker that knows one coal boiler: SO2 300 at 9 % O2."""
    return fresh_bench(BOILER)


def say(bench, told: float, *, so2: float = 100.0, o2: float = 15.0, first: int = 0, count: int = 60, **more) -> None:
    """Say minutes of measured and converted SO2 and of oxygen."""
    start = T + first * MINUTE_US
    more = {"received": start + count * MINUTE_US} | more
    for parameter, value in (("a21026", so2), ("a21026-Zs", told), ("a19001", o2)):
        rows = [(start + i * MINUTE_US, value, "N") for i in range(count)]
        bench.say(Kind.MINUTE, rows, parameter=parameter, **more)


def found(bench) -> list[Finding]:
    """Return the findings about converted values as they stand."""
    every = [Finding.model_validate_json(row.payload) for row in bench.store.tables.finding.values()]
    return [finding for finding in every if finding.kind == "converted_mismatch"]


@pytest.mark.parametrize(("told", "honest"), [(196.0, True), (204.0, True), (195.9, False), (204.1, False)])
def test_two_per_cent_off_is_honest_and_more_is_not(boiler, told, honest) -> None:
    # 100 x (21 - 9) / (21 - 15) = 200
    say(boiler, told)
    boiler.tick("03-10 09:00")
    boiler.run()

    assert (found(boiler) == []) is honest


def test_a_mismatch_names_all_figures(boiler) -> None:
    say(boiler, 100.0)
    boiler.tick("03-10 09:00")
    boiler.run()

    detail = found(boiler)[0].detail
    assert [detail[k] for k in ("told", "converted_mean", "mean_of_converted", "off_pct", "measured", "baseline_o2_pct")] == [
        100.0, 200.0, 200.0, -50.0, 100.0, 9.0,
    ]  # fmt: skip


def test_rounding_near_nothing_is_no_mismatch(boiler) -> None:
    # 0.10 measured is 0.20 converted; 0.25 differs by 0.05, less than a thousandth of the limit of 300
    say(boiler, 0.25, so2=0.1)
    boiler.tick("03-10 09:00")
    boiler.run()

    assert found(boiler) == []


def test_late_data_that_mend_the_hour_withdraw(boiler) -> None:
    say(boiler, 190.0, count=47)
    boiler.tick("03-10 09:10")
    boiler.run()
    assert [f.status for f in found(boiler)] == [FindingStatus.RAISED]

    say(boiler, 236.0, first=47, count=13, received=T + 2 * HOUR_US)
    boiler.tick("03-10 10:00")
    boiler.run()

    assert [f.status for f in found(boiler)] == [FindingStatus.WITHDRAWN]


def test_late_data_that_spoil_the_hour_raise_even_after_a_crash(boiler) -> None:
    say(boiler, 200.0, count=47)
    boiler.tick("03-10 09:10")
    boiler.run()
    boiler.crash()

    say(boiler, 300.0, first=47, count=13, received=T + 2 * HOUR_US)
    boiler.tick("03-10 10:00")
    boiler.run()

    assert [(f.status, f.detail["off_pct"]) for f in found(boiler)] == [(FindingStatus.RAISED, pytest.approx(65 / 6))]


def test_without_a_baseline_nothing_is_compared(fresh_bench) -> None:
    bench = fresh_bench(BOILER | {"binding": []})
    say(bench, 999.0)
    bench.tick("03-10 09:00")
    bench.run()

    assert found(bench) == []

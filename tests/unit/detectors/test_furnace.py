"""Furnaces that are too cold: five-minute means, natural days, late data, crashes (MEE Order 10, facts.md 6.5)."""

import itertools

import numpy as np
import pytest

from detectors.furnace import five_minute_means
from schemas.codes import FindingStatus, Kind
from schemas.columns import Readings
from schemas.events import Finding
from schemas.times import MINUTE_US, SECOND_US
from standards.furnace import furnace_rule

FURNACE = {
    "site": [{"id": "crusher", "kind": "furnace"}],
    "binding": [
        {
            "site": "crusher",
            "standard": "GB 18485-2014",
            "category": "municipal waste incinerator",
            "variant": "normal operation",
            "effective_from": "2020-01-01",
            "reason": "line 1",
        }
    ],
    "device": [{"id": "mn", "sites": ["crusher"]}],
}
FIVE_US = 5 * MINUTE_US
T = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""


@pytest.fixture
def furnace(fresh_bench):
    """Return a worker that knows one furnace."""
    return fresh_bench(FURNACE)


def cold(bench, start: int, count: int, value: float = 800.0, received: int | None = None, **more) -> None:
    """Say so many five-minute means from `start` on."""
    rows = [(start + i * FIVE_US, value, "N") for i in range(count)]
    bench.say(Kind.FIVE_MINUTE, rows, received=received or rows[-1][0] + FIVE_US, parameter="a01901", **more)


def told(bench) -> list[Finding]:
    """Return the findings about furnaces as they stand."""
    found = [Finding.model_validate_json(row.payload) for row in bench.store.tables.finding.values()]
    return [finding for finding in found if finding.kind == "furnace_temperature"]


def readings(kind: Kind, *rows: tuple[int, float, str], sent_at: int = 0) -> Readings:
    """Return readings from (second after 08:00, value, flag)."""
    n = len(rows)
    return Readings.of(
        series=[1] * n, kind=[kind] * n, observed_at=[T + s * SECOND_US for s, _, _ in rows], value=[v for _, v, _ in rows],
        flag=[ord(f) for _, _, f in rows], sent_at=[sent_at] * n, sha8=range(n),
    )  # fmt: skip


def means(*parts: Readings) -> list[float]:
    return five_minute_means(Readings.concat(list(parts))).mean.tolist()


def test_the_devices_own_five_minute_mean_goes_before_its_minutes() -> None:
    minutes = readings(Kind.MINUTE, *((60 * i, 900.0, "N") for i in range(5)))

    assert means(minutes, readings(Kind.FIVE_MINUTE, (0, 840.0, "N"))) == [840.0]


def test_four_valid_minutes_make_a_mean_and_three_do_not() -> None:
    four = readings(Kind.MINUTE, *((60 * i, 840.0, "C" if i == 0 else "N") for i in range(5)))
    three = readings(Kind.MINUTE, *((300 + 60 * i, 840.0, "N") for i in range(3)))

    np.testing.assert_equal(means(four, three), [840.0, np.nan])


def test_realtime_values_count_by_the_minutes_that_have_any() -> None:
    two_minutes = readings(Kind.REALTIME, *((i, 840.0, "N") for i in range(120)))
    four_minutes = readings(Kind.REALTIME, *((300 + 60 * i, 830.0 + 10 * i, "N") for i in range(4)))

    np.testing.assert_equal(means(two_minutes, four_minutes), [np.nan, 845.0])


def test_a_flagged_five_minute_mean_is_none_even_beside_good_minutes() -> None:
    minutes = readings(Kind.MINUTE, *((60 * i, 840.0, "N") for i in range(5)))

    np.testing.assert_equal(means(minutes, readings(Kind.FIVE_MINUTE, (0, 840.0, "M"))), [np.nan])


def test_the_reading_in_force_counts() -> None:
    first, second = readings(Kind.FIVE_MINUTE, (0, 840.0, "N")), readings(Kind.FIVE_MINUTE, (0, 860.0, "N"), sent_at=1)

    assert means(second, first) == [860.0]


def test_five_are_allowed_and_the_sixth_is_told(furnace) -> None:
    cold(furnace, T, 5)
    furnace.tick("03-10 08:26")
    furnace.run()
    assert told(furnace) == []

    cold(furnace, T + 5 * FIVE_US, 1)
    furnace.tick("03-10 08:31")
    furnace.run()

    detail = told(furnace)[0].detail
    assert (detail["count"], detail["first_at"], detail["sixth_at"]) == (6, T, T + 5 * FIVE_US)


def test_more_cold_means_change_the_count_of_the_same_finding(furnace) -> None:
    cold(furnace, T, 6)
    furnace.tick("03-10 08:31")
    cold(furnace, T + 6 * FIVE_US, 2)
    furnace.tick("03-10 08:41")
    furnace.run()

    assert [(f.status, f.detail["count"]) for f in told(furnace)] == [(FindingStatus.CHANGED, 8)]


@pytest.mark.parametrize("crashed", [False, True])
def test_a_crash_before_the_sixth_loses_no_count(furnace, crashed) -> None:
    cold(furnace, T, 5)
    furnace.tick("03-10 08:26")
    cold(furnace, T + 12 * FIVE_US, 1, 900.0)
    furnace.tick("03-10 09:06")
    furnace.run()
    if crashed:
        furnace.crash()

    cold(furnace, T + 13 * FIVE_US, 1)
    furnace.tick("03-10 09:11")
    furnace.run()

    assert [f.detail["count"] for f in told(furnace)] == [6]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_arrival_does_not_matter(furnace, order) -> None:
    parts = [(T, 3), (T + 12 * FIVE_US, 3), (T + 36 * FIVE_US, 3)]
    for n, part in enumerate(order):
        cold(furnace, *parts[part], received=T + (40 + n) * FIVE_US)
        furnace.tick(f"03-10 11:{30 + n}")
    for minute in range(40, 45):
        furnace.tick(f"03-10 11:{minute}")
    furnace.run()

    assert [(f.detail["count"], f.detail["sixth_at"]) for f in told(furnace)] == [(9, T + 14 * FIVE_US)]


def test_a_correction_after_a_crash_withdraws(furnace) -> None:
    cold(furnace, T, 6)
    furnace.tick("03-10 08:31")
    furnace.tick("03-10 09:15")
    furnace.run()
    furnace.crash()

    cold(furnace, T, 1, 900.0, received=T + 20 * FIVE_US, sent_at=T + 20 * FIVE_US)
    for minute in range(41, 45):
        furnace.tick(f"03-10 09:{minute}")
    furnace.run()

    assert [f.status for f in told(furnace)] == [FindingStatus.WITHDRAWN]


def test_each_standard_has_its_own_temperature(furnace) -> None:
    rule = furnace_rule(furnace.store.registry()[1], "crusher", T)

    assert rule is not None
    assert (rule.minimum_degc, rule.rule_id) == (850.0, "GB18485-2014-015")


def test_an_unbound_furnace_is_held_to_nothing(fresh_bench) -> None:
    bench = fresh_bench(FURNACE | {"binding": []})
    cold(bench, T, 12)
    bench.tick("03-10 09:01")
    bench.run()

    assert told(bench) == []

"""Early warning: what an open hour's mean is expected to be, when it is told, and that nothing is told twice."""

import numpy as np
import pytest

from detectors.directory import Directory
from detectors.projection import Outlook, outlook
from detectors.watched_limits import WatchedLimits
from schemas.codes import FindingStatus, Kind
from schemas.columns import Readings
from schemas.events import Finding
from schemas.registry import Registry
from store.memory import MemoryStore

BINDING = {
    "site": "crusher",
    "standard": "GB 4915-2013",
    "category": "crusher, mill, packing and other vented equipment",
    "variant": "general",
    "effective_from": "2020-01-01",
    "reason": "permit",
}
CRUSHER = {
    "site": [{"id": "crusher", "kind": "stack"}],
    "binding": [BINDING],
    "device": [{"id": "mn", "sites": ["crusher"]}],
}
ASKING = CRUSHER | {"binding": [BINDING | {"warn_at_pct": 90}]}
WATER = {
    "site": [{"id": "crusher", "kind": "effluent"}],
    "permit": [
        {
            "site": "crusher",
            "parameter": "w01018",
            "limit": 50,
            "averaging": "hour_mean",
            "effective_from": "2020-01-01",
        }
    ],
    "device": [{"id": "mn", "sites": ["crusher"]}],
}
T = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""


def told(bench) -> list[Finding]:
    """Return the warnings as they stand."""
    found = [Finding.model_validate_json(row.payload) for row in bench.store.tables.finding.values()]
    return [finding for finding in found if finding.kind == "early_warning"]


def readings(kind: Kind, values: list[float], series: int = 1, flags: str = "") -> Readings:
    """Return readings of consecutive periods from 08:00 on."""
    n, flags = len(values), flags.ljust(len(values), "N")
    return Readings.of(
        series=[series] * n, kind=[kind] * n, observed_at=[T + i * max(kind.length_s, 30) * 1_000_000 for i in range(n)],
        value=values, flag=[ord(flag) for flag in flags], sent_at=[0] * n, sha8=range(n),
    )  # fmt: skip


def expected(*parts: Readings, tables=CRUSHER, parameters=("a34013",)) -> Outlook:
    """Return the outlook of series 1 at a site with these parameters."""
    store = MemoryStore()
    store.import_registry(Registry.from_tables(tables), "test", 0)
    directory = Directory(store)
    directory.refresh()
    series = directory.channels([("crusher", parameter) for parameter in parameters])
    limits = WatchedLimits(directory).at(T)
    limits.meet(series)
    return outlook(Readings.concat(list(parts)), series[:1], T, limits, directory.validity())


def test_before_twenty_minutes_nothing_is_expected_of_the_rest() -> None:
    # 19 x 26 / 60 = 8.233
    assert expected(readings(Kind.MINUTE, [26.0] * 19)).projected[0] == pytest.approx(19 * 26 / 60)


def test_the_rest_is_the_lower_decile_of_the_last_twenty_minutes() -> None:
    # the last twenty: 3 x 10 and 17 x 30; index floor(0.1 x 19) = 1 of the sorted values: 10
    found = expected(readings(Kind.MINUTE, [30.0] * 7 + [10.0] * 3 + [30.0] * 17))

    assert (found.rest[0], found.projected[0]) == (10.0, pytest.approx((24 * 30 + 3 * 10 + 33 * 10) / 60))


def test_of_two_ten_minute_values_the_lower_is_expected() -> None:
    # (22 + 30 + 4 x 22) / 6
    assert expected(readings(Kind.TEN_MINUTE, [22.0, 30.0])).projected[0] == pytest.approx(140 / 6)


def test_flagged_samples_neither_count_nor_foretell() -> None:
    # 15 valid of 20 at 24: (15 x 24 + 40 x 24) / 55 = 24; 15 + 40 = 55 valid samples can be had: enough for 45
    found = expected(readings(Kind.MINUTE, [999.0] * 5 + [24.0] * 15, flags="C" * 5))

    assert (found.projected[0], found.samples[0], found.judgeable[0]) == (pytest.approx(24.0), 15, True)


def test_an_hour_that_cannot_have_45_valid_minutes_cannot_be_judged() -> None:
    assert not expected(readings(Kind.MINUTE, [24.0] * 30, flags="C" * 16)).judgeable[0]


def test_realtime_values_count_by_minutes() -> None:
    # two values a minute for twenty minutes
    found = expected(readings(Kind.REALTIME, [24.0] * 40))

    assert (found.samples[0], found.minutes_left[0], found.projected[0]) == (20, 40, pytest.approx(24.0))


def test_of_two_kinds_the_one_that_came_further_is_used() -> None:
    found = expected(readings(Kind.MINUTE, [1.0] * 10), readings(Kind.TEN_MINUTE, [24.0, 24.0]))

    assert (found.projected[0], found.minutes_left[0]) == (pytest.approx(24.0), 40)


def test_discharged_water_is_weighed_with_its_flow() -> None:
    # sum(C Q) / sum(Q) = (40 x 1 + 70 x 3) / 4 = 62.5 so far; the lower value, 40, for the other four: (2 x 62.5 + 4 x 40) / 6
    water, flow = readings(Kind.TEN_MINUTE, [40.0, 70.0]), readings(Kind.TEN_MINUTE, [1.0, 3.0], series=2)

    found = expected(water, flow, tables=WATER, parameters=("w01018", "w00000"))

    assert (found.so_far[0], found.projected[0]) == (62.5, pytest.approx(285 / 6))


def test_a_warning_names_its_figures(bench) -> None:
    bench.minutes("03-10 08:00", 20, 26.0)
    bench.tick("03-10 08:21")
    bench.run()

    detail = told(bench)[0].detail
    assert (detail["level"], detail["projected"], detail["limit_max"]) == ("over", 26.0, 20.0)
    assert (detail["minutes_left"], detail["rule"].rpartition("-")[0]) == (39, "GB4915-2013")


def test_what_is_certain_is_told_at_once(bench) -> None:
    # 4 x 301 = 1204 > 60 x 20, whatever comes
    bench.minutes("03-10 08:00", 4, 301.0)
    bench.tick("03-10 08:05")
    bench.run()

    assert told(bench)[0].status is FindingStatus.RAISED


@pytest.mark.parametrize("crashed", [False, True])
def test_a_warning_is_told_once_and_ends_with_the_hour(bench, crashed) -> None:
    for minute in range(0, 60, 10):
        bench.minutes(f"03-10 08:{minute:02}", 10, 26.0)
        bench.tick(f"03-10 08:{minute + 9:02}" if minute else "03-10 08:10")
        bench.run()
        if crashed:
            bench.crash()
    bench.tick("03-10 09:00")
    bench.run()

    events = [e.payload for e in bench.store.tables.outbox.values() if b'"early_warning"' in e.payload]
    assert [Finding.model_validate_json(e).status.value for e in events] == ["raised", "ended"]


def test_an_hour_that_is_over_is_not_warned_of(bench) -> None:
    bench.minutes("03-10 08:00", 59, 26.0, received="03-10 09:03")
    bench.tick("03-10 09:03")
    bench.run()

    assert told(bench) == []


def test_near_the_limit_only_those_are_warned_who_ask(fresh_bench) -> None:
    asking, other = fresh_bench(ASKING), fresh_bench(CRUSHER)
    for one in (asking, other):
        one.minutes("03-10 08:00", 20, 18.5)
        one.tick("03-10 08:20")
        one.run()

    assert ([f.detail["level"] for f in told(asking)], told(other)) == (["near"], [])


def test_a_mean_that_comes_near_and_then_over_is_one_warning(fresh_bench) -> None:
    bench = fresh_bench(ASKING)
    bench.minutes("03-10 08:00", 20, 18.5)
    bench.tick("03-10 08:20")
    bench.minutes("03-10 08:20", 20, 30.0)
    bench.tick("03-10 08:40")
    bench.run()

    assert [(f.status, f.detail["level"]) for f in told(bench)] == [(FindingStatus.CHANGED, "over")]


def test_exactly_at_the_limit_nobody_is_warned(bench) -> None:
    bench.minutes("03-10 08:00", 30, 20.0)
    bench.tick("03-10 08:30")
    bench.run()

    assert told(bench) == []


def test_two_loggers_of_one_site_are_not_guessed_at(two_loggers) -> None:
    two_loggers.minutes("03-10 08:00", 30, 26.0)
    two_loggers.tick("03-10 08:30")
    two_loggers.run()

    assert told(two_loggers) == []


def test_nothing_is_remembered_of_hours_that_are_closed(bench) -> None:
    for hour in range(8, 20):
        bench.minutes(f"03-10 {hour:02}:00", 30, 26.0)
        bench.tick(f"03-10 {hour:02}:30")
        bench.minutes(f"03-10 {hour:02}:30", 30, 26.0)
        bench.tick(f"03-10 {hour + 1:02}:00")
    bench.run()

    (partition,) = bench.worker._partitions.values()
    assert (len(told(bench)), partition.warnings.remembered) == (12, 0)


def test_the_outlook_of_many_series_is_that_of_each_alone() -> None:
    rng = np.random.default_rng(4)
    values = rng.uniform(10, 30, size=(3, 25))
    alone = [expected(readings(Kind.MINUTE, row.tolist())).projected[0] for row in values]
    names = ("a34013", "a21026", "a21002")
    parts = [readings(Kind.MINUTE, row.tolist(), series=i + 1) for i, row in enumerate(values)]

    store = MemoryStore()
    store.import_registry(Registry.from_tables(CRUSHER), "test", 0)
    directory = Directory(store)
    directory.refresh()
    series = directory.channels([("crusher", name) for name in names])
    found = outlook(Readings.concat(parts), series, T, WatchedLimits(directory).at(T), directory.validity())

    assert found.projected.tolist() == alone

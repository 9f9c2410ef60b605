"""The city stage: when hours close, what an index is made of, what is told of an episode."""

import json
from datetime import datetime
from typing import Any

import pytest

from schemas.codes import FindingKind, FindingStatus, Grade
from schemas.times import CST, HOUR_US, MINUTE_US, to_us
from schemas.topics import MEANS

CLEAN = {"a34004": 30.0, "a34002": 40.0, "a21026": 10.0, "a21004": 30.0, "a21005": 0.8, "a05024": 40.0}
HAZE = CLEAN | {"a34004": 190.0, "a34002": 200.0}
OZONE = CLEAN | {"a05024": 280.0}


def at(text: str) -> int:
    return to_us(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=CST))


@pytest.fixture
def haze(bench: Any) -> Any:
    """The haze of scenario episode_over_midnight: 190 for 24 hours from 18:00, else 30."""
    city = bench()
    city.hours("2026-01-09 00:00", 42, CLEAN)
    city.hours("2026-01-10 18:00", 24, HAZE)
    city.hours("2026-01-11 18:00", 34, CLEAN)
    city.run()
    return city


def test_running_24_hours_cross_midnight(haze: Any) -> None:
    # n high hours give 30 + n x 160/24: 18 give 150 -> 200, 19 give 156.67 -> 206.67 -> 207
    assert haze.aqi("running24", "2026-01-11 11:00") == 200
    assert haze.aqi("running24", "2026-01-11 12:00") == 207
    assert haze.rows()["running24", at("2026-01-11 12:00")].primary == ("a34004",)


def test_an_episode_is_told_once_when_its_onset_closes(haze: Any) -> None:
    (finding,) = haze.told

    assert (finding.kind, finding.status, finding.grade) == (
        FindingKind.HEAVY_POLLUTION,
        FindingStatus.RAISED,
        Grade.YELLOW,
    )
    assert (finding.start, finding.detected_at) == (at("2026-01-11 12:00"), at("2026-01-11 13:00"))
    assert finding.detail["reductions"] is True
    assert (finding.detail["basis"], finding.detail["aqi"], finding.detail["rules"]) == ("observed", 207, ["2024-Y1"])
    assert finding.detail["min_reduction_pct"] == 10


def test_an_episode_ends_after_36_calm_positions(haze: Any) -> None:
    haze.hours("2026-01-13 04:00", 24, CLEAN)
    haze.run()

    # 150 is reached at 115 ug/m3: 12 high hours give 110; the window that ends with hour 12 January 05:00 holds 12
    assert [f.status for f in haze.told] == [FindingStatus.RAISED, FindingStatus.ENDED]
    assert haze.told[1].detail["ended"] == at("2026-01-12 05:00") + 35 * HOUR_US


def test_late_data_withdraw_an_episode(haze: Any) -> None:
    late = at("2026-01-14 00:00")
    for hour in range(6, 18):
        haze.close(at("2026-01-11 00:00") + hour * HOUR_US, CLEAN, known_at=late)
    haze.run()

    assert [f.status for f in haze.told] == [FindingStatus.RAISED, FindingStatus.WITHDRAWN]
    assert haze.told[1].detected_at == late


def test_late_data_move_an_onset(haze: Any) -> None:
    haze.close(at("2026-01-10 17:00"), HAZE, known_at=at("2026-01-14 00:00"))
    haze.run()

    # the 19th high hour is now 11 January 11:00
    assert {(f.start, f.status) for f in haze.findings()} == {
        (at("2026-01-11 11:00"), FindingStatus.RAISED),
        (at("2026-01-11 12:00"), FindingStatus.WITHDRAWN),
    }


def test_the_grade_rises_by_a_change_of_the_same_finding(bench: Any) -> None:
    city = bench()
    city.hours("2026-01-09 00:00", 24, CLEAN)
    city.hours("2026-01-10 00:00", 44, HAZE)
    city.run()

    # above 200 from the 19th high hour on: position 25 of them is the 43rd high hour
    assert [(f.status, f.grade) for f in city.told] == [
        (FindingStatus.RAISED, Grade.YELLOW),
        (FindingStatus.CHANGED, Grade.ORANGE),
    ]
    assert city.told[1].detail["position"] == at("2026-01-10 00:00") + 42 * HOUR_US
    assert len({f.finding_id for f in city.told}) == 1


def test_an_ozone_episode_is_a_health_notice(bench: Any) -> None:
    city = bench()
    city.hours("2026-06-01 00:00", 30, OZONE)
    city.run()

    # maximum 8-h mean 280: 100/(800-265) x (280-265) + 200 = 202.8 -> 203 above 200; known with the 21st hour (14 windows of 6 hours)
    (finding,) = city.told
    assert finding.kind is FindingKind.HEALTH_NOTICE
    assert (finding.detail["reductions"], finding.detail["min_reduction_pct"]) == (False, None)
    assert (finding.detail["aqi"], finding.detail["primary"]) == (203, ["a05024"])


def test_without_thresholds_there_are_no_episodes(bench: Any, bound: Any) -> None:
    city = bench(bound(thresholds=None))
    city.hours("2026-01-10 00:00", 30, HAZE)
    city.run()

    assert city.aqi("running24", "2026-01-11 05:00") == 240  # 190: (190-150)/(250-150) x 100 + 200
    assert city.told == []


def test_the_city_day_is_the_mean_of_its_stations_days(bench: Any, bound: Any) -> None:
    city = bench(bound(stations=4))
    for station, pm25 in enumerate((60.0, 70.0, 80.0, None)):
        city.day("2026-01-10 00:00", CLEAN | {"a34004": pm25}, station=station)
    city.run()

    # 3 of 4 stations: mean 70 -> (70-35)/40 x 50 + 50 = 93.75 -> 94
    row = city.rows()["day", at("2026-01-10 00:00")]
    assert (row.aqi, row.primary) == (94, ("a34004",))
    assert json.loads(row.detail)["stations"]["a34004"] == 3


def test_a_city_needs_three_quarters_of_its_stations(bench: Any, bound: Any) -> None:
    city = bench(bound(stations=4))
    for station, pm25 in enumerate((60.0, 70.0, None, None)):
        city.close(at("2026-01-10 00:00"), CLEAN | {"a34004": pm25}, station=station)
    city.run()

    assert city.aqi("hour", "2026-01-10 00:00") is None


def test_the_index_changes_on_the_first_of_march(bench: Any, bound: Any) -> None:
    city = bench(bound(aqi=None))
    values = CLEAN | {"a34004": 65.0, "a34002": 70.0}
    city.day("2026-02-28 00:00", values)
    city.day("2026-03-01 00:00", values)
    city.run()

    # 2012: (65-35)/(75-35) x 50 + 50 = 87.5 -> 88; 2026: (65-60)/(115-60) x 50 + 100 = 104.5 -> 105
    assert city.aqi("day", "2026-02-28 00:00") == 88
    assert city.aqi("day", "2026-03-01 00:00") == 105


def test_an_hour_waits_for_its_stations_until_ten_minutes_after_its_end(bench: Any, bound: Any) -> None:
    city = bench(bound(stations=4))
    city.hours("2026-01-10 00:00", 1, CLEAN, stations=(0, 1, 2))
    city.tick(at("2026-01-10 01:00") + 10 * MINUTE_US - 1)
    city.run()
    assert city.rows() == {}

    city.tick(at("2026-01-10 01:00") + 10 * MINUTE_US)
    city.run()
    assert city.aqi("hour", "2026-01-10 00:00") == 43  # PM2.5 30: 30/35 x 50 = 42.9


def test_a_station_whose_event_lags_is_read_from_the_table_at_the_deadline(bench: Any, bound: Any) -> None:
    city = bench(bound(stations=2))
    city.close(at("2026-01-10 00:00"), CLEAN)
    city.close(at("2026-01-10 00:00"), CLEAN | {"a34004": 40.0}, station=1, announced=False)
    city.tick("2026-01-10 01:10")
    city.run()

    # mean 35 -> 50
    assert city.aqi("hour", "2026-01-10 00:00") == 50


@pytest.mark.parametrize(("is_there", "known_after_min"), [(True, 61), (False, 70)])
def test_an_episode_is_known_with_its_last_station_or_at_the_deadline_where_that_is_missing(
    bench: Any, bound: Any, is_there: bool, known_after_min: int
) -> None:
    city = bench(bound(stations=4))
    city.hours("2026-01-09 18:00", 24, CLEAN, stations=range(4))
    city.hours("2026-01-10 18:00", 18, HAZE, stations=range(4))
    city.run()
    onset = at("2026-01-11 12:00")
    for station in range(3):
        city.close(onset, HAZE, station=station)
    if is_there:  # its event is late: how fast the relay is must not be seen in what is told
        city.close(onset, HAZE, station=3, known_at=onset + 61 * MINUTE_US, announced=False)
    city.tick("2026-01-11 14:01")
    city.run()

    (finding,) = city.told
    assert (finding.start, finding.detected_at) == (onset, onset + known_after_min * MINUTE_US)


def test_a_silent_city_shows_gaps_while_its_window_holds_data(bench: Any) -> None:
    city = bench()
    city.hours("2026-01-10 00:00", 24, CLEAN)
    city.tick("2026-01-20 00:00")
    city.run()

    # the window that ends 11 January 03:00 still has 20 hours, the next one 19
    assert city.aqi("hour", "2026-01-11 00:00") is None
    assert city.aqi("running24", "2026-01-11 03:00") == 43
    assert city.aqi("running24", "2026-01-11 04:00") is None
    assert max(start for _, start in city.rows()) == at("2026-01-11 22:00")


def test_so2_above_800_takes_the_24_hour_mean(bench: Any) -> None:
    city = bench()
    city.hours("2026-01-10 00:00", 23, CLEAN)
    city.hours("2026-01-10 23:00", 1, CLEAN | {"a21026": 922.0})
    city.run()

    # 24-h mean (23 x 10 + 922)/24 = 48 -> 48; PM2.5 30 -> 43
    assert city.aqi("hour", "2026-01-10 23:00") == 48


def test_reading_the_events_again_changes_nothing(haze: Any) -> None:
    before, told = haze.rows(), len(haze.told)
    haze.log.renew("means.v1")
    haze.crash()
    haze.hours("2026-01-10 00:00", 18, CLEAN)
    haze.hours("2026-01-10 18:00", 24, HAZE)
    haze.run()

    assert haze.rows() == before
    assert len(haze.told) == told


def test_a_restart_finds_the_hours_that_wait(bench: Any, bound: Any) -> None:
    city = bench(bound(stations=2))
    city.hours("2026-01-10 00:00", 2, CLEAN, stations=(0, 1))
    city.hours("2026-01-10 02:00", 1, CLEAN, stations=(0,))
    city.run()
    city.crash()
    city.tick("2026-01-10 03:10")
    city.run()

    assert city.aqi("hour", "2026-01-10 02:00") is None
    assert city.aqi("hour", "2026-01-10 01:00") == 43


def test_hours_older_than_the_arrays_are_amended(bench: Any) -> None:
    city = bench()
    city.hours("2026-01-01 00:00", 600, CLEAN)
    city.run()
    for hour in range(24):
        city.close(at("2026-01-03 00:00") + hour * HOUR_US, HAZE, known_at=at("2026-01-26 00:00"))
    city.run()

    # 24 high hours: 190 -> 240; the 19th is 18:00
    assert city.aqi("running24", "2026-01-03 23:00") == 240
    assert (city.told[0].status, city.told[0].start) == (FindingStatus.RAISED, at("2026-01-03 18:00"))
    assert city.findings()[0].status is FindingStatus.ENDED


def test_a_partition_that_a_stranger_claimed_is_taken_back(bench: Any) -> None:
    city = bench()
    city.hours("2026-03-10 08:00", 1, CLEAN)
    city.run()
    city.store.claim(MEANS, city.log.topic(MEANS).log_id, [0], "thawed, and dead soon after")

    city.hours("2026-03-10 09:00", 1, CLEAN)
    for _ in range(4):
        city.stage.step(0.0)

    assert ("hour", at("2026-03-10 09:00")) in city.rows()


def test_events_gather_after_hours_that_came_late(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    city = bench(kept_h=24, gather_s=1.0)
    city.hours("2026-01-10 00:00", 96, CLEAN)
    city.tick("2026-01-14 00:30")
    city.run()
    polls = []
    poll = city.consumer.poll
    monkeypatch.setattr(city.consumer, "poll", lambda *asked: polls.append(asked) or poll(*asked))

    counts = []
    for hour in ("2026-01-14 00:00", "2026-01-10 12:00", "2026-01-10 13:00", "2026-01-10 14:00", "2026-01-14 01:00"):
        polls.clear()
        city.close(at(hour), HAZE)
        assert city.stage.step(0.0)
        counts.append(len(polls))

    # of the events after late hours the first are begun at once: nothing was begun before them
    assert counts[:3] == [1, 1, 1]
    assert min(counts[3:]) > 1
    # 190, IAQI 240, where 30 was
    assert city.aqi("hour", "2026-01-10 14:00") == 240

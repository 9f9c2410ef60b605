"""The city stage when the log has deleted events before they were read: what they told is in the tables."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.times import HOUR_US, to_us
from schemas.topics import MEANS
from tests.unit.detectors.city.test_city_order import END_TICK, Hours, displaced, hours_of, spells, standing

START = to_us(datetime(2026, 1, 9, 16, tzinfo=UTC))
CLEAN = {"a34004": 30.0, "a34002": 40.0, "a21026": 10.0, "a21004": 30.0, "a21005": 0.8, "a05024": 40.0}
HAZE = CLEAN | {"a34004": 310.0}


def come(city: Any, hours: Hours, first: int, end: int) -> None:
    """Let the hours first … end - 1 of a list come, half an hour after each other."""
    for n, (start, station, values) in enumerate(hours[first:end], first):
        city.close(start, values, station=station, known_at=START + (n + 2) * HOUR_US // 2)
        city.tick(START + (n + 2) * HOUR_US // 2)


def lose_unread(city: Any) -> int:
    """Let the log delete all that is in it, and a new stage meet that; return how many events there were."""
    end = len(city.log.topic(MEANS).records[0])
    city.log.forget_before(MEANS, 0, end)
    city.crash()
    return end


def test_the_gap_is_kept_as_our_own_loss_and_reading_goes_on(bench: Any) -> None:
    city = bench()
    city.hours("2026-01-09 00:00", 30, CLEAN)
    lose_unread(city)

    city.run()

    assert [loss[:2] for loss in city.store.untold_losses()] == [("offset_gone", "means.v1/0@0")]
    assert city.store.leases(MEANS, [0])[0].next_offset == 30
    assert not city.stage.step(0.0)


def test_hours_whose_events_are_gone_are_judged_from_the_tables(bench: Any) -> None:
    city = bench()
    city.hours("2026-01-09 00:00", 42, CLEAN)
    city.run()
    city.hours("2026-01-10 18:00", 24, HAZE)
    lose_unread(city)

    city.run()

    # 24 high hours: the window of the last one holds nothing else; 310 -> 360
    assert city.aqi("running24", "2026-01-11 17:00") == 360
    assert [f.grade for f in city.findings()] != []


def test_late_data_of_three_weeks_ago_are_judged_although_their_events_are_gone(bench: Any) -> None:
    city = bench(kept_h=24)
    city.hours("2026-01-09 00:00", 24 * 21, CLEAN)
    city.tick("2026-01-30 00:10")
    city.run()
    at = START + 8 * HOUR_US
    city.close(at, HAZE, known_at=START + 24 * 21 * HOUR_US)
    lose_unread(city)

    city.run()

    # (23 x 30 + 310) / 24 = 41.67 -> 42 ug/m3 -> 59
    assert city.rows()["hour", at].aqi == 360
    assert city.rows()["running24", at].aqi == 59


@settings(max_examples=25, deadline=None)
@given(plan=spells, data=st.data())
def test_the_end_is_that_of_an_undisturbed_run(bench: Any, bound: Any, plan: list[tuple[str, int]], data: Any) -> None:
    moves = data.draw(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=30))
    hours = displaced(hours_of(plan), moves)
    stop, back = sorted(data.draw(st.tuples(st.integers(0, len(hours)), st.integers(0, len(hours)))))
    found = []
    for is_disturbed in (False, True):
        city = bench(bound(stations=2), kept_h=24)
        come(city, hours, 0, stop)
        city.run()
        come(city, hours, stop, back)
        if is_disturbed:
            lose_unread(city)
        come(city, hours, back, len(hours))
        city.tick(END_TICK)
        city.run()
        found.append((city.rows(), standing(city)))

    assert found[1] == found[0]

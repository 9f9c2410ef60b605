"""Whatever the order in which hours and ticks come, and however they are cut into polls, rows and episodes end up the same."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.times import HOUR_US, MINUTE_US, to_us

START = to_us(datetime(2026, 1, 9, 16, tzinfo=UTC))
CLEAN = {"a34004": 30.0, "a34002": 40.0, "a21026": 10.0, "a21004": 30.0, "a21005": 0.8, "a05024": 40.0}
LEVELS = {"clean": CLEAN, "haze": CLEAN | {"a34004": 310.0}, "ozone": CLEAN | {"a05024": 300.0}, "gap": None}
END_TICK = START + 400 * HOUR_US

spells = st.lists(st.tuples(st.sampled_from(sorted(LEVELS)), st.integers(1, 40)), min_size=1, max_size=5)
Hours = list[tuple[int, int, dict[str, float]]]


def hours_of(plan: list[tuple[str, int]]) -> Hours:
    """Return (start, station, values) of a plan's hours; a gap has none."""
    levels = [level for level, count in plan for _ in range(count)]
    named = [(START + n * HOUR_US, LEVELS[level]) for n, level in enumerate(levels)]
    return [(start, station, values) for start, values in named if values for station in (0, 1)]


def displaced(hours: Hours, moves: list[tuple[int, int]]) -> Hours:
    """Return the hours with some of them taken out and put in elsewhere: late data."""
    found = list(hours)
    for source, target in moves if found else []:
        hour = found.pop(source % len(found))
        found.insert(target % (len(found) + 1), hour)
    return found


def play(city: Any, hours: Hours, cuts: list[int], ticks: dict[int, int]) -> Any:
    """Let hours come in the given order; the stage works after each cut, ticks rise where they are named."""
    for n, (start, station, values) in enumerate(hours):
        city.close(start, values, station=station)
        if n in ticks:
            city.tick(ticks[n])
        if n in cuts:
            city.run()
    city.tick(END_TICK)
    city.run()
    return city.rows(), standing(city)


def standing(city: Any) -> Any:
    """Return the findings that stand, without the ticks at which they were known."""
    return [f.model_copy(update={"detected_at": 0, "status": "-"}) for f in city.findings() if f.status != "withdrawn"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=spells, data=st.data())
def test_rows_and_episodes_do_not_depend_on_the_order(
    bench: Any, bound: Any, plan: list[tuple[str, int]], data: Any
) -> None:
    hours = hours_of(plan)
    moves = data.draw(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=30))
    shuffled = displaced(hours, moves) if moves else data.draw(st.permutations(hours))
    cuts = data.draw(st.lists(st.integers(0, 400), max_size=8))
    at = sorted(data.draw(st.sets(st.integers(0, 400), max_size=5)))
    ticks = {n: START + int((n + 1) / 2) * HOUR_US for n in at}

    in_order = play(bench(bound(stations=2)), hours, [], {})
    any_order = play(bench(bound(stations=2), stage_records=7, kept_h=24), shuffled, cuts, ticks)

    assert any_order == in_order


@settings(max_examples=15, deadline=None)
@given(plan=spells, crash_at=st.integers(0, 100))
def test_a_crash_changes_nothing(bench: Any, bound: Any, plan: list[tuple[str, int]], crash_at: int) -> None:
    hours = hours_of(plan)
    city = bench(bound(stations=2))
    for n, (start, station, values) in enumerate(hours):
        city.close(start, values, station=station)
        if n == crash_at:
            city.stage.step(0.0)
            city.crash()
    city.tick(END_TICK)
    city.run()

    assert (city.rows(), standing(city)) == play(bench(bound(stations=2)), hours, list(range(400)), {})


whole = st.lists(st.tuples(st.sampled_from(["clean", "haze", "ozone"]), st.integers(1, 40)), min_size=1, max_size=4)


@settings(max_examples=15, deadline=None)
@given(plan=whole, steps=st.integers(0, 60))
def test_when_an_episode_was_known_does_not_depend_on_a_crash_far_behind_the_tables(
    bench: Any, bound: Any, plan: list[tuple[str, int]], steps: int
) -> None:
    undisturbed, behind = bench(bound(stations=2)), bench(bound(stations=2), stage_records=3)
    for n, (start, station, values) in enumerate(hours_of(plan)):
        known_at = start + HOUR_US + n % 7 * MINUTE_US
        undisturbed.close(start, values, station=station, known_at=known_at)
        undisturbed.run()
        behind.close(start, values, station=station, known_at=known_at)
    undisturbed.tick(END_TICK)
    undisturbed.run()
    behind.tick(END_TICK)

    for _ in range(steps):
        behind.stage.step(0.0)
    behind.crash()
    behind.run()

    assert [(f.finding_id, f.status, f.detected_at) for f in behind.findings()] == [
        (f.finding_id, f.status, f.detected_at) for f in undisturbed.findings()
    ]


@settings(max_examples=25, deadline=None)
@given(plan=whole, lags=st.lists(st.integers(0, 3), min_size=1, max_size=7))
def test_how_late_the_events_are_is_not_seen_in_what_is_told(
    bench: Any, bound: Any, plan: list[tuple[str, int]], lags: list[int]
) -> None:
    prompt, lagging = bench(bound(stations=2)), bench(bound(stations=2))
    waiting: list[tuple[int, tuple[int, int, dict[str, float]]]] = []
    for n, (start, station, values) in enumerate(hours_of(plan)):
        closed = {"station": station, "known_at": start + HOUR_US + MINUTE_US}
        prompt.close(start, values, **closed)
        lagging.close(start, values, **closed, announced=False)
        waiting.append((n + 2 * lags[n % len(lags)], (start, station, values)))
        if station == 1:
            for city in (prompt, lagging):
                city.tick(start + HOUR_US + MINUTE_US)
            for _, (earlier, its_station, its_values) in (w for w in waiting if w[0] <= n):
                lagging.close(earlier, its_values, station=its_station, known_at=earlier + HOUR_US + MINUTE_US)
            waiting = [w for w in waiting if w[0] > n]
            prompt.run()
            lagging.run()

    for city in (prompt, lagging):
        city.tick(END_TICK)
        city.run()
    assert told_by(lagging) == told_by(prompt)


def told_by(city: Any) -> list[Any]:
    """Return what was told, in order."""
    return [(f.finding_id, f.status, f.grade, f.detected_at) for f in city.told]

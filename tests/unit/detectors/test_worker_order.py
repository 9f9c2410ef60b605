"""Arrival order, duplicates, batch boundaries and crashes never change the final means and verdicts."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HOURS = ("03-10 22:00", "03-10 23:00", "03-11 00:00")
BLOCKS = [(hour, quarter, value) for hour, value in zip(HOURS, (15.0, 31.0, 22.5), strict=True) for quarter in range(4)]


def played(fresh_bench, blocks, crashes=(), ticks=()):
    """Return the final means and verdicts after blocks of 15 minutes, with ticks and crashes between them."""
    bench = fresh_bench()
    for number, (hour, quarter, value) in enumerate(blocks):
        bench.minutes(f"{hour[:-2]}{quarter * 15:02}", 15, value + quarter, received="03-11 02:00")
        if number in ticks:
            bench.tick("03-11 02:00")
        if number in crashes:
            bench.run()
            bench.crash()
    for tick in ("03-12 00:10", "03-12 00:11", "03-12 00:12", "03-12 00:13"):
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

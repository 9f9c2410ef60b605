"""Another registry and the worker: what it touches is judged again, in slices, once, whatever breaks in between."""

import pytest

from schemas.codes import FindingKind, FindingStatus
from schemas.errors import Unavailable
from schemas.registry import Registry
from store.memory import MemoryStore
from tests.unit.detectors.conftest import CRUSHER, TWO_LOGGERS, Bench, at

PERMIT = {
    "site": "crusher",
    "parameter": "a34013",
    "limit": 10.0,
    "averaging": "hour_mean",
    "effective_from": "2026-03-01",
}
MARCH = 31


def register(bench: Bench, tables=CRUSHER, **permit) -> None:
    permits = [PERMIT | permit] if permit.get("limit", 1) else []
    bench.store.import_registry(Registry.from_tables(tables | {"permit": permits}), "test", at("03-10 10:00"))


def hours(bench: Bench) -> None:
    """Judge two hours of 15 against 20."""
    bench.minutes("03-10 08:00", 120, 15.0)
    bench.tick("03-10 10:01")
    bench.run()


@pytest.fixture
def met(bench) -> Bench:
    """A bench with two hours that meet the limit."""
    hours(bench)
    return bench


def test_a_stricter_permit_is_followed_at_the_next_tick(met) -> None:
    register(met)

    met.tick("03-10 10:02")
    met.run()

    assert [met.verdict(f"03-10 0{hour}:00")[0] for hour in (8, 9)] == ["exceeded", "exceeded"]
    raised = met.findings(FindingKind.EXCEEDANCE)
    assert {(f.status, f.detected_at) for f in raised} == {(FindingStatus.RAISED, at("03-10 10:02"))}


def test_a_permit_that_was_wrong_withdraws_what_it_raised(met) -> None:
    register(met)
    met.tick("03-10 10:02")
    met.run()
    register(met, limit=None)

    met.tick("03-10 10:03")
    met.run()

    assert met.verdict("03-10 08:00")[0] == "met"
    assert {f.status for f in met.findings(FindingKind.EXCEEDANCE)} == {FindingStatus.WITHDRAWN}


def test_a_version_is_followed_once(met) -> None:
    register(met)
    met.tick("03-10 10:02")
    met.run()

    assert not met.worker.step(0.0)
    assert met.store.tables.registry_followed == {("reports", 0): 2}
    assert met.store.tables.rejudge_stretch == {}


def test_a_registry_that_touches_nothing_judges_nothing_again(met) -> None:
    before = len(met.store.tables.outbox)
    register(met, effective_from="2026-03-11")

    met.tick("03-10 10:02")
    met.run()

    assert len(met.store.tables.outbox) == before
    assert met.store.tables.registry_followed == {("reports", 0): 2}


def test_a_crash_after_the_registry_changed_loses_nothing(met) -> None:
    register(met)
    met.crash()

    met.tick("03-10 10:02")
    met.run()

    assert met.verdict("03-10 08:00")[0] == "exceeded"


@pytest.fixture
def march(bench) -> Bench:
    """A bench with the hours of March, 15 against 20, whose permit of 10 has just been entered."""
    for day in range(1, MARCH + 1):
        bench.say_hours(f"03-{day:02} 00:00", 24, 15.0)
    bench.tick("04-01 00:11")
    bench.run()
    register(bench)
    return bench


def exceeded_days(bench: Bench) -> int:
    """Return how many days of March have been judged by the permit, hour by hour."""
    days = [{bench.verdict(f"03-{day:02} {hour:02}:00")[0] for hour in range(24)} for day in range(1, MARCH + 1)]
    assert all(len(outcomes) == 1 for outcomes in days)
    return sum(outcomes == {"exceeded"} for outcomes in days)


def test_one_transaction_is_bounded_and_the_oldest_come_first(march) -> None:
    march.tick("04-01 00:12")

    march.worker.step(0.0)

    assert exceeded_days(march) == 10
    assert march.verdict("03-10 23:00")[0] == "exceeded"


def test_crashes_between_the_slices_lose_nothing(march) -> None:
    """31 days are four slices of at most ten."""
    done = []
    for minute in range(12, 16):
        march.tick(f"04-01 00:{minute}")
        march.worker.step(0.0)
        march.crash()
        done.append(exceeded_days(march))

    assert done == [10, 20, 30, 31]


def test_without_further_ticks_the_rest_is_worked_off_too(march) -> None:
    march.tick("04-01 00:12")
    march.run()

    assert exceeded_days(march) == MARCH


class Forgetful(MemoryStore):
    """A store that is away at the commit which a new registry asks for."""

    fail = False

    def commit_work(self, batch) -> None:
        if self.fail and (batch.registry_followed or batch.stretches):
            raise Unavailable("away")
        super().commit_work(batch)


def test_a_commit_that_fails_is_made_again(fresh_bench) -> None:
    bench = fresh_bench(store=Forgetful)
    hours(bench)
    register(bench)
    bench.tick("03-10 10:02")
    bench.store.fail = True
    with pytest.raises(Unavailable):
        bench.run()
    bench.store.fail = False

    bench.run()

    assert bench.verdict("03-10 08:00")[0] == "exceeded"


def test_hours_that_closed_under_a_registry_that_nobody_followed_are_judged_again(met) -> None:
    """The second version is gone when a worker comes back: the third is held against the first, which was followed."""
    met.crash()
    register(met)
    register(met, limit=12.0)

    met.tick("03-10 10:02")
    met.run()

    assert met.store.tables.registry_followed == {("reports", 0): 3}
    assert met.verdict("03-10 08:00")[0] == "exceeded"


def test_where_the_readings_are_gone_the_mean_stays_and_is_judged(met) -> None:
    means = met.final()["means"]
    met.store.tables.reading.clear()
    register(met)

    met.tick("03-10 10:02")
    met.run()

    assert met.final()["means"] == means
    assert met.verdict("03-10 08:00")[:2] == ("exceeded", 15.0)


def test_a_limit_for_single_readings_that_is_taken_back_leaves_none_judged(fresh_bench) -> None:
    bench = fresh_bench(CRUSHER | {"permit": [PERMIT | {"averaging": "single_sample"}]})
    hours(bench)
    before = bench.verdict("03-10 08:30", period=3)[0]
    register(bench, limit=None)

    bench.tick("03-10 10:02")
    bench.run()

    assert (before, bench.verdict("03-10 08:30", period=3)[::2]) == ("exceeded", ("not_judged", "not_limited"))


def test_what_was_said_of_single_readings_that_are_gone_stays(fresh_bench) -> None:
    bench = fresh_bench(CRUSHER | {"permit": [PERMIT | {"averaging": "single_sample"}]})
    hours(bench)
    bench.store.tables.reading.clear()
    register(bench, limit=None)

    bench.tick("03-10 10:02")
    bench.run()

    assert bench.verdict("03-10 08:30", period=3)[0] == "exceeded"


def test_a_days_value_of_the_device_itself_is_judged_again(bench) -> None:
    bench.say_day("03-10 00:00", 15.0)
    bench.tick("03-11 00:11")
    bench.run()
    register(bench, averaging="daily_mean")

    bench.tick("03-11 00:12")
    bench.run()

    assert bench.verdict("03-10 00:00", period=1)[:2] == ("exceeded", 15.0)


def test_the_hours_of_two_loggers_are_judged_again_too(two_loggers) -> None:
    two_loggers.minutes("03-10 08:00", 30, 15.0)
    two_loggers.minutes("03-10 08:30", 30, 15.0, device="mn-new")
    for minute in range(1, 14):
        two_loggers.tick(f"03-10 09:{minute:02}")
    two_loggers.run()
    register(two_loggers, TWO_LOGGERS)

    two_loggers.tick("03-10 09:14")
    two_loggers.run()

    assert two_loggers.verdict("03-10 08:00")[0] == "exceeded"


def test_what_a_logger_that_left_reported_is_judged_again(met) -> None:
    register(met, CRUSHER | {"device": [{"id": "mn-new", "sites": ["crusher"]}]})

    met.tick("03-10 10:02")
    met.run()

    assert met.verdict("03-10 08:00")[0] == "exceeded"


def test_a_day_that_closes_meanwhile_is_judged_by_the_new_registry(bench) -> None:
    bench.say_hours("03-10 00:00", 24, 15.0)
    register(bench, averaging="daily_mean")

    bench.tick("03-11 00:11")
    bench.run()

    assert bench.verdict("03-10 00:00", period=1)[0] == "exceeded"


def owned(industry: str) -> dict[str, object]:
    """Return a registry whose crusher is held to its permit alone, of an organisation of some industry."""
    site = [{"id": "crusher", "kind": "stack", "organisation": "o"}]
    owner = [{"id": "o", "industry": industry}]
    return {"organisation": owner, "site": site, "permit": [PERMIT], "device": CRUSHER["device"]}


def test_a_start_up_counts_no_longer_where_the_industry_turns_out_to_have_no_limit_for_it(fresh_bench) -> None:
    bench = fresh_bench(owned("cement"))
    bench.minutes("03-10 08:00", 60, 26.0)
    bench.tick("03-10 09:01")
    bench.mark("03-10 08:00", "03-10 09:00", entered="03-10 10:00", kind="start_up")
    bench.run()
    before = bench.verdict("03-10 08:00")[0]
    bench.store.import_registry(Registry.from_tables(owned("bakery")), "test", 0)

    bench.tick("03-10 10:02")
    bench.run()

    assert (before, bench.verdict("03-10 08:00")[0]) == ("not_judged", "exceeded")

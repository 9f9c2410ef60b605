"""What was due from a device, what came, and who is to blame for the rest; expected figures counted by hand."""

from dataclasses import replace

import pytest

from detectors.transmission import Circumstances, common, owed_kinds, transmission
from schemas.codes import Kind
from schemas.times import DAY_US, HOUR_US, MINUTE_US

DAY = 1_773_072_000_000_000  # 2026-03-10 00:00 China Standard Time
NEVER = DAY - 30 * DAY_US
FULL = {(Kind.MINUTE, DAY + hour * HOUR_US): 60 for hour in range(24)}
KNOWN = Circumstances(day=(DAY, DAY + DAY_US), first_at=NEVER, until=DAY + 2 * DAY_US, kinds=[Kind.MINUTE], came=FULL)


def at(hour: int, minute: int = 0) -> int:
    return DAY + hour * HOUR_US + minute * MINUTE_US


def without(*hours: int) -> dict[tuple[Kind, int], int]:
    return {key: count for key, count in FULL.items() if key[1] not in [at(hour) for hour in hours]}


def test_a_day_of_minutes_that_all_came_is_complete() -> None:
    account = transmission(KNOWN)

    assert (account.due, account.came, account.by_us, account.by_device, account.rate) == (1440, 1440, 0, 0, 1.0)


def test_an_hour_that_did_not_come_is_the_devices_fault_while_we_were_there() -> None:
    account = transmission(replace(KNOWN, came=without(9)))

    assert (account.by_us, account.by_device, account.rate) == (0, 60, 1380 / 1440)


def test_what_did_not_come_while_we_were_away_lowers_no_rate() -> None:
    account = transmission(replace(KNOWN, came=without(9), outages=[(at(9), at(10, 2))]))

    assert (account.by_us, account.by_device, account.rate) == (60, 0, 1.0)


def test_an_outage_excuses_no_more_than_would_have_come_in_it() -> None:
    account = transmission(replace(KNOWN, came=without(9), outages=[(at(9, 20), at(9, 30))]))

    assert (account.by_us, account.by_device) == (10, 50)


def test_what_came_in_spite_of_an_outage_is_not_missing() -> None:
    account = transmission(replace(KNOWN, outages=[(at(9), at(10))]))

    assert (account.by_us, account.by_device) == (0, 0)


def test_stopped_hours_leave_the_denominator() -> None:
    account = transmission(replace(KNOWN, came=without(8, 9), stopped=[(at(8), at(10))]))

    assert (account.due, account.came, account.rate) == (1320, 1320, 1.0)


def test_nothing_is_due_before_the_first_report() -> None:
    account = transmission(replace(KNOWN, came=without(*range(12)), first_at=at(12)))

    assert (account.due, account.came) == (720, 720)


def test_a_day_that_is_not_over_owes_only_what_should_be_here() -> None:
    account = transmission(replace(KNOWN, came={(Kind.MINUTE, at(0)): 30}, until=at(0, 30)))

    assert (account.due, account.came) == (30, 30)


def test_an_hourly_report_may_be_a_few_minutes_on_its_way_when_we_go_away() -> None:
    hours = {(Kind.HOUR, at(hour)): 1 for hour in range(24) if hour != 9}
    known = replace(KNOWN, kinds=[Kind.HOUR], came=hours, outages=[(at(10, 5), at(10, 30))])

    account = transmission(known)

    assert (account.due, account.by_us, account.by_device) == (24, 1, 0)


def test_a_daily_report_is_due_once() -> None:
    account = transmission(replace(KNOWN, kinds=[Kind.DAY], came={(Kind.DAY, at(0)): 1}))

    assert (account.due, account.came) == (1, 1)


def test_a_device_from_which_nothing_is_due_has_no_rate() -> None:
    assert transmission(replace(KNOWN, kinds=[])).rate is None


@pytest.mark.parametrize(
    ("minute", "hour", "owed"),
    [(at(1), at(0), [Kind.MINUTE, Kind.HOUR]), (at(1), NEVER, [Kind.MINUTE]), (0, at(0), [Kind.HOUR]), (0, 0, [])],
)
def test_a_device_owes_the_kinds_that_it_has_not_given_up(minute: int, hour: int, owed: list[Kind]) -> None:
    assert owed_kinds((at(1), minute, 0, 0, hour, 0)) == owed


def test_a_device_is_stopped_when_each_of_its_sites_is() -> None:
    assert common([[(1, 5), (8, 9)], [(3, 12)]]) == [(3, 5), (8, 9)]
    assert common([[(1, 5)], []]) == []

"""What the accounts of a day are made from, alike in PostgreSQL and in the twin: reports by hour, senders, our own outages."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from schemas.bundle import pack_raw
from schemas.codes import Kind
from schemas.columns import Reports
from schemas.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from schemas.topics import REPORTS
from store.account_port import AccountStore, HourCount, OwnOutage, Sender, Stretch
from store.accounts import PostgresAccounts
from store.device_states import DeviceState, DeviceStates
from store.memory import MemoryStore
from store.port import WorkBatch, WorkStore
from store.postgres import Database
from store.work import PostgresWorkStore
from tests.contract.work_columns import T, advance, reports

GAP = 20 * SECOND_US
ALLOWED = 10 * MINUTE_US


class Office:
    """A store that a worker has written and that is read through the accounts."""

    def __init__(self, work: WorkStore, accounts: AccountStore) -> None:
        self.work = work
        self.accounts = accounts

    def commit(self, rows: Reports, high: tuple[int, int, int, int, int, int]) -> None:
        (lease,) = self.work.claim(REPORTS, "log", [0], "test")
        assert self.work.device_numbers(["mn"]) == [1]
        state = DeviceState(1, T, T, T, high, False)
        self.work.commit_work(
            WorkBatch(
                advance(lease), raws=[(0, 0, pack_raw([b"{}"]))], reports=rows, devices=DeviceStates.of_rows([state])
            )
        )


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """The twin, then PostgreSQL."""
    if request.param == "memory":
        store = MemoryStore()
        yield Office(store, store)
        return
    database = Database(request.getfixturevalue("database_url"))
    yield Office(PostgresWorkStore(database), PostgresAccounts(database))
    database.close()


def received(rows: Reports, *instants: int) -> Reports:
    return replace(rows, received_at=np.array(instants, np.int64))


def test_reports_of_one_instant_count_once(office: Office) -> None:
    office.commit(reports((T, 1), (T, 2), (T + MINUTE_US, 3), (T + HOUR_US, 4)), (0, T + HOUR_US, 0, 0, 0, 0))

    found = office.accounts.reports_by_hour(T, T + DAY_US, ALLOWED)

    assert found == [HourCount("mn", Kind.MINUTE, T, 2, 0), HourCount("mn", Kind.MINUTE, T + HOUR_US, 1, 0)]


def test_late_is_what_came_when_its_window_had_been_waited_for(office: Office) -> None:
    limit = T + HOUR_US + ALLOWED
    rows = received(reports((T, 1), (T + MINUTE_US, 2)), limit, limit + 1)
    office.commit(rows, (0, T, 0, 0, 0, 0))

    (found,) = office.accounts.reports_by_hour(T, T + DAY_US, ALLOWED)

    assert (found.instants, found.late) == (2, 1)


def test_a_daily_report_may_come_when_its_day_is_over(office: Office) -> None:
    rows = received(reports((T, 1)), T + DAY_US + ALLOWED)
    office.commit(replace(rows, kind=np.array([Kind.DAY], np.uint8)), (0, 0, 0, 0, 0, T))

    (found,) = office.accounts.reports_by_hour(T, T + DAY_US, ALLOWED)

    assert (found.kind, found.late) == (Kind.DAY, 0)


def test_other_days_are_not_counted(office: Office) -> None:
    office.commit(reports((T - MINUTE_US, 1), (T + DAY_US, 2)), (0, T + DAY_US, 0, 0, 0, 0))

    assert office.accounts.reports_by_hour(T, T + DAY_US, ALLOWED) == []


def test_a_sender_is_known_by_its_first_and_last_reports(office: Office) -> None:
    office.work.device_numbers(["mn", "silent"])
    office.commit(reports((T + MINUTE_US, 1), (T, 2)), (0, T + MINUTE_US, 0, 0, 0, 0))

    assert office.accounts.senders() == [Sender("mn", T, (0, T + MINUTE_US, 0, 0, 0, 0))]


def test_a_report_that_comes_late_may_be_the_first_of_its_sender(office: Office) -> None:
    high = (0, T + HOUR_US, 0, 0, 0, 0)
    for at in (T + HOUR_US, T, T + MINUTE_US):
        office.commit(reports((at, 1)), high)

    assert office.accounts.senders() == [Sender("mn", T, high)]


def test_what_lies_between_two_stretches_is_an_outage(office: Office) -> None:
    office.accounts.note_presence("bridge", [Stretch(T, T + MINUTE_US)], GAP)
    back = T + 5 * MINUTE_US
    for until in (back, back + MINUTE_US):
        office.accounts.note_presence("bridge", [Stretch(back, until, "log mqtt")], GAP)

    assert office.accounts.own_outages(T, T + DAY_US) == [OwnOutage("bridge", T + MINUTE_US, back, "log mqtt")]


def test_a_gap_no_longer_than_allowed_is_no_outage(office: Office) -> None:
    stretches = [Stretch(T, T), Stretch(T + GAP, T + GAP), Stretch(T + 2 * GAP + 1, T + 2 * GAP + 1)]
    office.accounts.note_presence("bridge", stretches, GAP)

    assert office.accounts.own_outages(T, T + DAY_US) == [OwnOutage("bridge", T + GAP, T + 2 * GAP + 1, "")]


def test_the_roles_do_not_stand_in_for_one_another(office: Office) -> None:
    for role in ("bridge", "clock"):
        office.accounts.note_presence(role, [Stretch(T, T)], GAP)
    office.accounts.note_presence("clock", [Stretch(T + HOUR_US, T + HOUR_US)], GAP)

    assert [outage.role for outage in office.accounts.own_outages(T, T + DAY_US)] == ["clock"]


def test_outages_are_found_where_they_meet_the_stretch(office: Office) -> None:
    office.accounts.note_presence("bridge", [Stretch(T, T), Stretch(T + HOUR_US, T + HOUR_US)], GAP)

    assert len(office.accounts.own_outages(T + HOUR_US - 1, T + DAY_US)) == 1
    assert office.accounts.own_outages(T + HOUR_US, T + DAY_US) == []
    assert office.accounts.own_outages(T - DAY_US, T) == []

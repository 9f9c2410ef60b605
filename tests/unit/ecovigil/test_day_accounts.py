"""The accounts of a day, from a worker's store: books, lateness, what was due, and whose fault it is that something is missing."""

from datetime import date

import pytest

from ecovigil.day_accounts import Archive, DeviceAccount, accounts_of
from schemas.registry import Registry
from schemas.times import DAY_US, SECOND_US, date_us
from store.account_port import Stretch
from store.memory import MemoryStore
from tests.unit.detectors.conftest import CRUSHER, Bench, at

TODAY = date(2026, 3, 10)
AFTERWARDS = date_us(TODAY) + 3 * DAY_US
GAP = 20 * SECOND_US


@pytest.fixture
def bench() -> Bench:
    """A worker whose device has sent the minutes of 8:00 to 12:00, but for 10:00 to 10:30, and nothing after."""
    store = MemoryStore()
    store.import_registry(Registry.from_tables(CRUSHER), "test", 0)
    bench = Bench(store)
    for start, count in (("08:00", 60), ("09:00", 60), ("10:30", 30), ("11:00", 60)):
        bench.minutes(f"03-10 {start}", count, 10.0)
    bench.run()
    return bench


def account(bench: Bench, until: int = AFTERWARDS) -> DeviceAccount:
    store = bench.store
    (found,) = accounts_of(TODAY, Archive(store, store, store, store.registry()[1]), until).devices
    return found


def test_a_device_owes_its_minutes_from_its_first_report_on(bench: Bench) -> None:
    found = account(bench, until=at("03-10 12:00"))

    assert (found.sent.due, found.sent.came, found.sent.by_us, found.sent.by_device) == (240, 210, 0, 30)
    assert (found.books.received, found.books.stored, found.late) == (210, 210, 0)


def test_the_rest_of_the_day_is_missing_when_it_is_over(bench: Bench) -> None:
    found = account(bench)

    assert (found.sent.due, found.sent.by_device) == (16 * 60, 16 * 60 - 210)


def test_our_own_outage_is_not_the_devices(bench: Bench) -> None:
    away, back = at("03-10 10:00"), at("03-10 10:31")
    bench.store.note_presence("bridge", [Stretch(away, away), Stretch(back, back, "mqtt")], GAP)

    found = account(bench, until=at("03-10 12:00"))

    assert (found.sent.by_us, found.sent.by_device, found.sent.rate) == (30, 0, 1.0)


def test_a_worker_that_was_away_excuses_nobody(bench: Bench) -> None:
    away, back = at("03-10 10:00"), at("03-10 10:31")
    bench.store.note_presence("detectors", [Stretch(away, away), Stretch(back, back, "database")], GAP)

    assert account(bench, until=at("03-10 12:00")).sent.by_device == 30


def test_what_a_mark_calls_stopped_is_not_due(bench: Bench) -> None:
    bench.mark("03-10 10:00", "03-10 10:30", "03-10 11:00", kind="stopped")

    found = account(bench, until=at("03-10 12:00"))

    assert (found.sent.due, found.sent.came, found.sent.rate) == (210, 210, 1.0)


def test_a_monitor_that_was_out_of_order_still_owes_its_reports(bench: Bench) -> None:
    bench.mark("03-10 10:00", "03-10 10:30", "03-10 11:00", kind="fault")

    assert account(bench, until=at("03-10 12:00")).sent.by_device == 30


def test_a_backfill_is_late_and_not_missing(bench: Bench) -> None:
    bench.minutes("03-10 10:00", 30, 10.0, received="03-10 11:30")
    bench.run()

    found = account(bench, until=at("03-10 12:00"))

    assert (found.late, found.sent.came, found.sent.by_device) == (30, 240, 0)


def test_a_device_may_be_registered_with_what_it_owes() -> None:
    store = MemoryStore()
    registered = CRUSHER | {"device": [{"id": "mn", "sites": ["crusher"], "owes": ["hour"]}]}
    store.import_registry(Registry.from_tables(registered), "test", 0)

    found = account(Bench(store))

    assert (found.sent.due, found.sent.came, found.sent.by_device) == (24, 0, 24)

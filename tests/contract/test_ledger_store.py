"""The ledger of our own losses, alike in PostgreSQL and in the twin."""

from collections.abc import Iterator

import pytest

from schemas.times import HOUR_US, MINUTE_US
from schemas.topics import REPORTS
from store.ledger import PostgresLedger
from store.ledger_port import LOG_REPLACED, NOT_BOOKED, OFFSET_GONE, LedgerStore, OwnLoss
from store.memory import MemoryStore
from store.port import Advance, Booked, OutboxEvent, WorkBatch, WorkStore
from store.postgres import Database
from store.work import PostgresWorkStore
from tests.contract.work_columns import T

MARGIN = MINUTE_US
EVENT = OutboxEvent("findings.v1", "", b"{}")


class Office:
    """A worker's store with its ledger."""

    def __init__(self, work: WorkStore, ledger: LedgerStore) -> None:
        self.work = work
        self.ledger = ledger

    def book(self, messages: int, tick_at: int, *, partition: int = 0, hour: int = T) -> None:
        (lease,) = self.work.claim(REPORTS, "log", [partition], "test")
        booked = [Booked("b", partition, hour, messages)] if messages else []
        self.work.commit_work(WorkBatch([Advance(lease, lease.next_offset + 1, tick_at)], booked=booked))

    def losses(self) -> list[OwnLoss]:
        self.ledger.audit(MARGIN)
        return self.ledger.untold_losses()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """The twin, then PostgreSQL."""
    if request.param == "memory":
        store = MemoryStore()
        yield Office(store, store)
        return
    database = Database(request.getfixturevalue("database_url"))
    yield Office(PostgresWorkStore(database), PostgresLedger(database))
    database.close()


def test_what_is_booked_is_no_loss_whichever_partitions_it_came_through(office: Office) -> None:
    office.ledger.note_acknowledged("b", 1, {T: 5}, T + 1)
    office.book(2, T + HOUR_US)
    office.book(3, T + HOUR_US, partition=1)

    assert office.losses() == []


def test_what_was_acknowledged_and_is_not_booked_is_a_loss(office: Office) -> None:
    office.ledger.note_acknowledged("b", 1, {T: 5, T + HOUR_US: 4}, T + 1)
    office.book(3, T + HOUR_US)
    office.book(4, T + HOUR_US, hour=T + HOUR_US)

    assert office.losses() == [OwnLoss(NOT_BOOKED, "b 2014-02-21T00:00", T + 1, 2)]


def test_nothing_is_lost_before_every_partition_has_been_read_past_it(office: Office) -> None:
    office.ledger.note_acknowledged("b", 1, {T: 5}, T)
    office.book(0, T + HOUR_US)
    office.book(0, T + MARGIN, partition=1)
    before = office.losses()

    office.book(0, T + MARGIN + 1, partition=1)

    assert (before, [loss.messages for loss in office.losses()]) == ([], [5])


def test_a_bridge_that_started_again_counts_anew(office: Office) -> None:
    for run, messages in ((1, 2), (1, 3), (2, 4)):
        office.ledger.note_acknowledged("b", run, {T: messages}, T)
    office.book(6, T + HOUR_US)

    assert [loss.messages for loss in office.losses()] == [1]


def test_another_log_is_kept_with_the_tick_up_to_which_the_old_one_was_read(office: Office) -> None:
    office.book(0, T + 7)

    office.work.claim(REPORTS, "another", [0], "test")

    assert office.ledger.untold_losses() == [OwnLoss(LOG_REPLACED, "reports another", T + 7)]


def test_a_loss_is_told_once(office: Office) -> None:
    loss = OwnLoss(OFFSET_GONE, "reports/0@17", T)
    for _ in range(2):
        office.ledger.keep_loss(loss)
    assert office.ledger.untold_losses() == [loss]

    for _ in range(2):
        office.ledger.tell_loss(loss, [], [EVENT])

    assert office.ledger.untold_losses() == []

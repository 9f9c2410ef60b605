"""Taking over from a predecessor that may be frozen with locks in its hands."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from schemas.errors import InvalidConfiguration, LeaseLost, Unavailable
from store.leases import PostgresLeases
from store.port import Advance, Lease
from store.postgres import Database

pytestmark = pytest.mark.live


@pytest.fixture
def old(database_url: str) -> Iterator[Database]:
    """The predecessor's connection."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def new(database_url: str) -> Iterator[Database]:
    """The successor's connection."""
    database = Database(database_url)
    yield database
    database.close()


def claim(database: Database) -> list[Lease]:
    return PostgresLeases(database).claim("reports", "log-a", [0, 1], "worker")


def stay_in_copy(database: Database, lease: Lease, meanwhile: Callable[[], list[Lease]]) -> list[Lease]:
    """Lock the partitions, stop in the middle of a COPY, and return what came of `meanwhile`."""
    with suppress(Unavailable), database.transaction([Advance(lease, 5, 0)]) as cursor:
        cursor.execute("UPDATE log_partition SET next_offset = 99")
        with cursor.copy("COPY device (device_id, key_hash) FROM STDIN") as copy:
            copy.write("left behind\t1\n")
            successor = meanwhile()
    return successor


def test_a_predecessor_that_is_stuck_in_copy_is_ended_and_its_rows_are_gone(old: Database, new: Database) -> None:
    lease = claim(old)[0]

    successor = stay_in_copy(old, lease, lambda: claim(new))

    assert [(lease.epoch, lease.next_offset) for lease in successor] == [(2, 0), (2, 0)]
    with new.read() as cursor:
        assert cursor.execute("SELECT count(*) FROM device").fetchall() == [(0,)]


def make_month(database: Database, meanwhile: Callable[[], object] = list) -> None:
    """Make the partition of a month, doing `meanwhile` before that commits; raises Unavailable."""
    with database.transaction() as cursor:
        cursor.execute("SELECT reading_partition('2031-05-05')")
        meanwhile()


def cut(database: Database, by: Database) -> None:
    """Let the server end a connection, and its owner notice."""
    with by.transaction() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [database.backend()[0]])
    with pytest.raises(Unavailable), database.read() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_lock_that_a_frozen_predecessor_shares_with_others_is_given_up_and_taken_by_a_claim(
    old: Database, new: Database, *, is_cut: bool
) -> None:
    claim(old)
    if is_cut:
        cut(old, new)

    done = []

    def succeed() -> None:
        with pytest.raises(Unavailable, match="lock timeout"):
            make_month(new)
        claim(new)
        make_month(new)
        done.append(new)

    with pytest.raises(Unavailable):  # ended by the claim
        make_month(old, succeed)

    assert done == [new]


def test_a_predecessor_that_comes_back_is_told_before_it_writes(old: Database, new: Database) -> None:
    leases = claim(old)
    claim(new)
    reached = False

    with pytest.raises(Unavailable), old.read() as cursor:
        cursor.execute("SELECT 1")
    with pytest.raises(LeaseLost), old.transaction([Advance(leases[0], 5, 0)]):
        reached = True

    assert not reached


def test_a_connection_that_was_cut_is_made_again_and_recorded(old: Database, new: Database) -> None:
    lease = claim(old)[0]
    with new.transaction() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [old.backend()[0]])
    with pytest.raises(Unavailable), old.transaction([Advance(lease, 5, 0)]):
        pass

    with old.transaction([Advance(lease, 6, 0)]):
        pass

    with new.read() as cursor:
        cursor.execute("SELECT backend_pid, next_offset FROM log_partition WHERE partition = 0")
        assert cursor.fetchall() == [(old.backend()[0], 6)]


def test_a_pid_that_is_used_again_by_somebody_else_is_left_alone(old: Database, new: Database) -> None:
    claim(old)
    with old.transaction() as cursor:
        cursor.execute("UPDATE log_partition SET backend_started = backend_started - INTERVAL '1 hour'")

    claim(new)

    with old.read() as cursor:
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def fail_half_way(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute("INSERT INTO device (device_id, key_hash) VALUES ('d', 1)")
        raise KeyError


def test_what_fails_in_the_body_leaves_nothing_behind(old: Database) -> None:
    with pytest.raises(KeyError):
        fail_half_way(old)

    with old.read() as cursor:
        assert cursor.execute("SELECT count(*) FROM device").fetchall() == [(0,)]


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable), Database("postgresql://nobody@127.0.0.1:1/none").read():
        pass


def test_a_database_without_tables_names_the_command_that_makes_them(old: Database) -> None:
    with pytest.raises(InvalidConfiguration, match="ecovigil db migrate"), old.read() as cursor:
        cursor.execute("SELECT * FROM no_such_table")

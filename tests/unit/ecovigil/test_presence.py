"""When a role could work, and what is our own outage."""

from collections.abc import Sequence

from ecovigil.health import Health
from ecovigil.presence import Presence
from schemas.errors import Unavailable
from schemas.times import SECOND_US
from store.account_port import OwnOutage, Stretch
from store.memory import MemoryStore

START = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time


class Room:
    """A role whose servers, store and clock are in our hands; it looks every five seconds."""

    def __init__(self, store: MemoryStore | None = None, now: int = START) -> None:
        self.store = store or MemoryStore()
        self.is_connected = True
        self.is_database_there = True
        self.answers_after_s = 0
        self.at = now
        health = Health(clock=lambda: 0.0)
        health.require("mqtt", lambda: self.is_connected)
        health.started()
        self.presence = Presence("bridge", health, self, self)

    def now(self) -> int:
        return self.at

    def note_presence(self, role: str, stretches: Sequence[Stretch], gap_us: int) -> None:
        if not self.is_database_there:
            raise Unavailable("database: away")
        self.at += self.answers_after_s * SECOND_US
        self.store.note_presence(role, stretches, gap_us)

    def look_for(self, seconds: int) -> None:
        for _ in range(seconds // 5):
            self.at += 5 * SECOND_US
            try:
                self.presence.look()
            except Unavailable:
                continue

    @property
    def outages(self) -> list[OwnOutage]:
        return self.store.own_outages(START, START + 10**12)


def seconds(outages: list[OwnOutage]) -> list[tuple[float, float, str]]:
    return [((o.started_at - START) / SECOND_US, (o.ended_at - START) / SECOND_US, o.missing) for o in outages]


def test_a_role_that_can_work_has_no_outage() -> None:
    room = Room()

    room.look_for(600)

    assert room.outages == []


def test_a_broker_that_was_away_is_an_outage_when_it_is_back() -> None:
    room = Room()
    room.look_for(60)
    room.is_connected = False
    room.look_for(120)
    assert room.outages == []

    room.is_connected = True
    room.look_for(10)

    assert seconds(room.outages) == [(60, 185, "mqtt")]


def test_a_short_absence_is_none() -> None:
    room = Room()
    room.look_for(60)
    room.is_connected = False
    room.look_for(15)
    room.is_connected = True
    room.look_for(5)

    assert room.outages == []


def test_a_process_that_was_away_is_an_outage_when_another_one_comes() -> None:
    before = Room()
    before.look_for(60)

    after = Room(before.store, before.at + 300 * SECOND_US)
    after.look_for(5)

    assert seconds(after.outages) == [(60, 365, "")]


def test_a_role_that_runs_on_without_the_database_has_no_outage() -> None:
    room = Room()
    room.look_for(60)
    room.is_database_there = False
    room.look_for(600)
    room.is_database_there = True
    room.look_for(10)

    assert room.outages == []


def test_an_outage_while_the_database_is_away_is_noted_afterwards() -> None:
    room = Room()
    room.look_for(60)
    room.is_database_there = room.is_connected = False
    room.look_for(100)
    room.is_connected = True
    room.look_for(100)
    room.is_database_there = True
    room.look_for(5)

    assert seconds(room.outages) == [(60, 165, "mqtt")]


def test_nobody_is_missed_while_another_process_of_the_role_is_there() -> None:
    one = Room()
    other = Room(one.store)
    one.look_for(60)
    one.is_connected = False
    for _ in range(20):
        one.look_for(5)
        other.at = one.at - 5 * SECOND_US
        other.look_for(5)

    one.is_connected = True
    one.look_for(5)

    assert one.outages == []


def test_a_process_that_stood_still_as_a_whole_was_away() -> None:
    room = Room()
    room.look_for(60)

    room.at += 45 * SECOND_US
    room.look_for(10)

    assert seconds(room.outages) == [(60, 110, "")]


def test_a_database_that_answers_late_is_no_standstill() -> None:
    room = Room()
    room.look_for(60)
    room.answers_after_s = 300

    room.look_for(10)

    assert room.outages == []

"""The alerts role on PostgreSQL: one transaction holds alert, history, notification, proposal, event and offset."""

from collections.abc import Iterator

import pytest

from alerts.desk import Desk
from alerts.stage import AlertStage
from bus.memory_log import MemoryLog
from schemas import topics
from schemas.codes import FindingKind, FindingStatus, Grade
from schemas.errors import Overtaken
from schemas.events import Finding
from schemas.identity import content_id
from schemas.registry import Registry
from store.alert_port import AlertBatch, AlertFilter
from store.alerts import PostgresAlerts
from store.postgres import Database
from store.registry import RegistryStore
from store.work import PostgresWorkStore

pytestmark = pytest.mark.live

T0 = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""
REGISTRY = Registry.from_tables(
    {
        "city": [{"id": "110000", "name": "北京市"}],
        "recipient": [{"id": "office", "channel": "console", "city": "110000"}],
    }
)


class Interrupted(PostgresAlerts):
    """A store in which a person acts between the role's reading and its commit, once."""

    person_acts = False

    def commit_alerts(self, batch: AlertBatch) -> None:
        if self.person_acts and batch.advances:
            self.person_acts = False
            desk = Desk(PostgresAlerts(self.database), lambda: (1, REGISTRY))
            desk.acknowledge(self.find_alerts(AlertFilter())[0].alert_id, "officer-1", T0 + 1)
        super().commit_alerts(batch)


class Room:
    """The role between a log and a database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = Interrupted(database)
        self.work = PostgresWorkStore(database)
        RegistryStore(database).import_registry(REGISTRY, "test", T0)
        self.log = MemoryLog()
        self.stage = AlertStage(self.log.consumer(topics.FINDINGS, "alerts"), self.store, self.work)

    def tell(self, grade: Grade, status: FindingStatus = FindingStatus.RAISED) -> None:
        finding = Finding(
            finding_id=content_id("f"), kind=FindingKind.HEAVY_POLLUTION, status=status, city="110000", grade=grade,
            start=T0, detected_at=T0,
        )  # fmt: skip
        self.log.producer().send(topics.FINDINGS, finding.model_dump_json().encode())
        while self.stage.step(0):
            pass

    def history(self) -> list[tuple[str, str]]:
        (alert,) = self.store.find_alerts(AlertFilter())
        return [(event.reason, event.state.value) for event in self.store.alert_history(alert.alert_id)]


@pytest.fixture
def room(database_url: str) -> Iterator[Room]:
    database = Database(database_url)
    yield Room(database)
    database.close()


def test_a_finding_becomes_alert_notification_proposal_and_event(room: Room) -> None:
    room.tell(Grade.ORANGE)

    (alert,) = room.store.find_alerts(AlertFilter())
    with room.database.read() as cursor:
        sent = cursor.execute("SELECT topic, key FROM outbox").fetchall()
    assert sent == [("alerts.v1", str(alert.alert_id))]
    assert [n.recipient_id for n in room.store.notifications_of(alert.alert_id)] == ["office"]
    assert [a.state for a in room.store.activations(alert.alert_id)] == ["proposed"]
    assert [lease.next_offset for lease in room.work.leases(topics.FINDINGS, [0])] == [1]


def test_a_person_who_acts_in_between_is_not_overwritten(room: Room) -> None:
    room.tell(Grade.YELLOW)
    room.store.person_acts = True

    room.tell(Grade.ORANGE, FindingStatus.CHANGED)

    assert room.history() == [("raised", "open"), ("acknowledged", "acknowledged"), ("escalated", "acknowledged")]


def test_a_decision_that_is_overtaken_is_made_again(room: Room) -> None:
    room.tell(Grade.ORANGE)
    (alert,) = room.store.find_alerts(AlertFilter())

    with pytest.raises(Overtaken):
        room.store.commit_alerts(AlertBatch(alerts=[(alert, alert.step + 1)]))
    Desk(room.store, room.work.registry).close(alert.alert_id, "officer-1", "over", T0 + 1)

    assert room.history() == [("raised", "open"), ("closed", "closed")]

"""What we lose ourselves is noticed, counted and told once."""

import pytest

from ecovigil.in_memory import InMemoryChain
from ecovigil.own_losses import AcknowledgedNotes, Audit, tell_losses
from ingest.bridge import Bridge
from schemas.codes import FindingKind
from schemas.times import HOUR_US, MINUTE_US
from schemas.topics import MEANS, REPORTS, report_topic
from store.alert_port import Alert, AlertFilter
from store.ledger_port import passed_over
from tests.unit.ingest.bridge_bench import NOON, REGISTRY, payload


class Loss:
    """The whole chain in memory, with a bridge whose acknowledgements are noted and an auditor."""

    def __init__(self) -> None:
        self.chain = InMemoryChain(REGISTRY, NOON)
        bridge = self.chain.roles["bridge"]
        assert isinstance(bridge, Bridge)
        self.notes = AcknowledgedNotes("bridge", bridge.tally.by_hour, self.chain.clock)

    def send(self, count: int) -> None:
        for minute in range(count):
            self.chain.link.offer(report_topic("220100", "mn-1"), payload(minute))
        while self.chain.roles["bridge"].step(0.0):
            pass
        self.notes.note(self.chain.store)

    def lose_the_log(self) -> None:
        self.chain.log.renew(REPORTS)
        self.chain.kill("detectors")

    def audit_after(self, us: int) -> None:
        self.chain.tick(NOON + us)
        Audit(self.chain.clock).look(self.chain.store)
        self.chain.settle()

    def told(self) -> list[tuple[str, object]]:
        return sorted((alert.kind.value, alert.detail.get("messages")) for alert in self.alerts())

    def alerts(self) -> list[Alert]:
        found = self.chain.store.find_alerts(AlertFilter())
        return [alert for alert in found if alert.kind in (FindingKind.OWN_LOSS, FindingKind.LOG_REPLACED)]


@pytest.fixture
def loss() -> Loss:
    return Loss()


def test_what_was_acknowledged_and_booked_is_no_loss(loss: Loss) -> None:
    loss.send(3)

    loss.audit_after(HOUR_US)

    assert loss.told() == []


def test_what_the_workers_have_not_come_to_yet_is_no_loss(loss: Loss) -> None:
    loss.send(3)

    Audit(loss.chain.clock).look(loss.chain.store)

    assert loss.chain.store.untold_losses() == []


def test_a_log_that_was_made_anew_is_told_with_what_it_cost(loss: Loss) -> None:
    loss.chain.tick(NOON)
    loss.send(3)
    loss.lose_the_log()

    loss.audit_after(2 * MINUTE_US)

    assert loss.told() == [("log_replaced", None), ("own_loss", 3)]


def test_a_loss_is_told_once(loss: Loss) -> None:
    loss.chain.tick(NOON)
    loss.send(3)
    loss.lose_the_log()

    for minutes in (2, 4, 6):
        loss.audit_after(minutes * MINUTE_US)

    history = [loss.chain.store.alert_history(alert.alert_id) for alert in loss.alerts()]
    assert [len(steps) for steps in history] == [1, 1]


def test_a_loss_in_spite_of_later_traffic_is_counted_for_its_hour(loss: Loss) -> None:
    loss.chain.tick(NOON)
    loss.send(3)
    loss.lose_the_log()
    loss.chain.clock.move_to(NOON + HOUR_US)
    loss.send(5)

    loss.audit_after(HOUR_US + 2 * MINUTE_US)

    assert ("own_loss", 3) in loss.told()


def test_events_that_were_deleted_unread_are_told(loss: Loss) -> None:
    loss.chain.store.keep_loss(passed_over(MEANS, 0, 17, NOON))
    tell_losses(loss.chain.store, NOON)
    loss.chain.settle()

    (alert,) = loss.alerts()

    assert (alert.kind, alert.detail["subject"]) == (FindingKind.OWN_LOSS, "means.v1/0@17")
    assert "事件在读取前已被删除" in alert.text_zh
    assert "lowers no enterprise's rate" in alert.text_en

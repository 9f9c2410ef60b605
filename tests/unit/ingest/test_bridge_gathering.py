"""How long a bundle stays open: while reports keep coming, and shortly after others have left."""

from itertools import chain, repeat

import pytest

from bus.memory_link import MemoryLink
from bus.memory_log import MemoryLog
from ingest.bridge import BridgeSettings
from ingest.bundler import BundleLimits
from schemas.topics import report_topic
from tests.unit.ingest.bridge_bench import (
    EndlessLink,
    HeldProducer,
    ScriptedLink,
    bridge_on,
    bundles,
    payload,
    stopwatch_of,
)


def test_a_bundle_lingers_while_reports_keep_coming(log: MemoryLog) -> None:
    link = EndlessLink(report_topic("220100", "mn-1"), [payload(minute) for minute in range(6)])
    settings = BridgeSettings(bundle=BundleLimits(linger_s=0.05))

    bridge_on(link, log.producer(), settings, stopwatch_of(0.02)).step(0)

    assert [len(bundle) for bundle in bundles(log)] == [3]


@pytest.mark.parametrize(("busy_messages", "taken"), [(3, 5), (6, 3)], ids=["many", "few"])
def test_a_bundle_lingers_longer_where_many_come(log: MemoryLog, busy_messages: int, taken: int) -> None:
    link = EndlessLink(report_topic("220100", "mn-1"), [payload(minute) for minute in range(9)])
    limits = BundleLimits(linger_s=0.05, busy_linger_s=0.1, busy_messages=busy_messages)

    bridge_on(link, log.producer(), BridgeSettings(bundle=limits), stopwatch_of(0.02)).step(0)

    assert [len(bundle) for bundle in bundles(log)] == [taken]


def test_a_report_after_a_quiet_time_leaves_at_once(log: MemoryLog) -> None:
    link = ScriptedLink(report_topic("220100", "mn-1"), [[payload(0)], [], [payload(1)], []])

    settings = BridgeSettings(bundle=BundleLimits(linger_s=10.0, gather_s=0.1))

    bridge = bridge_on(link, log.producer(), settings, stopwatch_of(0.2))
    bridge.step(0)
    bridge.step(0)

    assert [len(bundle) for bundle in bundles(log)] == [1, 1]


def test_reports_that_follow_soon_after_a_bundle_gather(log: MemoryLog) -> None:
    link = ScriptedLink(report_topic("220100", "mn-1"), [[payload(0)], [], [payload(1)], [], [payload(2)], [], []])

    bridge = bridge_on(link, log.producer(), BridgeSettings(bundle=BundleLimits(gather_s=0.1)), stopwatch_of(0.01))
    bridge.step(0)
    bridge.step(0)

    assert [len(bundle) for bundle in bundles(log)] == [1, 2]


def test_a_bundle_that_was_opened_later_does_not_wait_for_another_report(link: MemoryLink) -> None:
    for device in ("mn-1", "mn-2"):
        link.offer(report_topic("220100", device), payload())
    seconds = chain([0.0, 0.02, 0.04], repeat(0.06))  # first opened, not due, second opened, due from then on
    settings = BridgeSettings(poll_messages=1, bundle=BundleLimits(linger_s=0.05))
    producer = HeldProducer()
    bridge = bridge_on(link, producer, settings, lambda: next(seconds))
    bridge.step(0)
    assert len(producer.sent) == 1

    bridge.step(0)

    assert len(producer.sent) == 2

"""The bridge on the in-memory link and log: what is settled when, and what a failure repeats."""

from hashlib import sha256

import pytest

from bus.memory_link import MemoryLink
from bus.memory_log import MemoryLog
from ingest.bridge import Bridge, BridgeSettings
from ingest.bundler import BundleLimits
from ingest.intake import Intake
from ingest.registry_source import FixedRegistry
from schemas.bundle import Bundle, decode_record, unpack_raw
from schemas.codes import Rejection
from schemas.errors import Unavailable
from schemas.partitions import partition_of
from schemas.registry import Registry
from schemas.topics import REPORTS, ack_topic, report_topic
from tests.unit.ingest.bridge_bench import (
    DEVICES,
    NOON,
    REGISTRY,
    HeldProducer,
    NoTime,
    QosZeroLink,
    bridge_on,
    bundles,
    payload,
)


def test_a_report_reaches_the_partition_of_its_device_with_its_bytes(link: MemoryLink, log: MemoryLog) -> None:
    link.offer(report_topic("220100", "mn-1"), payload(value=12.5))

    assert bridge_on(link, log.producer()).step(0)

    (value,) = log.topic(REPORTS).records[partition_of("mn-1", 4)]
    bundle = decode_record(value)
    assert isinstance(bundle, Bundle)
    assert unpack_raw(bundle.raw) == [payload(value=12.5)]
    assert (bundle.devices, bundle.sites, bundle.parameters) == (["mn-1"], ["site-1"], ["a34013"])
    assert bundle.reading_value.tolist() == [12.5]
    assert bundle.report_received_at.tolist() == [NOON]


def test_a_device_learns_the_digests_of_all_its_reports(link: MemoryLink, log: MemoryLog) -> None:
    for minute in range(3):
        link.offer(report_topic("220100", "mn-1"), payload(minute))
    bridge = bridge_on(link, log.producer())

    while bridge.step(0):
        pass

    (ack,) = link.take_published()
    assert ack.topic == ack_topic("220100", "mn-1")
    assert ack.payload.decode().split("\n") == [sha256(payload(minute)).hexdigest() for minute in range(3)]


def test_nothing_is_settled_before_kafka_has_it(link: MemoryLink) -> None:
    producer = HeldProducer()
    link.offer(report_topic("220100", "mn-1"), payload())
    bridge = bridge_on(link, producer)

    bridge.step(0)
    assert (link.unsettled, link.take_published()) == (1, [])

    producer.finish(0)
    bridge.step(0)
    assert (link.unsettled, len(link.take_published())) == (0, 1)
    assert bridge.idle


def test_messages_are_settled_in_the_order_in_which_they_came(link: MemoryLink) -> None:
    producer = HeldProducer()
    for device in DEVICES:
        link.offer(report_topic("220100", device), payload())
    bridge = bridge_on(link, producer)
    bridge.step(0)

    for index in reversed(range(len(producer.sent))):
        producer.finish(index)
        bridge.step(0)

    assert [delivery.token[1] for delivery in link.settled] == list(range(1, 9))


def test_a_bundle_that_kafka_refused_is_sent_again_and_nothing_more_is_read(link: MemoryLink) -> None:
    producer = HeldProducer(partitions=1)
    link.offer(report_topic("220100", "mn-1"), payload())
    bridge = bridge_on(link, producer)
    bridge.step(0)
    producer.finish(0, Unavailable("kafka: away"))
    link.offer(report_topic("220100", "mn-1"), payload(1))

    bridge.step(0)
    bridge.step(0)

    assert [value for _, value, _ in producer.sent][:2] == [producer.sent[0][1]] * 2
    assert bridge.tally.failures == 1
    producer.finish(1)
    bridge.step(0)
    assert len(link.settled) == 1


def test_where_kafka_is_still_away_one_bundle_finds_it_out_for_all(link: MemoryLink) -> None:
    producer = HeldProducer(partitions=1)
    bridge = bridge_on(link, producer)
    for minute in range(3):
        link.offer(report_topic("220100", "mn-1"), payload(minute))
        bridge.step(0)
    producer.is_away = True
    for index in range(3):
        producer.finish(index, Unavailable("kafka: away"))

    bridge.step(0)

    assert producer.asked == 3 + 1


def test_a_bridge_that_waits_for_kafka_stops_reading(link: MemoryLink) -> None:
    for minute in range(50):
        link.offer(report_topic("220100", "mn-1"), payload(minute))
    bridge = bridge_on(link, HeldProducer(), BridgeSettings(poll_messages=5, max_waiting=10))

    for _ in range(20):
        bridge.step(0)

    assert (link.unsettled, link.waiting) == (10, 40)


def test_a_full_bundle_leaves_before_the_link_runs_dry(link: MemoryLink, log: MemoryLog) -> None:
    for minute in range(25):
        link.offer(report_topic("220100", "mn-1"), payload(minute))
    settings = BridgeSettings(bundle=BundleLimits(messages=10))

    bridge_on(link, log.producer(), settings).step(0)

    assert [len(bundle) for bundle in bundles(log)] == [10, 10, 5]


def test_rejected_messages_travel_in_the_bundle_and_are_acknowledged_too(link: MemoryLink, log: MemoryLog) -> None:
    link.offer(report_topic("220100", "mn-1"), b"{")
    link.offer(report_topic("220100", "mn-1"), payload())
    bridge = bridge_on(link, log.producer())

    while bridge.step(0):
        pass

    (bundle,) = bundles(log)
    (rejected,) = bundle.rejected
    assert (rejected.reason, rejected.device_id, rejected.whole) == (Rejection.MALFORMED, "mn-1", True)
    assert unpack_raw(bundle.raw)[rejected.position] == b"{"
    assert bundle.received == {"mn-1": 2}
    assert sha256(b"{").hexdigest() in link.take_published()[0].payload.decode()


def test_a_message_on_a_wrong_topic_is_kept_without_a_device(link: MemoryLink, log: MemoryLog) -> None:
    link.offer("ecovigil/hello", b"hi")
    bridge = bridge_on(link, log.producer())

    while bridge.step(0):
        pass

    (bundle,) = bundles(log)
    assert [(r.reason, r.device_id, r.topic) for r in bundle.rejected] == [("wrong_topic", "", "ecovigil/hello")]
    assert (bundle.received, link.unsettled, link.take_published()) == ({"": 1}, 0, [])


def test_its_own_acknowledgements_are_settled_and_forgotten(link: MemoryLink, log: MemoryLog) -> None:
    link.offer(ack_topic("220100", "mn-1"), b"00")

    bridge_on(link, log.producer()).step(0)

    assert (link.unsettled, bundles(log)) == (0, [])


def test_a_bad_reading_travels_beside_its_stored_report(link: MemoryLink, log: MemoryLog) -> None:
    mixed = b'{"observed_at": "2026-03-10T11:00", "kind": "hour", "readings": [["a34013", 1], ["a34013x", 2]]}'
    link.offer(report_topic("220100", "mn-1"), mixed)

    bridge_on(link, log.producer()).step(0)

    (bundle,) = bundles(log)
    assert (len(bundle), bundle.reading_value.tolist()) == (1, [1.0])
    assert [(r.reason, r.whole, r.site_id) for r in bundle.rejected] == [("unknown_parameter", False, "site-1")]


def test_a_drained_bridge_leaves_nothing_behind(link: MemoryLink, log: MemoryLog) -> None:
    for minute in range(7):
        link.offer(report_topic("220100", "mn-1"), payload(minute))
    bridge = bridge_on(link, log.producer(), BridgeSettings(poll_messages=7))
    bridge.step(0)

    bridge.close()

    assert (bridge.idle, link.unsettled, sum(len(b) for b in bundles(log))) == (True, 0, 7)


def test_a_drain_without_kafka_settles_nothing(link: MemoryLink) -> None:
    link.offer(report_topic("220100", "mn-1"), payload())
    bridge = bridge_on(link, HeldProducer())
    bridge.step(0)

    bridge.close()

    assert link.unsettled == 1


def test_a_message_that_our_code_cannot_take_is_kept_as_our_defect(link: MemoryLink, log: MemoryLog) -> None:
    broken = Registry(device=REGISTRY.device)  # devices without their sites: a registry that was never checked
    link.offer(report_topic("220100", "mn-1"), payload())

    bridge_on(link, log.producer(), registry=broken).step(0)

    assert [r.reason for r in bundles(log)[0].rejected] == [Rejection.INTERNAL_ERROR]


def test_messages_without_a_packet_id_hold_nothing_up(log: MemoryLog) -> None:
    link = QosZeroLink(3)
    bridge = bridge_on(link, log.producer())

    while bridge.step(0):
        pass

    assert (len(link.settled), sum(len(b) for b in bundles(log))) == (3, 3)


def test_nothing_is_read_before_the_time_is_known(link: MemoryLink, log: MemoryLog) -> None:
    link.offer(report_topic("220100", "mn-1"), payload())
    bridge = Bridge(link, log.producer(), NoTime(), Intake(FixedRegistry(REGISTRY)))

    with pytest.raises(Unavailable):
        bridge.step(0)
    assert link.waiting == 1


def test_the_tally_tells_what_was_taken_and_what_kafka_has() -> None:
    link, producer = MemoryLink(), HeldProducer()
    bridge = bridge_on(link, producer)
    link.offer(report_topic("220100", "mn-1"), payload())
    link.offer(report_topic("220100", "mn-1"), b"{")

    bridge.step(0.0)
    under_way = bridge.tally.acknowledged, bridge.waiting[0]
    producer.finish(0)
    bridge.step(0.0)

    assert under_way == (0, 2)
    assert (bridge.tally.acknowledged, bridge.waiting) == (2, (0, 0))
    assert (bridge.tally.readings, bridge.tally.refused) == (1, {"malformed": 1})

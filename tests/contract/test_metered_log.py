"""Figures of the log, from a real one: what was sent, what was read, what is left."""

import pytest

from bus.kafka_address import KafkaAddress
from bus.kafka_topics import ensure_topics
from ecovigil.embedded_kafka import KafkaServer
from ecovigil.metered import MeteredConsumer, MeteredProducer
from ecovigil.meters import Meters

TOPIC = "metered"
pytestmark = pytest.mark.live


def value(meters: Meters, name: str, **labels: str) -> float | None:
    return meters.registry.get_sample_value(f"ecovigil_{name}", {"topic": TOPIC} | labels)


def test_lag_is_what_was_not_taken_yet(kafka_server: KafkaServer) -> None:
    address, meters = KafkaAddress(kafka_server.url), Meters("detectors")
    ensure_topics(address, {TOPIC: 1}, 1)
    producer = MeteredProducer(address, "writer", meters)
    for number in range(3):
        producer.send(TOPIC, b"%d" % number, partition=0)
    producer.flush()
    consumer = MeteredConsumer(address, TOPIC, "readers", "reader", meters)

    taken = first_record_of(consumer)

    assert taken == [b"0"]
    assert consumer.is_member
    assert value(meters, "records_sent_total") == 3
    assert value(meters, "lag_records", partition="0") == 2
    consumer.close()
    producer.close()


def first_record_of(consumer: MeteredConsumer) -> list[bytes]:
    while True:
        change = consumer.take_rebalance()
        for partition in change.gained if change else ():
            consumer.start(partition, 0)
        records = consumer.poll(0.2, 1)
        if records:
            return [record.value for record in records]

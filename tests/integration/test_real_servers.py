"""Apache Kafka and Mosquitto start here with the shipped settings, keep what they acknowledged and let in whom they should."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from ecovigil.real_servers.apache_kafka import ApacheKafka
from ecovigil.real_servers.mosquitto import Mosquitto, why_absent
from tests.integration.mqtt_client import client, connected, publish, received, subscribe

pytestmark = pytest.mark.acceptance
needs_mosquitto = pytest.mark.skipif(bool(why_absent()), reason=why_absent())


def test_apache_kafka_gives_back_an_acknowledged_record(apache_kafka: ApacheKafka) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=apache_kafka.url)) as admin:
        admin.create_topics({"probe": {"num_partitions": 2}})
    producer = KafkaProducer(bootstrap_servers=apache_kafka.url, acks="all")

    kept = producer.send("probe", b"35.2", partition=1).get(timeout=30)
    producer.close()

    assert _record_at(apache_kafka.url, "probe", 1, kept.offset) == b"35.2"


def test_mosquitto_keeps_the_messages_of_a_subscriber_that_is_away(mosquitto: Mosquitto) -> None:
    subscribe(mosquitto.port, client("bridge"))

    publish(mosquitto.port, client("device"), b"35.2")

    assert received(mosquitto.port, client("bridge"), 1) == [b"35.2"]


@needs_mosquitto
def test_mosquitto_keeps_queued_messages_over_a_restart(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        subscribe(broker.port, client("bridge"))
        publish(broker.port, client("device"), b"35.2")

        broker.stop()
        broker.start()

        assert received(broker.port, client("bridge"), 1) == [b"35.2"]


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    """Mosquitto with the shipped access rules and three accounts."""
    if why_absent():
        pytest.skip(why_absent())
    with Mosquitto(tmp_path, accounts={"ecovigil": "p", "d1": "q", "d2": "r"}) as broker:
        yield broker


def test_a_device_speaks_only_under_its_own_id(guarded: Mosquitto) -> None:
    subscribe(guarded.port, client("ecovigil", "p"), "$share/bridges/ecovigil/#")

    publish(guarded.port, client("d2", "r"), b"forged", topic="ecovigil/v1/110000/d1/report")
    publish(guarded.port, client("d1", "q"), b"35.2", topic="ecovigil/v1/110000/d1/report")

    assert received(guarded.port, client("ecovigil", "p"), 2, within_s=1) == [b"35.2"]


def test_nobody_gets_in_without_a_name(guarded: Mosquitto) -> None:
    with pytest.raises(ConnectionRefusedError), connected(guarded.port, client("stranger")):
        pass


def _record_at(bootstrap: str, topic: str, partition: int, offset: int) -> bytes:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="none", enable_auto_commit=False)
    where = TopicPartition(topic, partition)
    consumer.assign([where])
    consumer.seek(where, offset)
    records = consumer.poll(timeout_ms=30_000)[where]
    consumer.close()
    value: bytes = records[0].value
    return value

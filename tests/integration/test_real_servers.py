"""Apache Kafka and Mosquitto start here and keep what they acknowledged, Mosquitto also over a restart."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue

import paho.mqtt.client as paho
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from paho.mqtt.enums import CallbackAPIVersion

from tests.integration.apache_kafka import ApacheKafka
from tests.integration.mosquitto import Mosquitto, why_absent

pytestmark = pytest.mark.acceptance


def test_apache_kafka_gives_back_an_acknowledged_record(apache_kafka: ApacheKafka) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=apache_kafka.bootstrap)) as admin:
        admin.create_topics({"probe": {"num_partitions": 2}})
    producer = KafkaProducer(bootstrap_servers=apache_kafka.bootstrap, acks="all")

    kept = producer.send("probe", b"35.2", partition=1).get(timeout=30)
    producer.close()

    assert _record_at(apache_kafka.bootstrap, "probe", 1, kept.offset) == b"35.2"


def test_mosquitto_keeps_the_messages_of_a_subscriber_that_is_away(mosquitto: Mosquitto) -> None:
    _subscribed(mosquitto.port, "bridge")

    _published(mosquitto.port, b"35.2")

    assert _next_message(mosquitto.port, "bridge") == b"35.2"


@pytest.mark.skipif(bool(why_absent()), reason=why_absent())
def test_mosquitto_keeps_queued_messages_over_a_restart(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    broker.start()
    _subscribed(broker.port, "bridge")
    _published(broker.port, b"35.2")

    broker.stop()
    broker.start()

    assert _next_message(broker.port, "bridge") == b"35.2"
    broker.stop()


def _record_at(bootstrap: str, topic: str, partition: int, offset: int) -> bytes:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="none", enable_auto_commit=False)
    where = TopicPartition(topic, partition)
    consumer.assign([where])
    consumer.seek(where, offset)
    records = consumer.poll(timeout_ms=30_000)[where]
    consumer.close()
    value: bytes = records[0].value
    return value


@contextmanager
def _connected(port: int, client: paho.Client) -> Iterator[paho.Client]:
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def _client(name: str) -> paho.Client:
    return paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)


def _subscribed(port: int, name: str) -> None:
    client, granted = _client(name), SimpleQueue[bool]()
    client.on_connect = lambda *_: client.subscribe("ecovigil/#", qos=1)
    client.on_subscribe = lambda *_: granted.put(True)
    with _connected(port, client):
        assert granted.get(timeout=10)


def _published(port: int, payload: bytes) -> None:
    with _connected(port, _client("device")) as client:
        client.publish("ecovigil/v1/110000/d1/report", payload, qos=1).wait_for_publish(timeout=10)


def _next_message(port: int, name: str) -> bytes:
    client, messages = _client(name), SimpleQueue[bytes]()
    client.on_message = lambda _client, _userdata, message: messages.put(message.payload)
    with _connected(port, client):
        return messages.get(timeout=10)

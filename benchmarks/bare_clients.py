"""The client libraries alone: what the fastest use of paho and kafka-python can do on this machine. The ceilings that ours is set beside.

`python -m benchmarks.bare_clients paho MQTT_URL REPORTS`: receive and acknowledge by hand, nothing else.
`python -m benchmarks.bare_clients kafka BOOTSTRAP REPORTS`: append one record a report (acks=all), then read them all.
"""

import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

TOPIC = "plain"
PAYLOAD = b"x" * 330


def paho(mqtt_url: str, expected: int) -> dict[str, float]:
    """Receive and acknowledge until all have come."""
    seen = {"count": 0, "first": 0.0}

    def on_message(client: Client, _data: object, message: MQTTMessage) -> None:
        seen["first"] = seen["first"] or time.time()
        seen["count"] += 1
        client.ack(message.mid, message.qos)

    client = Client(CallbackAPIVersion.VERSION2, "bare-paho", clean_session=True, manual_ack=True)
    client.on_message = on_message
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.on_connect = lambda c, *_: c.subscribe("ecovigil/v1/+/+/report", 1)
    parts = urlsplit(mqtt_url)
    client.connect(parts.hostname or "", parts.port or 1883)
    cpu = 0.0
    while seen["count"] < expected:
        client.loop(timeout=1.0)
        cpu = cpu or (time.process_time() if seen["count"] else 0.0)
    return {**seen, "last": time.time(), "cpu_s": time.process_time() - cpu}


def kafka(bootstrap: str, expected: int) -> dict[str, float]:
    """Append so many records, then read them."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5, batch_size=1 << 20)
    partitions = sorted(producer.partitions_for(TOPIC))
    print("ready", flush=True)
    sys.stdin.readline()
    started, cpu = time.time(), time.process_time()
    for number in range(expected):
        producer.send(TOPIC, PAYLOAD, partition=partitions[number % len(partitions)])
    producer.flush()
    appended, appended_cpu = time.time(), time.process_time()
    _read(bootstrap, partitions, expected)
    read, read_cpu = time.time(), time.process_time()
    return {
        "append_per_s": expected / (appended - started), "append_cpu_s": appended_cpu - cpu,
        "read_per_s": expected / (read - appended), "read_cpu_s": read_cpu - appended_cpu, "count": expected,
    }  # fmt: skip


def _read(bootstrap: str, partitions: list[int], expected: int) -> None:
    consumer: Any = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(TOPIC, number) for number in partitions])
    consumer.seek_to_beginning()
    count = 0
    while count < expected:
        count += sum(map(len, consumer.poll(timeout_ms=500, max_records=5000).values()))
    consumer.close()


if __name__ == "__main__":
    run = {"paho": paho, "kafka": kafka}[sys.argv[1]]
    print(json.dumps(run(sys.argv[2], int(sys.argv[3]))), flush=True)
    sys.stdin.read()

"""The loop that a good engineer writes in an afternoon: paho, kafka-python, pydantic, executemany. What ours is compared with.

`python -m benchmarks.plain_loop bridge MQTT_URL BOOTSTRAP REPORTS` moves messages from MQTT to the topic `plain`;
`python -m benchmarks.plain_loop worker BOOTSTRAP DATABASE_URL REPORTS` takes them to rows, hour means and exceedances, and commits offsets to Kafka
after the rows. No acknowledgement to devices, no raw bytes, no late data, no fence. Both print "ready", wait for a line, and end with JSON.
"""

import json
import sys
import time
from collections import defaultdict
from datetime import datetime
from urllib.parse import urlsplit

import psycopg
from kafka import KafkaConsumer, KafkaProducer
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import BaseModel

TOPIC = "plain"
LIMITS = {"a21026-Zs": 100.0, "a21002-Zs": 100.0, "a34013-Zs": 30.0}
BATCH = 500
TABLES = """
CREATE TABLE IF NOT EXISTS plain_reading (
    device text, parameter text, observed_at timestamptz, value double precision, flag text,
    PRIMARY KEY (device, parameter, observed_at)
);
CREATE TABLE IF NOT EXISTS plain_mean (
    device text, parameter text, start timestamptz, value double precision, samples integer, exceeded boolean,
    PRIMARY KEY (device, parameter, start)
);
"""
INSERT_READING = "INSERT INTO plain_reading VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
INSERT_MEAN = "INSERT INTO plain_mean VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"


class Report(BaseModel):
    """A report as it comes."""

    site: str
    kind: str
    observed_at: datetime
    sent_at: datetime
    readings: list[tuple[str, float]]


def bridge(mqtt_url: str, bootstrap: str, expected: int) -> dict[str, float]:
    """Move messages until all have come."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)
    seen = {"count": 0, "first": 0.0}

    def on_message(_client: Client, _data: object, message: MQTTMessage) -> None:
        seen["first"] = seen["first"] or time.time()
        seen["count"] += 1
        producer.send(TOPIC, message.payload, key=message.topic.encode())

    client = Client(CallbackAPIVersion.VERSION2, "plain-bridge", clean_session=True)
    client.on_message = on_message
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.on_connect = lambda c, *_: c.subscribe("ecovigil/v1/+/+/report", 1)
    parts = urlsplit(mqtt_url)
    client.connect(parts.hostname or "", parts.port or 1883)
    while seen["count"] < expected:
        client.loop(timeout=1.0)
    producer.flush()
    return {"count": seen["count"], "first": seen["first"], "last": time.time()}


class Loop:
    """Rows, hour means and exceedances of what comes from Kafka."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        self.connection = connection
        self.rows: list[tuple[object, ...]] = []
        self.sums: defaultdict[tuple[str, str, datetime], list[float]] = defaultdict(list)
        self.hours: dict[str, datetime] = {}
        self.means: list[tuple[object, ...]] = []

    def take(self, payload: bytes) -> None:
        """Take one report."""
        report = Report.model_validate_json(payload)
        hour = report.observed_at.replace(minute=0, second=0, microsecond=0)
        before = self.hours.setdefault(report.site, hour)
        if hour > before:
            self.close(report.site, before, [parameter for parameter, _ in report.readings])
            self.hours[report.site] = hour
        for parameter, value in report.readings:
            self.rows.append((report.site, parameter, report.observed_at, value, "N"))
            self.sums[report.site, parameter, hour].append(value)

    def close(self, site: str, hour: datetime, parameters: list[str]) -> None:
        """Judge an hour that is over."""
        for parameter in parameters:
            values = self.sums.pop((site, parameter, hour), [])
            if len(values) >= 45:
                mean = sum(values) / len(values)
                exceeded = mean > LIMITS.get(parameter, float("inf"))
                self.means.append((site, parameter, hour, mean, len(values), exceeded))

    def write(self) -> None:
        """Write and commit what was taken."""
        with self.connection.cursor() as cursor:
            cursor.executemany(INSERT_READING, self.rows)
            if self.means:
                cursor.executemany(INSERT_MEAN, self.means)
        self.connection.commit()
        self.rows.clear()
        self.means.clear()


def worker(bootstrap: str, database_url: str, expected: int) -> dict[str, float]:
    """Take reports from Kafka until all have come."""
    connection = psycopg.connect(database_url)
    connection.execute(TABLES)
    connection.commit()
    consumer = KafkaConsumer(
        TOPIC, bootstrap_servers=bootstrap, group_id="plain", auto_offset_reset="earliest", enable_auto_commit=False
    )
    loop, count, first = Loop(connection), 0, 0.0
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.time()
    while count < expected:
        for records in consumer.poll(timeout_ms=500, max_records=BATCH).values():
            first = first or time.time()
            for record in records:
                loop.take(record.value)
            count += len(records)
        if loop.rows:
            loop.write()
            consumer.commit()
    return {"count": count, "started": started, "first": first, "last": time.time()}


if __name__ == "__main__":
    run = bridge if sys.argv[1] == "bridge" else worker
    print(json.dumps(run(sys.argv[2], sys.argv[3], int(sys.argv[4]))), flush=True)
    sys.stdin.read()

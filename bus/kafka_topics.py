"""Topics of the log: making them, and telling one from another of the same name."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from kafka.structs import TopicPartition

from bus.kafka_address import KafkaAddress
from schemas.errors import Unavailable

CONNECT_MS: Final = 5_000
MAX_RECORD_BYTES: Final = 8 * 1024 * 1024
QUICK: Final[dict[str, Any]] = {
    "bootstrap_timeout_ms": CONNECT_MS,
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
    "enable_auto_commit": False,
}
"""What all our consumers share."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise what goes wrong inside as Unavailable."""
    try:
        yield
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka: {what}: {type(error).__name__}: {error}") from error


def ensure_topics(address: KafkaAddress, partitions: Mapping[str, int], replication: int = -1) -> None:
    """Make the topics that are missing; those that are there stay as they are. Raises Unavailable."""
    wanted = {
        name: {
            "num_partitions": n,
            "replication_factor": replication,
            "configs": {"max.message.bytes": str(MAX_RECORD_BYTES)},
        }
        for name, n in partitions.items()
    }
    with translated("topics cannot be made"), admin(address) as client:
        missing = set(wanted) - set(client.list_topics())
        for name in sorted(missing):
            _make(client, name, wanted[name])


def topic_identity(address: KafkaAddress, topic: str) -> str:
    """Return the id of the topic as the broker gave it when the topic was made (KIP-516); raises Unavailable.

    Apache Kafka (from 2.8) and Tansu both give another one to a topic that is made anew under the same name.
    """
    with translated(f"topic {topic} has no identity"), admin(address) as client:
        found = client.describe_topics([topic])[0]
        if found["error_code"]:
            raise for_code(found["error_code"])(topic)
        return str(found["topic_id"])


def is_reachable(address: KafkaAddress) -> bool:
    """Whether a broker answers."""
    try:
        with translated("not reachable"), admin(address):
            return True
    except Unavailable:
        return False


def high_water(address: KafkaAddress, topic: str, partition: int) -> int:
    """Return the offset after the last record as a fetch tells it; raises Unavailable.

    Not ListOffsets: Tansu (0.6.0) answers that with the number of batches.
    """
    with translated(f"topic {topic}"), _prober(address) as client:
        return _fetched_high_water(client, TopicPartition(topic, partition))


def high_waters(address: KafkaAddress, topic: str) -> dict[int, int]:
    """Return the offset after the last record of each partition of a topic; raises Unavailable."""
    with translated(f"topic {topic}"), _prober(address) as client:
        found = sorted(client.partitions_for_topic(topic) or ())
        return {partition: _fetched_high_water(client, TopicPartition(topic, partition)) for partition in found}


@contextmanager
def _prober(address: KafkaAddress) -> Iterator[Any]:
    client = KafkaConsumer(**address.options(), max_partition_fetch_bytes=1, fetch_max_wait_ms=1, **QUICK)
    try:
        yield client
    finally:
        client.close(autocommit=False)


def low_water(address: KafkaAddress, topic: str, partition: int) -> int:
    """Return the first offset that is still there; raises Unavailable."""
    tp = TopicPartition(topic, partition)
    with translated(f"topic {topic}"):
        client = KafkaConsumer(**address.options(), **QUICK)
        try:
            return int(client.beginning_offsets([tp], timeout_ms=CONNECT_MS)[tp])
        finally:
            client.close(autocommit=False)


def _fetched_high_water(client: Any, tp: TopicPartition) -> int:
    client.assign([tp])
    client.seek(tp, client.beginning_offsets([tp], timeout_ms=CONNECT_MS)[tp])
    deadline = time.monotonic() + CONNECT_MS / 1000
    while time.monotonic() < deadline:
        client.poll(timeout_ms=100, max_records=1)
        if (found := client.highwater(tp)) is not None:
            return int(found)
    raise Unavailable(f"Kafka: no answer for {tp.topic}/{tp.partition}")


@contextmanager
def admin(address: KafkaAddress) -> Iterator[Any]:
    """Yield an administrator's client for a short while."""
    client = KafkaAdminClient(**address.options(), bootstrap_timeout_ms=CONNECT_MS, request_timeout_ms=CONNECT_MS)
    try:
        yield client
    finally:
        client.close()


def _make(client: Any, name: str, options: Mapping[str, Any]) -> None:
    try:
        client.create_topics({name: options}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return  # another of our processes was quicker

"""The log on Kafka: producer and consumer behind the ports, for Apache Kafka and for the embedded broker alike.

Delivery guarantee: a record is kept when its `on_done` says so (acks=all); after an error or a crash it may be there
too, so what reads it must be indifferent to repeats. Offsets are never committed here: they live in the database.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from kafka import KafkaConsumer, KafkaProducer
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import KafkaError, LogTruncationError, NoOffsetForPartitionError, OffsetOutOfRangeError
from kafka.structs import TopicPartition

from bus.kafka_address import KafkaAddress
from bus.kafka_identity import IdentityWatch
from bus.kafka_notes import Notes
from bus.kafka_sent import Outstanding
from bus.kafka_topics import CONNECT_MS, MAX_RECORD_BYTES, QUICK, high_water, topic_identity, translated
from bus.port import LogRecord, Rebalance
from schemas.errors import OffsetGone, Unavailable
from schemas.partitions import partition_of

DELIVERY_MS: Final = 30_000
STUCK_AFTER_S: Final = 45.0
"""By then every record must have arrived or failed."""
LOOK_EVERY_S: Final = 2.0
ABANDONED_WITHIN_S: Final = 2.0

log = logging.getLogger(__name__)


class KafkaLogProducer:
    """Appends with acks=all and idempotence; a client that failed for good is replaced at the next `send`."""

    def __init__(self, address: KafkaAddress, client_id: str) -> None:
        """Connect at the first use; nothing is raised here."""
        self._address = address
        self._client_id = client_id
        self._client: Any = None
        self._lock = threading.RLock()
        self._failed: Exception | None = None
        """First failure since the last `flush`."""
        self._broken = False
        self._outstanding = Outstanding()
        self._closing = threading.Event()
        self._watch: threading.Thread | None = None

    def partitions(self, topic: str) -> int:
        """Return how many partitions the topic has; raises Unavailable."""
        with translated(f"topic {topic}"):
            found = self._connected().partitions_for(topic)
        if not found:
            raise Unavailable(f"Kafka: no topic {topic}")
        return len(found)

    def send(
        self,
        topic: str,
        value: bytes,
        *,
        partition: int | None = None,
        key: str | None = None,
        on_done: Callable[[Exception | None], None] | None = None,
    ) -> None:
        """Queue one record; raises Unavailable where no broker has answered yet (`on_done` is not called then)."""
        if partition is None:
            partition = 0 if key is None else partition_of(key, self.partitions(topic))
        with translated(f"topic {topic}"):
            client = self._connected()
            number = self._outstanding.add(client, on_done)
            try:
                future = client.send(topic, value, key=key.encode() if key else None, partition=partition)
            except BaseException:
                self._outstanding.forget(number)
                raise
        future.add_callback(lambda _: self._outstanding.settle(number, None))
        future.add_errback(lambda error: self._fail(client, error, number))

    def flush(self, timeout_s: float = 30.0) -> None:
        """Wait until all that was sent is acknowledged; raises Unavailable where any record was not."""
        if self._client is not None:
            with translated("not acknowledged in time"):
                self._client.flush(timeout=timeout_s)
        failed, self._failed = self._failed, None
        if failed is not None:
            raise Unavailable(f"Kafka: not acknowledged: {failed}") from failed

    def close(self) -> None:
        """Flush shortly and let go."""
        self._closing.set()
        client, self._client = self._client, None
        if client is not None:
            with suppress(KafkaError):
                client.flush(timeout=5)
            _abandon(client)

    def _connected(self) -> Any:
        with self._lock:
            if self._broken:
                self._replace()
            if self._client is None:
                self._client = self._connect()
                self._watch = self._watch or _started(self._look_after)
            return self._client

    def _replace(self) -> None:
        """Let go of the client; what it still holds has failed, and its owner sends it again."""
        client, self._client, self._broken = self._client, None, False
        if client is not None:
            _abandon(client)
            self._outstanding.give_up(client, Unavailable("Kafka: the client was given up"))

    def _look_after(self) -> None:
        # after an outage longer than the delivery time, kafka-python 3.0 may wait for a producer id for ever: what it holds
        # then neither arrives nor fails
        while not self._closing.wait(LOOK_EVERY_S):
            if self._outstanding.waiting_s() > STUCK_AFTER_S:
                log.warning("Kafka: a record has had no answer for %g s: another client takes over", STUCK_AFTER_S)
                with self._lock:
                    self._replace()

    def _connect(self) -> Any:
        return KafkaProducer(
            **self._address.options(),
            client_id=self._client_id,
            acks="all",
            linger_ms=2,
            batch_size=1024 * 1024,
            max_request_size=MAX_RECORD_BYTES,
            max_block_ms=CONNECT_MS,
            request_timeout_ms=10_000,
            delivery_timeout_ms=DELIVERY_MS,
            bootstrap_timeout_ms=CONNECT_MS,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def _fail(self, client: Any, error: Exception, number: int) -> None:
        # runs on the client's thread. A producer id that a restarted memory broker does not know fails every later
        # record too, so the whole client is replaced; records that it still holds fail and are sent again by their owner
        self._failed = self._failed or error
        self._broken = self._broken or client is self._client
        self._outstanding.settle(number, error)


def _abandon(client: Any) -> None:
    # `close` flushes first and raises where it cannot (kafka-python 3.0): the client would live on, with all that it holds
    client._sender.force_close()
    client._sender.join(ABANDONED_WITHIN_S)
    with suppress(KafkaError):
        client.close(timeout=0)


def _started(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name="look after the producer", daemon=True)
    thread.start()
    return thread


class KafkaLogConsumer:
    """A member of a consumer group on one topic; partitions are paused until `start`."""

    def __init__(self, address: KafkaAddress, topic: str, group: str, client_id: str) -> None:
        """Join the group; raises Unavailable where no broker answers."""
        self._address = address
        self._topic = topic
        self._identity = IdentityWatch(address, topic)
        with translated(f"no answer from {address.bootstrap}"):
            self._client = _consumer_client(address, group, client_id)
        self._notes = Notes(self._client)
        self._client.subscribe([topic], listener=self._notes)

    @property
    def is_reachable(self) -> bool:
        """Whether the broker answered the last question about the topic."""
        return self._identity.is_answered

    @property
    def is_member(self) -> bool:
        """Whether the group has told us which partitions are ours, be it none."""
        return self._notes.is_member

    def known_end(self, partition: int) -> int:
        """Return the offset after the last record of an owned partition, as the last fetch told it (0: none did); asks nobody."""
        tp = TopicPartition(self._topic, partition)
        return (self._client.highwater(tp) or 0) if tp in self._client.assignment() else 0

    def log_id(self) -> str:
        """Return the identity of the log, asked anew; raises Unavailable."""
        return self._identity.ask()

    def partitions(self) -> int:
        """Return how many partitions the topic has; raises Unavailable."""
        with translated(f"topic {self._topic}"):
            found = self._client.partitions_for_topic(self._topic)
        if not found:
            raise Unavailable(f"Kafka: no topic {self._topic}")
        return len(found)

    def take_rebalance(self) -> Rebalance | None:
        """Return the change of assignment since the last call; gained partitions are paused until `start`."""
        return self._notes.take()

    def start(self, partition: int, offset: int) -> None:
        """Deliver an owned partition from `offset` on; one that has gone meanwhile is left alone."""
        tp = TopicPartition(self._topic, partition)
        try:
            if self._notes.owns(partition):
                self._client.seek(tp, offset)
                self._client.resume(tp)
        except (ValueError, KeyError):
            log.info("partition %s went away before it was started", partition)

    def poll(self, timeout_s: float, max_records: int = 500) -> Sequence[LogRecord]:
        """Return records of started partitions in offset order; raises Unavailable or OffsetGone (that partition stops)."""
        if self._identity.has_changed():
            log.warning("topic %s was made anew", self._topic)
            self._start_over()
        try:
            with translated(f"topic {self._topic}"):
                polled = self._client.poll(timeout_ms=int(timeout_s * 1000), max_records=max_records)
        except Unavailable as error:
            return self._explain(error)
        return [
            LogRecord(self._topic, tp.partition, record.offset, record.value)
            for tp, records in sorted(polled.items())
            if self._notes.owns(tp.partition)
            for record in records
        ]

    def earliest(self, partition: int) -> int:
        """Return the first offset that is still there; raises Unavailable."""
        return self._offset(self._client.beginning_offsets, partition)

    def end(self, partition: int) -> int:
        """Return the offset after the last record; raises Unavailable."""
        return high_water(self._address, self._topic, partition)

    def close(self) -> None:
        """Leave the group."""
        self._client.close(autocommit=False, timeout_ms=2_000)
        self._identity.close()

    def _offset(self, ask: Callable[..., dict[TopicPartition, int]], partition: int) -> int:
        tp = TopicPartition(self._topic, partition)
        with translated(f"topic {self._topic}"):
            return int(ask([tp], timeout_ms=CONNECT_MS)[tp])

    def _start_over(self) -> None:
        owned = list(self._client.assignment())
        self._client.pause(*owned)
        self._notes.forget()

    def _explain(self, error: Unavailable) -> Sequence[LogRecord]:
        cause = error.__cause__
        if isinstance(cause, NoOffsetForPartitionError):
            return []  # a partition between assignment and our note of it
        if not isinstance(cause, OffsetOutOfRangeError | LogTruncationError):
            raise error
        if self._identity.known != topic_identity(self._address, self._topic):
            self._start_over()
            return []
        raise self._gone(cause) from error

    def _gone(self, cause: Any) -> OffsetGone:
        # one at a time: the next poll meets the others
        tp, offset = next(iter(sorted(_offending(cause).items())))
        self._client.pause(tp)
        return OffsetGone(self._topic, tp.partition, offset)


def _offending(cause: Any) -> dict[TopicPartition, int]:
    offsets = getattr(cause, "divergent_offsets", None) or next((a for a in cause.args if isinstance(a, dict)), {})
    return {tp: int(getattr(offset, "offset", offset) or 0) for tp, offset in offsets.items()}


def _consumer_client(address: KafkaAddress, group: str, client_id: str) -> Any:
    return KafkaConsumer(
        **address.options(),
        group_id=group,
        client_id=client_id,
        auto_offset_reset="none",
        session_timeout_ms=address.session_ms,
        heartbeat_interval_ms=min(1_000, address.session_ms // 10),
        partition_assignment_strategy=[RangePartitionAssignor],
        max_partition_fetch_bytes=2 * MAX_RECORD_BYTES,
        fetch_max_wait_ms=200,
        request_timeout_ms=15_000,
        **QUICK,
    )

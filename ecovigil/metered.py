"""Adapters that count what passes through them: log, database, store and channels, each as its plain class does it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from alerts.notifiers import Attempt, Channel, Message
from bus.kafka_address import KafkaAddress
from bus.kafka_log import KafkaLogConsumer, KafkaLogProducer
from bus.port import Delivery, DeviceLink, LogRecord, Rebalance
from ecovigil.meters import Meters, WorkMeters
from schemas.errors import Unavailable
from schemas.registry import Recipient
from store.port import Advance, WorkBatch
from store.postgres import Cursor, Database
from store.work import PostgresWorkStore


class MeteredProducer(KafkaLogProducer):
    """Counts records by what became of them."""

    def __init__(self, address: KafkaAddress, client_id: str, meters: Meters) -> None:
        super().__init__(address, client_id)
        self._meters = meters
        self.is_reachable = True
        """Whether Kafka took the last record that it answered for."""

    def send(
        self,
        topic: str,
        value: bytes,
        *,
        partition: int | None = None,
        key: str | None = None,
        on_done: Callable[[Exception | None], None] | None = None,
    ) -> None:
        """Send, and note when and how it ends."""
        began = time.monotonic()

        def note(error: Exception | None) -> None:
            self._note(topic, began, error)
            if on_done is not None:
                on_done(error)

        try:
            super().send(topic, value, partition=partition, key=key, on_done=note)
        except Unavailable as error:
            self._note(topic, began, error)
            raise

    def _note(self, topic: str, began: float, error: Exception | None) -> None:
        meters, self.is_reachable = self._meters.log, error is None
        (meters.sent if error is None else meters.unsent).labels(topic).inc()
        meters.send.labels(topic).observe(time.monotonic() - began)


class MeteredConsumer(KafkaLogConsumer):
    """Counts records by partition, and what is left behind them."""

    def __init__(self, address: KafkaAddress, topic: str, group: str, client_id: str, meters: Meters) -> None:
        super().__init__(address, topic, group, client_id)
        self._meters = meters
        self._of = topic
        self._next: dict[int, int] = {}

    def take_rebalance(self) -> Rebalance | None:
        """Note how many partitions are ours; those that went have no lag any more."""
        change = super().take_rebalance()
        if change is not None:
            self._meters.log.assigned.labels(self._of).set(len(change.assigned))
            for partition in self._next.keys() - change.assigned:
                del self._next[partition]
                self._meters.log.lag.remove(self._of, str(partition))
        return change

    def start(self, partition: int, offset: int) -> None:
        """Note where reading starts."""
        super().start(partition, offset)
        self._next[partition] = offset

    def poll(self, timeout_s: float, max_records: int = 500) -> Sequence[LogRecord]:
        """Count what came."""
        began = time.monotonic()
        records = super().poll(timeout_s, max_records)
        self._meters.waited_s += time.monotonic() - began
        self._next.update((record.partition, record.offset + 1) for record in records)
        for partition, count in Counter(record.partition for record in records).items():
            self._meters.log.read.labels(self._of, str(partition)).inc(count)
        for partition, offset in self._next.items():
            behind = max(0, self.known_end(partition) - offset)
            self._meters.log.lag.labels(self._of, str(partition)).set(behind)
        return records


class MeteredLink:
    """Tells waiting for messages from working on them, over either client of MQTT."""

    def __init__(self, link: DeviceLink, meters: Meters) -> None:
        self._link = link
        self._meters = meters
        self.settle = link.settle
        self.publish = link.publish
        self.close = link.close

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us."""
        return self._link.is_connected

    def poll(self, timeout_s: float, max_messages: int) -> Sequence[Delivery]:
        """Poll."""
        began = time.monotonic()
        deliveries = self._link.poll(timeout_s, max_messages)
        self._meters.waited_s += time.monotonic() - began
        return deliveries


class MeteredDatabase(Database):
    """Times transactions, and knows whether the server answered last."""

    def __init__(self, url: str, meters: Meters) -> None:
        super().__init__(url)
        self._meters = meters
        self.is_reachable = True

    @contextmanager
    def transaction(self, advances: Sequence[Advance] = ()) -> Iterator[Cursor]:
        """Time the transaction."""
        with self._noted(), self._meters.commit.time(), super().transaction(advances) as cursor:
            yield cursor

    @contextmanager
    def read(self) -> Iterator[Cursor]:
        """Read."""
        with self._noted(), super().read() as cursor:
            yield cursor

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except Unavailable:
            self.is_reachable = False
            raise
        self.is_reachable = True


class MeteredWorkStore(PostgresWorkStore):
    """Counts what each commit of a worker holds: sums of lengths, nothing by reading."""

    def __init__(self, database: Database, meters: Meters) -> None:
        super().__init__(database)
        self._meters = meters

    def commit_work(self, batch: WorkBatch) -> None:
        """Commit, then count."""
        super().commit_work(batch)
        count_work(batch, self._meters.work)


def count_work(batch: WorkBatch, meters: WorkMeters) -> None:
    """Add what one commit holds."""
    reports = {"stored": len(batch.reports), "duplicate": 0, "rejected": 0}
    reports["duplicate"] = sum(entry.duplicate for entry in batch.books) + int(batch.counts.duplicate.sum())
    reports["rejected"] = sum(entry.rejected for entry in batch.books)
    readings = {"stored": len(batch.readings), "superseding": len(batch.winners), "superseded": len(batch.losers)}
    for counter, counts in ((meters.reports, reports), (meters.readings, readings)):
        for outcome, count in counts.items():
            counter.labels(outcome).inc(count)
    for reason, count in Counter(refused.reason for _, refused in batch.rejected).items():
        meters.letters.labels(reason).inc(count)
    for kind, count in Counter(finding.kind for finding in batch.findings).items():
        meters.findings.labels(kind).inc(count)
    meters.means.inc(len(batch.means))


class MeteredChannel:
    """Counts attempts of one channel by outcome."""

    def __init__(self, name: str, channel: Channel, meters: Meters) -> None:
        self._name = name
        self._channel = channel
        self._attempts = meters.telling.attempts
        self._seconds = meters.telling.seconds

    def deliver(self, message: Message, recipient: Recipient) -> Attempt:
        """Deliver, and note how it ended."""
        with self._seconds.labels(self._name).time():
            attempt = self._channel.deliver(message, recipient)
        outcome = "delivered" if not attempt.error else "retry" if attempt.retryable else "refused"
        self._attempts.labels(self._name, outcome).inc()
        return attempt

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

"""The in-memory twin of the log: append-only lists behind the ports of Kafka, for scenarios and tests.

Delivery guarantee: a record is kept when `send` returns; everything is gone with the process.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Condition
from uuid import uuid4

from bus.port import LogRecord, Rebalance
from schemas.errors import OffsetGone, Unavailable
from schemas.partitions import partition_of


class MemoryTopic:
    """One topic: its identity and one list of values a partition."""

    def __init__(self, partitions: int) -> None:
        self.log_id = str(uuid4())
        self.records: list[list[bytes]] = [[] for _ in range(partitions)]
        self.first = [0] * partitions
        """First offset that is still there, by partition."""


class MemoryLog:
    """All topics of one in-memory log; producers and consumers are made from it."""

    def __init__(self, partitions: Mapping[str, int] | None = None) -> None:
        """Make a log whose topics have one partition, except as named in `partitions`."""
        self._partitions = dict(partitions or {})
        self._topics: dict[str, MemoryTopic] = {}
        self._members: dict[tuple[str, str], list[MemoryConsumer]] = {}
        self.changed = Condition()

    def topic(self, name: str) -> MemoryTopic:
        """Return the topic, made where it is missing."""
        if name not in self._topics:
            self._topics[name] = MemoryTopic(self._partitions.get(name, 1))
        return self._topics[name]

    def producer(self) -> "MemoryProducer":
        """Return a producer on this log."""
        return MemoryProducer(self)

    def consumer(self, topic: str, group: str) -> "MemoryConsumer":
        """Return a new member of `group`; the partitions are dealt out anew among its members."""
        member = MemoryConsumer(self, topic, group)
        self._members.setdefault((topic, group), []).append(member)
        self._deal(topic, group)
        return member

    def leave(self, member: "MemoryConsumer") -> None:
        """Take a member out of its group; the others get its partitions."""
        members = self._members.get((member.topic, member.group), [])
        if member in members:
            members.remove(member)
            self._deal(member.topic, member.group)

    def forget_before(self, topic: str, partition: int, offset: int) -> None:
        """Drop records as retention does; reading them raises OffsetGone afterwards."""
        self.topic(topic).first[partition] = offset

    def renew(self, topic: str) -> None:
        """Make a topic anew: empty, and with another identity."""
        self._topics[topic] = MemoryTopic(len(self.topic(topic).records))

    def _deal(self, topic: str, group: str) -> None:
        members = self._members[topic, group]
        for i, member in enumerate(members):
            member.assign(frozenset(range(i, len(self.topic(topic).records), len(members))))


class MemoryProducer:
    """Appends at once; `on_done` runs before `send` returns."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._closed = False

    def partitions(self, topic: str) -> int:
        """Return how many partitions the topic has."""
        return len(self._log.topic(topic).records)

    def send(
        self,
        topic: str,
        value: bytes,
        *,
        partition: int | None = None,
        key: str | None = None,
        on_done: Callable[[Exception | None], None] | None = None,
    ) -> None:
        """Append one record to `partition`, or to that of `key` (without either: 0)."""
        if self._closed:
            raise Unavailable("memory log: the producer is closed")
        records = self._log.topic(topic).records
        if partition is None:
            partition = 0 if key is None else partition_of(key, len(records))
        with self._log.changed:
            records[partition].append(value)
            self._log.changed.notify_all()
        if on_done is not None:
            on_done(None)

    def flush(self, timeout_s: float = 30.0) -> None:
        """Return at once: nothing waits."""

    def close(self) -> None:
        """Let go; a later `send` raises Unavailable."""
        self._closed = True


class MemoryConsumer:
    """A member of a group of the in-memory log."""

    def __init__(self, log: MemoryLog, topic: str, group: str) -> None:
        self.topic = topic
        self.group = group
        self._log = log
        self._assigned: frozenset[int] = frozenset()
        self._told: frozenset[int] = frozenset()
        self._lost: frozenset[int] = frozenset()
        """Partitions that were taken away since the last `take_rebalance`, even where they came back."""
        self._next: dict[int, int] = {}
        """Next offset of each started partition."""

    def assign(self, partitions: frozenset[int]) -> None:
        """Note which partitions are ours from now on; those that go away stop at once."""
        self._lost |= self._assigned - partitions
        self._assigned = partitions
        self._next = {p: offset for p, offset in self._next.items() if p in partitions}

    def log_id(self) -> str:
        """Return the identity of the topic."""
        return self._log.topic(self.topic).log_id

    def partitions(self) -> int:
        """Return how many partitions the topic has."""
        return len(self._log.topic(self.topic).records)

    def take_rebalance(self) -> Rebalance | None:
        """Return the change of assignment since the last call."""
        if self._assigned == self._told and not self._lost & self._told:
            return None
        change = Rebalance(self._assigned, self._assigned - (self._told - self._lost), self._told & self._lost)
        self._told, self._lost = self._assigned, frozenset()
        return change

    def start(self, partition: int, offset: int) -> None:
        """Deliver an owned partition from `offset` on; one that is not ours any more is left alone."""
        if partition in self._assigned:
            self._next[partition] = offset

    def poll(self, timeout_s: float, max_records: int = 500) -> Sequence[LogRecord]:
        """Return what is there, waiting for at most `timeout_s` where there is nothing."""
        found = self._read(max_records)
        if found or timeout_s <= 0:
            return found
        deadline = time.monotonic() + timeout_s
        with self._log.changed:
            while not (found := self._read(max_records)) and (left := deadline - time.monotonic()) > 0:
                self._log.changed.wait(left)
        return found

    def earliest(self, partition: int) -> int:
        """Return the first offset that is still there."""
        return self._log.topic(self.topic).first[partition]

    def end(self, partition: int) -> int:
        """Return the offset after the last record."""
        return len(self._log.topic(self.topic).records[partition])

    def close(self) -> None:
        """Leave the group."""
        self._log.leave(self)
        self.assign(frozenset())

    def _read(self, max_records: int) -> list[LogRecord]:
        found: list[LogRecord] = []
        topic = self._log.topic(self.topic)
        for partition in sorted(self._next):
            offset = self._next[partition]
            if not topic.first[partition] <= offset <= len(topic.records[partition]):
                del self._next[partition]
                raise OffsetGone(self.topic, partition, offset)
            values = topic.records[partition][offset : offset + max_records - len(found)]
            found += [LogRecord(self.topic, partition, offset + i, value) for i, value in enumerate(values)]
            self._next[partition] = offset + len(values)
        return found

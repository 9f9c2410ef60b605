"""What every log promises: the in-memory twin and Kafka's protocol on the embedded broker."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from bus.kafka_address import KafkaAddress
from bus.kafka_log import KafkaLogConsumer, KafkaLogProducer
from bus.kafka_topics import ensure_topics
from bus.memory_log import MemoryLog
from bus.port import LogConsumer, LogProducer, LogRecord
from schemas.partitions import partition_of

_numbers = count()


@dataclass
class Log:
    """A log with one fresh topic of four partitions."""

    topic: str
    producer: LogProducer
    join: Callable[[], LogConsumer]
    members: list[LogConsumer] = field(default_factory=list)
    owned: dict[int, frozenset[int]] = field(default_factory=dict)
    """Partitions by position in `members`."""

    def consumer(self) -> LogConsumer:
        """Return a new member of the group."""
        self.members.append(self.join())
        return self.members[-1]

    def holdings(self) -> list[int]:
        """Let time pass for all members, and return how many partitions each has."""
        for i, member in enumerate(self.members):
            member.poll(0.1)
            if change := member.take_rebalance():
                self.owned[i] = change.assigned
        return [len(self.owned.get(i, ())) for i in range(len(self.members))]


def memory() -> Log:
    """The twin."""
    log = MemoryLog({"t": 4})
    return Log("t", log.producer(), lambda: log.consumer("t", "g"))


def kafka(url: str) -> Log:
    """A new topic on the embedded broker."""
    topic = f"t{next(_numbers)}"
    address = KafkaAddress(url, session_ms=3_000)
    ensure_topics(address, {topic: 4})
    producer = KafkaLogProducer(address, "test")
    return Log(topic, producer, lambda: KafkaLogConsumer(address, topic, f"g-{topic}", "test"))


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.live)])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """Each log in turn."""
    made = memory() if request.param == "memory" else kafka(request.getfixturevalue("kafka_server").url)
    yield made
    made.producer.close()
    for member in made.members:
        member.close()


def until(condition: Callable[[], Any], tries: int = 200) -> Any:
    """Return the first true value of `condition`, which waits a little by itself."""
    for _ in range(tries):
        if found := condition():
            return found
    raise AssertionError("it did not come")


def owner(log: Log, offsets: dict[int, int]) -> LogConsumer:
    """Return the only member, which reads these partitions from these offsets."""
    consumer = log.consumer()
    until(lambda: (consumer.poll(0.1), consumer.take_rebalance())[1])
    for partition, offset in offsets.items():
        consumer.start(partition, offset)
    return consumer


def read(consumer: LogConsumer, amount: int) -> list[LogRecord]:
    """Return at least `amount` records."""
    found: list[LogRecord] = []

    def enough() -> bool:
        found.extend(consumer.poll(0.2))
        return len(found) >= amount

    until(enough)
    return found


def append(log: Log, values: list[bytes], partition: int = 0) -> None:
    """Append and wait."""
    for value in values:
        log.producer.send(log.topic, value, partition=partition)
    log.producer.flush()


def test_records_come_in_the_order_in_which_they_were_appended(log: Log) -> None:
    append(log, [b"a", b"b", b"c"], partition=2)

    records = read(owner(log, {2: 0}), 3)

    assert [(r.partition, r.offset, r.value) for r in records] == [(2, 0, b"a"), (2, 1, b"b"), (2, 2, b"c")]


def test_a_partition_is_read_from_the_offset_it_is_started_at(log: Log) -> None:
    append(log, [b"a", b"b", b"c"])

    assert read(owner(log, {0: 2}), 1) == [LogRecord(log.topic, 0, 2, b"c")]


def test_a_partition_that_was_not_started_stays_silent(log: Log) -> None:
    append(log, [b"a"], partition=0)
    append(log, [b"b"], partition=1)

    assert [r.partition for r in read(owner(log, {1: 0}), 1)] == [1]


def test_a_key_goes_to_the_partition_that_everybody_computes(log: Log) -> None:
    log.producer.send(log.topic, b"x", key="88888880000001")
    log.producer.flush()

    records = read(owner(log, dict.fromkeys(range(4), 0)), 1)

    assert records[0].partition == partition_of("88888880000001", 4)


def test_an_acknowledged_record_is_reported_once(log: Log) -> None:
    told: list[Exception | None] = []

    log.producer.send(log.topic, b"x", partition=0, on_done=told.append)
    log.producer.flush()

    assert told == [None]


def test_the_only_member_gains_every_partition(log: Log) -> None:
    consumer = log.consumer()

    change = until(lambda: (consumer.poll(0.1), consumer.take_rebalance())[1])

    assert (change.assigned, change.gained, change.lost) == ({0, 1, 2, 3}, {0, 1, 2, 3}, set())


def test_the_partitions_of_a_member_that_leaves_come_back(log: Log) -> None:
    log.consumer()
    log.consumer()
    until(lambda: log.holdings() == [2, 2])

    log.members.pop().close()

    assert until(lambda: log.holdings() == [4])


def test_first_and_last_offset_are_known(log: Log) -> None:
    append(log, [b"a", b"b", b"c"])
    consumer = owner(log, {})

    assert (consumer.earliest(0), consumer.end(0), consumer.end(1)) == (0, 3, 0)


def test_identity_is_of_the_log_not_of_the_member(log: Log) -> None:
    assert log.consumer().log_id() == log.consumer().log_id()


def test_the_number_of_partitions_is_known(log: Log) -> None:
    assert log.producer.partitions(log.topic) == log.consumer().partitions() == 4

"""Stand-ins around a bridge: clocks, a link without packet ids, a producer that holds back; and a bridge on them."""

import json
import time
from collections.abc import Callable, Sequence
from itertools import count

from bus.memory_link import MemoryLink
from bus.memory_log import MemoryLog
from bus.port import Delivery, LogProducer
from ingest.bridge import Bridge, BridgeSettings
from ingest.intake import Intake
from ingest.registry_source import FixedRegistry
from schemas.bundle import Bundle, decode_record
from schemas.errors import Unavailable
from schemas.registry import Registry
from schemas.topics import REPORTS, report_topic

NOON = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time
DEVICES = [f"mn-{i}" for i in range(8)]
REGISTRY = Registry.from_tables(
    {
        "site": [{"id": f"site-{i}", "kind": "stack"} for i in range(8)],
        "device": [{"id": name, "sites": [f"site-{i}"]} for i, name in enumerate(DEVICES)],
    }
)


class Noon:
    """A clock that stands."""

    def now(self) -> int:
        return NOON


class NoTime:
    """A virtual clock that has not been told anything yet."""

    def now(self) -> int:
        raise Unavailable("virtual clock: no time has been told yet")


class QosZeroLink(MemoryLink):
    """A link whose messages all came with QoS 0: they share one token."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = [Delivery(report_topic("220100", "mn-1"), payload(i), (1, 0)) for i in range(count)]

    def poll(self, timeout_s: float, max_messages: int) -> list[Delivery]:
        taken, self.left = self.left[:max_messages], self.left[max_messages:]
        return taken

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        self.settled += deliveries


class EndlessLink(MemoryLink):
    """A link that has one message at each poll, to the last."""

    def __init__(self, topic: str, payloads: list[bytes]) -> None:
        super().__init__()
        self.left = [Delivery(topic, content, (1, number)) for number, content in enumerate(payloads, 1)]

    def poll(self, timeout_s: float, max_messages: int) -> list[Delivery]:
        return [self.left.pop(0)]


class ScriptedLink(MemoryLink):
    """A link whose polls bring these messages in turn, and then nothing."""

    def __init__(self, topic: str, polls: list[list[bytes]]) -> None:
        super().__init__()
        numbers = count(1)
        self.left = [[Delivery(topic, content, (1, next(numbers))) for content in contents] for contents in polls]

    def poll(self, timeout_s: float, max_messages: int) -> list[Delivery]:
        return self.left.pop(0) if self.left else []


def stopwatch_of(step_s: float) -> Callable[[], float]:
    """Return a stopwatch on which so much goes by from one look to the next."""
    return count(0.0, step_s).__next__


class HeldProducer:
    """A LogProducer whose acknowledgements come when the test says so."""

    def __init__(self, partitions: int = 4) -> None:
        self.sent: list[tuple[int, bytes, Callable[[Exception | None], None]]] = []
        self.count = partitions
        self.is_away = False
        self.asked = 0

    def partitions(self, topic: str) -> int:
        return self.count

    def send(
        self,
        topic: str,
        value: bytes,
        *,
        partition: int | None = None,
        key: str | None = None,
        on_done: Callable[[Exception | None], None] | None = None,
    ) -> None:
        assert partition is not None
        assert on_done is not None
        self.asked += 1
        if self.is_away:
            raise Unavailable("kafka: away")
        self.sent.append((partition, value, on_done))

    def finish(self, index: int, error: Exception | None = None) -> None:
        self.sent[index][2](error)

    def flush(self, timeout_s: float = 30.0) -> None:
        raise Unavailable("kafka: away")

    def close(self) -> None:
        """Nothing to let go."""


def payload(minute: int = 0, value: float = 10.0) -> bytes:
    return json.dumps(
        {"observed_at": f"2026-03-10T11:{minute:02d}:00", "kind": "minute", "readings": [["a34013", value]]}
    ).encode()


def bridge_on(
    link: MemoryLink,
    producer: LogProducer,
    settings: BridgeSettings | None = None,
    stopwatch: Callable[[], float] = time.monotonic,
    registry: Registry = REGISTRY,
) -> Bridge:
    return Bridge(link, producer, Noon(), Intake(FixedRegistry(registry)), settings, stopwatch)


def bundles(log: MemoryLog) -> list[Bundle]:
    found = [decode_record(value) for values in log.topic(REPORTS).records for value in values]
    return [one for one in found if isinstance(one, Bundle)]

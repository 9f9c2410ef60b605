"""The two ports of the bus: an append-only log (Kafka) and a device link (MQTT)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True)
class LogRecord:
    """One record as consumed."""

    topic: str
    partition: int
    offset: int
    value: bytes


@dataclass(frozen=True)
class Rebalance:
    """A changed assignment; the main loop acts on it, callbacks only note it.

    A partition that went away and came back is in both `lost` and `gained`: let go of it first, then take it anew.
    """

    assigned: frozenset[int]
    """All partitions that are ours now."""
    gained: frozenset[int]
    lost: frozenset[int]


class LogProducer(Protocol):
    """Appends with acks=all. Delivery: a record is kept when its callback says so; a crash before may have appended it too."""

    def partitions(self, topic: str) -> int:
        """Return how many partitions the topic has; raises Unavailable."""
        ...

    def send(
        self,
        topic: str,
        value: bytes,
        *,
        partition: int | None = None,
        key: str | None = None,
        on_done: Callable[[Exception | None], None] | None = None,
    ) -> None:
        """Queue one record for `partition`, or for murmur2(key) mod n; `on_done` runs on another thread with None or the error."""
        ...

    def flush(self, timeout_s: float = 30.0) -> None:
        """Wait until all that was sent is acknowledged; raises Unavailable where any record was not."""
        ...

    def close(self) -> None:
        """Flush shortly and let go."""
        ...


class LogConsumer(Protocol):
    """A member of a consumer group on one topic. Offsets live in the database: nothing is ever committed to the log but hints."""

    def log_id(self) -> str:
        """Return the identity of the log (a topic made anew has another one); raises Unavailable."""
        ...

    def partitions(self) -> int:
        """Return how many partitions the topic has."""
        ...

    def take_rebalance(self) -> Rebalance | None:
        """Return the change of assignment since the last call; gained partitions are paused until `start`."""
        ...

    def start(self, partition: int, offset: int) -> None:
        """Seek an owned partition to `offset` and deliver from there."""
        ...

    def poll(self, timeout_s: float, max_records: int = 500) -> Sequence[LogRecord]:
        """Return records of started partitions in offset order; raises Unavailable, or OffsetGone where an offset is not there any more."""
        ...

    def earliest(self, partition: int) -> int:
        """Return the first offset that is still there."""
        ...

    def end(self, partition: int) -> int:
        """Return the offset after the last record."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class Delivery(NamedTuple):
    """One MQTT message that waits to be settled."""

    topic: str
    payload: bytes
    token: tuple[int, int]
    """(connection generation, packet id): a token of an earlier connection is dropped when settled."""


class DeviceLink(Protocol):
    """The platform's side of MQTT: QoS 1, persistent session, manual acknowledgement."""

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us."""
        ...

    def poll(self, timeout_s: float, max_messages: int) -> Sequence[Delivery]:
        """Return messages that have come, at most `max_messages`; reading less is the back-pressure."""
        ...

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker (PUBACK) that these messages are safe."""
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Publish, for example a device's acknowledgement."""
        ...

    def close(self) -> None:
        """Disconnect; the session stays."""
        ...

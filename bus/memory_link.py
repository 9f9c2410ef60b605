"""The in-memory twin of the MQTT link: a broker's queue for one client, for scenarios and tests.

Delivery guarantee: a message that was delivered and not settled comes again after `reconnect`, as a broker does it.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from bus.port import Delivery


@dataclass(frozen=True)
class Published:
    """One message that the platform published."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class MemoryLink:
    """A DeviceLink whose other side is a test or a simulated fleet."""

    def __init__(self) -> None:
        self.published: list[Published] = []
        """What the platform has published, oldest first."""
        self.settled: list[Delivery] = []
        """What the platform has settled in this or an earlier connection, oldest first."""
        self._queue: deque[tuple[str, bytes]] = deque()
        self._unsettled: dict[tuple[int, int], Delivery] = {}
        self._generation = 1
        self._last_packet = 0

    @property
    def is_connected(self) -> bool:
        """A queue in memory is always there."""
        return True

    @property
    def waiting(self) -> int:
        """Messages that have not been delivered."""
        return len(self._queue)

    @property
    def unsettled(self) -> int:
        """Messages that were delivered in this connection and not settled."""
        return len(self._unsettled)

    def offer(self, topic: str, payload: bytes) -> None:
        """Publish as a device does (QoS 1)."""
        self._queue.append((topic, payload))

    def reconnect(self) -> None:
        """Break the connection: what is not settled is delivered again, with tokens of a new generation."""
        again = [(d.topic, d.payload) for d in self._unsettled.values()]
        self._queue.extendleft(reversed(again))
        self._unsettled.clear()
        self._generation += 1
        self._last_packet = 0

    def take_published(self) -> list[Published]:
        """Return what was published since the last call."""
        taken, self.published = self.published, []
        return taken

    def poll(self, timeout_s: float, max_messages: int) -> Sequence[Delivery]:
        """Return at most `max_messages` at once; nothing else can come while we wait."""
        return [self._deliver() for _ in range(min(max_messages, len(self._queue)))]

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Take these messages off the queue; tokens of an earlier connection are dropped."""
        for delivery in deliveries:
            if self._unsettled.pop(delivery.token, None) is not None:
                self.settled.append(delivery)

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Keep the message in `published`."""
        self.published.append(Published(topic, payload, qos, retain))

    def close(self) -> None:
        """Disconnect; the session stays."""
        self.reconnect()

    def _deliver(self) -> Delivery:
        topic, payload = self._queue.popleft()
        self._last_packet += 1
        delivery = Delivery(topic, payload, (self._generation, self._last_packet))
        self._unsettled[delivery.token] = delivery
        return delivery

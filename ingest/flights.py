"""What is on its way to Kafka, and which MQTT messages may be settled: in the order in which they came."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Condition

from bus.port import Delivery


@dataclass
class Flight:
    """One bundle between the bridge and Kafka's acknowledgement."""

    partition: int
    numbers: list[int] = field(default_factory=list)
    """MQTT messages that it carries, as `Arrivals` counts them."""
    acks: dict[str, list[str]] = field(default_factory=dict)
    """SHA-256 in hex by ack topic."""
    raw_bytes: int = 0
    hour: int = 0
    """Start of the hour in which the first of its messages came, µs."""
    value: bytes = b""
    """The encoded bundle; kept until Kafka has it."""


@dataclass
class Landings:
    """The reports of the producer's thread, for the bridge's thread."""

    _landed: deque[tuple[Flight, Exception | None]] = field(default_factory=deque)
    _changed: Condition = field(default_factory=Condition)

    def note(self, flight: Flight, error: Exception | None) -> None:
        """Note how a flight ended; called on the producer's thread."""
        with self._changed:
            self._landed.append((flight, error))
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait for at most `timeout_s` and return whether there is anything to take."""
        with self._changed:
            return bool(self._landed) or (timeout_s > 0 and self._changed.wait(timeout_s))

    def take(self) -> list[tuple[Flight, Exception | None]]:
        """Return what has landed since the last call."""
        taken: list[tuple[Flight, Exception | None]] = []
        while self._landed:
            taken.append(self._landed.popleft())
        return taken


class Arrivals:
    """Deliveries that wait to be settled, known by their number in the order in which they came.

    A broker may insist on PUBACKs in the order of its PUBLISHes (MQTT 3.1.1, 4.6; the embedded one disconnects a client
    that does otherwise), while partitions land in any order: a message is settled with the last of those before it.
    """

    def __init__(self) -> None:
        self._waiting: deque[Delivery] = deque()
        self._first = 0
        """Number of the oldest that waits."""
        self._done: set[int] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, deliveries: Sequence[Delivery]) -> int:
        """Take deliveries and return the number of the first; the others' follow."""
        number = self._first + len(self._waiting)
        self._waiting.extend(deliveries)
        return number

    def finish(self, numbers: Iterable[int]) -> None:
        """Note that these are safe."""
        self._done.update(numbers)

    def take_settled(self) -> list[Delivery]:
        """Return, in order, those that may be settled now."""
        settled: list[Delivery] = []
        while self._first in self._done:
            self._done.discard(self._first)
            self._first += 1
            settled.append(self._waiting.popleft())
        return settled

"""The clock role: four ticks a second to every partition of `reports`; the only place that asks the machine what time it is.

Delivery guarantee: a tick that Kafka did not take is not repeated, the next one says more. Two clocks do no harm: a
worker takes ticks that do not go on as nothing.
"""

import time
from typing import Final

from bus.port import LogProducer
from schemas.bundle import Tick, encode_tick
from schemas.times import SECOND_US
from schemas.topics import REPORTS

EVERY_US: Final = SECOND_US // 4
"""An hour closes, and a warning is told, up to one tick later than it could be."""


class MachineClock:
    """The machine's time."""

    def now(self) -> int:
        """Return the instant in microseconds."""
        return time.time_ns() // 1000


class ClockRole:
    """Appends ticks."""

    def __init__(self, producer: LogProducer) -> None:
        self._producer = producer
        self._clock = MachineClock()
        self._due = 0

    def step(self, wait_s: float) -> bool:
        """Append a tick where one is due, else wait for it (at most `wait_s`); raises Unavailable."""
        now = self._clock.now()
        if now < self._due:
            time.sleep(min(wait_s, (self._due - now) / 1e6))
            return False
        self._due = now + EVERY_US
        for partition in range(self._producer.partitions(REPORTS)):
            self._producer.send(REPORTS, encode_tick(Tick(now)), partition=partition)
        self._producer.flush(5.0)
        return True

    def close(self) -> None:
        """The producer belongs to whoever made it."""

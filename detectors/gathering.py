"""Lets records gather: few large transactions cost less than many small ones."""

import math
import time
from collections.abc import Callable

from bus.port import LogConsumer, LogRecord


class Gathering:
    """Takes records from a consumer so that those of one micro-batch are begun no sooner than `gather_s` after those before."""

    def __init__(
        self,
        consumer: LogConsumer,
        max_records: int,
        gather_s: float,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer = consumer
        self._stopwatch = stopwatch
        self._max_records = max_records
        self._gather_s = gather_s
        self._began = -math.inf
        """When the last records were begun, by the stopwatch."""

    def first(self, wait_s: float) -> list[LogRecord]:
        """Return what there is, waiting for it for at most `wait_s`; raises OffsetGone or Unavailable."""
        return list(self._consumer.poll(wait_s, self._max_records))

    def add_rest(self, records: list[LogRecord]) -> None:
        """Add what comes to these records until they may be begun; where it raises OffsetGone or Unavailable all must be read again."""
        while records and len(records) < self._max_records:
            left_s = self._began + self._gather_s - self._stopwatch()
            if left_s <= 0:
                break
            records += self._consumer.poll(left_s, self._max_records - len(records))
        self._began = self._stopwatch()

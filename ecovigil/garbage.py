"""Python's cyclic garbage collector, kept off the hot path: it runs where a role has nothing to do, or after a long time without rest.

Decoding bundles makes lists and tuples by the thousand and no cycles: the collector walked them all for nothing (docs/performance.md).
"""

import gc
import time
from collections.abc import Callable
from typing import Final

RESTING_S: Final = 5.0
"""A role with nothing to do collects at most so often."""
WORKING_S: Final = 60.0
"""A role that never rests collects so often: cycles that libraries leave behind must not fill the memory."""


class Garbage:
    """Collects when it is told of a quiet moment, and never by itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        gc.disable()
        self._clock = clock
        self._collected_at = clock()

    def freeze(self) -> None:
        """Collect, and never again walk what exists now: what was imported and wired lives for ever."""
        gc.collect()
        gc.freeze()

    def after(self, busy: bool) -> bool:
        """Note that a step has ended; return whether there was a collection."""
        due = self._clock() - self._collected_at > (WORKING_S if busy else RESTING_S)
        if due:
            gc.collect()
            self._collected_at = self._clock()
        return due

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
THOROUGH_S: Final = 600.0
"""So often everything is walked, else only what was made since: a walk through a large state stops a role for up to a quarter of a second."""
_YOUNG: Final = 1
_ALL: Final = 2


class Garbage:
    """Collects when it is told of a quiet moment, and never by itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        gc.disable()
        self._clock = clock
        self._collected_at = self._thorough_at = clock()

    def freeze(self) -> None:
        """Collect, and never again walk what exists now: what was imported and wired lives for ever."""
        gc.collect()
        gc.freeze()

    def after(self, busy: bool) -> bool:
        """Note that a step has ended; return whether there was a collection."""
        now = self._clock()
        due = now - self._collected_at > (WORKING_S if busy else RESTING_S)
        if due:
            thorough = now - self._thorough_at > THOROUGH_S
            gc.collect(_ALL if thorough else _YOUNG)
            self._collected_at = self._clock()
            self._thorough_at = self._collected_at if thorough else self._thorough_at
        return due

"""Whether a role's loop is alive, and what it still lacks before it can do its work."""

import time
from collections.abc import Callable
from typing import Final

STARTED: Final = "started"
"""Missing until the role has been built."""


class Health:
    """What `/healthz` and `/readyz` answer; written by the role's loop, read by the port's threads."""

    def __init__(self, stuck_after_s: float = 120.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._stuck_after_s = stuck_after_s
        self._clock = clock
        self._stepped_at = clock()
        self._checks: dict[str, Callable[[], bool]] = {}
        self._started = False

    def require(self, name: str, check: Callable[[], bool]) -> None:
        """Count `name` as missing where `check` says no; it must answer at once. A later one of the same name takes its place."""
        self._checks[name] = check

    def started(self) -> None:
        """Note that the role has its adapters."""
        self._started = True

    def stepped(self) -> None:
        """Note that the loop came round, whether or not it could do anything."""
        self._stepped_at = self._clock()

    def is_alive(self) -> bool:
        """Whether the loop came round lately."""
        return self._clock() - self._stepped_at <= self._stuck_after_s

    def missing(self) -> list[str]:
        """Return what the role lacks; ready where nothing is missing."""
        if not self._started:
            return [STARTED]
        return [name for name, check in self._checks.items() if not check()]

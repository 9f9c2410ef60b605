"""When to connect again to an MQTT broker, and when not any more: another client has our name."""

import random
import time
from typing import Final

from schemas.errors import InvalidConfiguration

BACK_OFF_MAX_S: Final = 5.0
TAKEN_OVER_WITHIN_S: Final = 10.0
TAKEN_OVER_TIMES: Final = 3


class Patience:
    """Counts failures and connections that did not last; in monotonic seconds."""

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id
        self._connected_at = 0.0
        self._taken_over = 0
        """Times in a row that a fresh connection was closed by the broker, which was there to accept the next one."""
        self._retry_at = 0.0
        self.failures = 0
        """In a row."""

    def pause_s(self) -> float:
        """Return how long to wait before the next attempt."""
        return max(0.0, self._retry_at - time.monotonic())

    def connected(self) -> None:
        """Note that the broker has accepted us."""
        self._connected_at = time.monotonic()
        self.failures = 0

    def absent(self) -> None:
        """Note that the broker is not there."""
        self._taken_over = 0
        self.refused()

    def refused(self) -> None:
        """Note an attempt that came to nothing: wait longer each time."""
        self.failures += 1
        pause_s = min(BACK_OFF_MAX_S, 0.1 * 2 ** min(self.failures, 10))
        self._retry_at = time.monotonic() + pause_s * random.uniform(0.7, 1.0)

    def lost(self) -> None:
        """Note that the broker closed a connection; raises InvalidConfiguration where another client uses our id."""
        lasted_s = time.monotonic() - self._connected_at
        self._taken_over = self._taken_over + 1 if lasted_s < TAKEN_OVER_WITHIN_S else 1
        if self._taken_over >= TAKEN_OVER_TIMES:
            raise InvalidConfiguration(
                f"bridge.client_id: another bridge uses {self._client_id!r}; this one leaves (give each its own name)"
            )

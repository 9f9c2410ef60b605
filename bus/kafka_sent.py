"""Records that a Kafka client was given and has not answered for: each is answered for once, by the client or by us."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

OnDone = Callable[[Exception | None], None]


@dataclass(frozen=True)
class _Sent:
    client: Any
    at: float
    """Monotonic seconds."""
    on_done: OnDone | None


class Outstanding:
    """Knows what is under way; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count()
        self._sent: dict[int, _Sent] = {}
        """In the order of sending."""

    def add(self, client: Any, on_done: OnDone | None) -> int:
        """Note a record that is about to be given to the client and return its number."""
        with self._lock:
            number = next(self._numbers)
            self._sent[number] = _Sent(client, time.monotonic(), on_done)
            return number

    def forget(self, number: int) -> None:
        """Note that the client did not take it."""
        with self._lock:
            self._sent.pop(number, None)

    def settle(self, number: int, error: Exception | None) -> None:
        """Say how a record ended; a late answer about one that was given up says nothing."""
        with self._lock:
            sent = self._sent.pop(number, None)
        if sent is not None and sent.on_done is not None:
            sent.on_done(error)

    def give_up(self, client: Any, error: Exception) -> None:
        """Say that all a client still holds has failed."""
        with self._lock:
            numbers = [number for number, sent in self._sent.items() if sent.client is client]
        for number in numbers:
            self.settle(number, error)

    def waiting_s(self) -> float:
        """Return how long the oldest record has been waiting, 0 where none does."""
        with self._lock:
            oldest = next(iter(self._sent.values()), None)
            return 0.0 if oldest is None else time.monotonic() - oldest.at

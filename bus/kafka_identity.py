"""Watching whether a topic is still the one that was opened: asked beside the consumer, never in its way.

The consumer's thread must answer the group's coordinator at once. When it asked for the identity itself, two members that did so every
two seconds could keep each other from ever joining a broker that holds a join for two seconds.
"""

import threading
import time
from typing import Final

from bus.kafka_address import KafkaAddress
from bus.kafka_topics import topic_identity
from schemas.errors import Unavailable

CHECK_EVERY_S: Final = 2.0


class IdentityWatch:
    """Knows the identity of a topic; at most one question is under way."""

    def __init__(self, address: KafkaAddress, topic: str) -> None:
        """Ask for the first time; raises Unavailable."""
        self._address = address
        self._topic = topic
        self._asking: threading.Thread | None = None
        self._seen = ""
        self.is_answered = True
        """Whether the broker answered when it was asked last."""
        self.known = self.ask()

    def ask(self) -> str:
        """Return the identity, asked now, and take it as the known one; raises Unavailable."""
        self.known = self._seen = topic_identity(self._address, self._topic)
        self._asked_at = time.monotonic()
        return self.known

    def has_changed(self) -> bool:
        """Return whether the topic was made anew, as far as the last answer tells; asks again from time to time."""
        if self._asking is not None and not self._asking.is_alive():
            self._asking = None
        if self._asking is None and time.monotonic() - self._asked_at >= CHECK_EVERY_S:
            self._asked_at = time.monotonic()
            self._asking = threading.Thread(target=self._look, name=f"identity of {self._topic}", daemon=True)
            self._asking.start()
        return self._seen != self.known

    def close(self) -> None:
        """Wait for a question that is under way."""
        if self._asking is not None:
            self._asking.join()

    def _look(self) -> None:
        try:
            self._seen = topic_identity(self._address, self._topic)
        except Unavailable:
            self.is_answered = False  # says nothing of the identity
        else:
            self.is_answered = True

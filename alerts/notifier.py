"""The notifier role: takes pending notifications from the store and delivers each through its recipient's channel.

Delivery: at least once. A notification is held while it is being delivered and settled afterwards; a crash between the two
lets it come back (at once where the store sees that the holder is gone, else after the hold), and the stable key makes the
repeat harmless. Several notifiers share the work.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Event
from typing import Final

from alerts.notifiers import Attempt, Channel, message_of
from schemas.registry import Recipient, Registry
from schemas.times import HOUR_US, MINUTE_US, SECOND_US
from store.alert_port import AlertStore, DueNotification, Notification

BATCH: Final = 5
HOLD_US: Final = 15 * MINUTE_US
"""Longer than a whole batch can take: BATCH times the longest time limit that a webhook can be given (120 s)."""
FIRST_RETRY_US: Final = 5 * SECOND_US
LONGEST_RETRY_US: Final = HOUR_US
MAX_ATTEMPTS: Final = 30
"""With hourly attempts at the end this is about a day; then it is given up, kept and shown as failed."""
log = logging.getLogger(__name__)


def retry_after(attempts: int) -> int:
    """Return how long to wait after so many attempts, µs: doubled each time, at most an hour."""
    doubled: int = FIRST_RETRY_US * 2 ** min(attempts - 1, 20)
    return min(doubled, LONGEST_RETRY_US)


def outcome(told: Notification, attempt: Attempt) -> Notification:
    """Return the notification after an attempt: delivered, failed for good, or pending again."""
    after = replace(told, attempts=told.attempts + 1, error=attempt.error)
    if not attempt.error:
        return replace(after, state="delivered")
    again = attempt.retryable and after.attempts < MAX_ATTEMPTS
    return after if again else replace(after, state="failed")


class Notifier:
    """Delivers from one store; `channels` are by the name that a recipient of the registry gives."""

    def __init__(
        self,
        store: AlertStore,
        channels: Mapping[str, Channel],
        registry: Callable[[], tuple[int, Registry]],
        wait: Callable[[float], None] | None = None,
    ) -> None:
        """`wait` returns when there may be something new, at the latest after the seconds that it is given; default: then."""
        self._store = store
        self._channels = dict(channels)
        self._registry = registry
        self._closed = Event()
        self._wait = wait or self._closed.wait

    def step(self, wait_s: float) -> bool:
        """Deliver what is due, else wait for `wait_s`; True: something was due. Raises Unavailable."""
        due = self._store.take_notifications(BATCH, HOLD_US)
        if not due:
            self._wait(wait_s)
            return False
        recipients = {recipient.id: recipient for recipient in self._registry()[1].recipients}
        for one in due:
            self._deliver(one, recipients.get(one.notification.recipient_id))
        return True

    def close(self) -> None:
        """Close every channel."""
        self._closed.set()
        for channel in self._channels.values():
            channel.close()

    def _deliver(self, due: DueNotification, recipient: Recipient | None) -> None:
        told = outcome(due.notification, self._attempt(due, recipient))
        if told.error:
            log.warning("%s/%s to %s: %s (%s)", told.alert_id, told.step, told.recipient_id, told.error, told.state)
        self._store.settle_notification(told, retry_after(told.attempts))

    def _attempt(self, due: DueNotification, recipient: Recipient | None) -> Attempt:
        if recipient is None:
            return Attempt(retryable=False, error="no such recipient in the registry any more")
        channel = self._channels.get(recipient.channel)
        if channel is None:
            return Attempt(retryable=False, error=f"no channel {recipient.channel}")
        return channel.deliver(message_of(due), recipient)

"""The notifier role: takes pending notifications from the store and delivers each through its recipient's channel.

Delivery: at least once. Notifications are held while they are being delivered and settled afterwards; a crash between the two
lets them come back (at once where the store sees that the holder is gone, else after the hold), and the stable key makes the
repeat harmless. An address is told in order; others do not wait for it. Several notifiers share the work.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Final

from alerts.notifiers import Attempt, Channel, message_of
from schemas.registry import Recipient, Registry
from schemas.times import HOUR_US, MINUTE_US, SECOND_US
from store.alert_port import AlertStore, DueNotification, Notification

BATCH: Final = 20
AT_ONCE: Final = 4
"""Addresses that are told at the same time."""
HOLD_US: Final = 45 * MINUTE_US
"""Longer than a whole batch can take: BATCH times the longest time limit that a webhook can be given (120 s), all to one address."""
FIRST_RETRY_US: Final = 5 * SECOND_US
LONGEST_RETRY_US: Final = HOUR_US
MAX_ATTEMPTS: Final = 30
"""With hourly attempts at the end this is about a day; then it is given up, kept and shown as failed."""
_Queue = list[tuple[DueNotification, Recipient | None]]
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
        self._threads = ThreadPoolExecutor(AT_ONCE, "tell")

    def step(self, wait_s: float) -> bool:
        """Deliver what is due, else wait for `wait_s`; True: something was due. Raises Unavailable."""
        due = self._store.take_notifications(BATCH, HOLD_US)
        if not due:
            self._wait(wait_s)
            return False
        recipients = {recipient.id: recipient for recipient in self._registry()[1].recipients}
        by_address: dict[tuple[str, str], _Queue] = {}
        for one in due:
            recipient = recipients.get(one.notification.recipient_id)
            address = (recipient.channel, recipient.address) if recipient else ("", "")
            by_address.setdefault(address, []).append((one, recipient))
        told = [outcome for outcomes in self._each(by_address.values()) for outcome in outcomes]
        self._store.settle_notifications([(one, retry_after(one.attempts)) for one in told])
        return True

    def close(self) -> None:
        """Close every channel."""
        self._closed.set()
        self._threads.shutdown()
        for channel in self._channels.values():
            channel.close()

    def _each(self, queues: Collection[_Queue]) -> Iterable[list[Notification]]:
        """Return what became of each queue; a thread each where there are several."""
        return map(self._delivered, queues) if len(queues) == 1 else self._threads.map(self._delivered, queues)

    def _delivered(self, queue: _Queue) -> list[Notification]:
        told = [outcome(due.notification, self._attempt(due, recipient)) for due, recipient in queue]
        for one in told:
            if one.error:
                log.warning("%s/%s to %s: %s (%s)", one.alert_id, one.step, one.recipient_id, one.error, one.state)
        return told

    def _attempt(self, due: DueNotification, recipient: Recipient | None) -> Attempt:
        if recipient is None:
            return Attempt(retryable=False, error="no such recipient in the registry any more")
        channel = self._channels.get(recipient.channel)
        if channel is None:
            return Attempt(retryable=False, error=f"no channel {recipient.channel}")
        return channel.deliver(message_of(due), recipient)

"""Ways to tell a recipient, one module each: `deliver` returns whether it went well, and if not, whether to try again."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from schemas.identity import content_id
from schemas.registry import Recipient
from schemas.times import to_cst
from store.alert_port import DueNotification


class Attempt(NamedTuple):
    """What came of one delivery."""

    retryable: bool = False
    """Whether another attempt may go better; of no meaning where it went well."""
    error: str = ""
    """What went wrong; "" = delivered."""


DELIVERED: Final = Attempt()


@dataclass(frozen=True)
class Message:
    """What one recipient is told of one step of one alert."""

    key: UUID
    """Idempotency-Key: the same for every attempt, so that a receiver sees one."""
    body: dict[str, Any]
    """Documented in `body_of`; JSON values only."""


class Channel(Protocol):
    """One way to tell; it keeps no state about what was told."""

    def deliver(self, message: Message, recipient: Recipient) -> Attempt:
        """Try once, within its own time limit; raises nothing for what the other side does wrong."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def message_of(due: DueNotification) -> Message:
    """Return the message of a notification, with the key of (alert, step, recipient)."""
    told = due.notification
    key = content_id("notification", told.alert_id, told.step, told.recipient_id)
    return Message(key, body_of(due, key))


def body_of(due: DueNotification, key: UUID) -> dict[str, Any]:
    """Return the JSON body `notification.v1`.

    `notification_id` (= Idempotency-Key), `alert_id`, `step` and its `reason`, `kind`, `state` and `grade` at that step,
    `grade_zh`, the subject (`sites`, `city`, `device_id`, `parameter`; null where it has none), `raised_at` and
    `changed_at` (ISO 8601, China Standard Time), `recipient`, `told_because`, `text_zh`, `text_en`.
    """
    alert, event, told = due.alert, due.event, due.notification
    return {
        "type": "notification.v1",
        "notification_id": str(key),
        "alert_id": str(alert.alert_id),
        "step": event.step,
        "reason": str(event.reason),
        "kind": alert.kind.value,
        "state": event.state.value,
        "grade": event.grade.value,
        "grade_zh": event.grade.zh,
        "sites": list(alert.sites),
        "city": alert.city,
        "device_id": alert.device_id,
        "parameter": alert.parameter,
        "raised_at": to_cst(alert.raised_at).isoformat(),
        "changed_at": to_cst(event.at).isoformat(),
        "recipient": told.recipient_id,
        "told_because": str(told.reason),
        "text_zh": event.text_zh,
        "text_en": event.text_en,
    }

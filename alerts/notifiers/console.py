"""Tells on the console of the notifier: one line of text a language.

Delivery: at least once; a crash after the line was written and before it was settled writes it again, with the same key.
"""

from collections.abc import Callable

from alerts import words
from alerts.notifiers import DELIVERED, Attempt, Message
from schemas.registry import Recipient


class Console:
    """Writes each message through `write`, which is given by the wiring."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def deliver(self, message: Message, recipient: Recipient) -> Attempt:
        """Write the text in both languages; a console that is gone is worth another attempt."""
        body = message.body
        zh, en = words.REASON_WORDS[body["reason"]]
        try:
            self._write(f"{recipient.id} ← {zh} {en} {body['text_zh']}\n  {body['text_en']} ({message.key})")
        except OSError as error:
            return Attempt(retryable=True, error=f"console: {error}")
        return DELIVERED

    def close(self) -> None:
        """Nothing to let go of."""

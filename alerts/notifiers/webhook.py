"""Tells by HTTP POST of `notification.v1` as JSON to the recipient's address.

Delivery: at least once, under a stable `Idempotency-Key`. A 2xx settles it; 408, 425, 429, 5xx, a timeout or a broken
connection are tried again; any other answer, redirects too, is final.
"""

import json
from typing import Final

import httpx

from alerts.notifiers import DELIVERED, Attempt, Message
from schemas.registry import Recipient

RETRYABLE: Final = frozenset({408, 425, 429})


class Webhook:
    """Posts to any number of addresses over one pool of connections."""

    def __init__(self, timeout_s: float = 10.0) -> None:
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False)

    def deliver(self, message: Message, recipient: Recipient) -> Attempt:
        """Post once and return what the answer means."""
        content = json.dumps(message.body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": str(message.key)}
        try:
            answer = self._client.post(recipient.address, content=content, headers=headers)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            return Attempt(retryable=False, error=f"address: {error}")
        except httpx.HTTPError as error:
            return Attempt(retryable=True, error=f"{type(error).__name__}: {error}")
        if answer.is_success:
            return DELIVERED
        again = answer.status_code in RETRYABLE or answer.is_server_error
        return Attempt(retryable=again, error=f"HTTP {answer.status_code}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

"""What every notifier promises, against a real HTTP server; and what the notifier role makes of it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from alerts.notifier import MAX_ATTEMPTS, Notifier, outcome, retry_after
from alerts.notifiers import DELIVERED, Attempt, Channel, Message, message_of
from alerts.notifiers.console import Console
from alerts.notifiers.webhook import Webhook
from schemas.codes import AlertState, FindingKind, Grade
from schemas.identity import content_id
from schemas.registry import Recipient, Registry
from schemas.times import HOUR_US, SECOND_US
from store.alert_port import Alert, AlertBatch, AlertEvent, DueNotification, Notification
from store.memory import MemoryStore

T0 = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""
ALERT_ID = content_id("alert")


class Receiver:
    """Somebody's web server: answers with the statuses given in turn, then 200, and keeps what it was told."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        receiver = self

        class Requests(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.told.append((self.headers["Idempotency-Key"], body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
        self.url = f"http://127.0.0.1:{self.server.server_port}/alerts"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.thread.start()
    yield receiver
    receiver.stop()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook(timeout_s=2.0)
    yield webhook
    webhook.close()


def an_alert() -> tuple[Alert, AlertEvent]:
    state, grade = AlertState.OPEN, Grade.ORANGE
    alert = Alert(ALERT_ID, FindingKind.SILENT_DEVICE, state, grade, T0, T0, sites=("boiler-1",), device_id="mn")
    return alert, AlertEvent(ALERT_ID, 1, "raised", state, grade, T0, text_zh="离线", text_en="silent")


def due(recipient: str = "enterprise") -> DueNotification:
    return DueNotification(Notification(ALERT_ID, 1, recipient, "its_site"), *an_alert())


def recipient(channel: str, address: str = "") -> Recipient:
    return Recipient.model_validate({"id": "enterprise", "channel": channel, "address": address})


@pytest.fixture(params=["console", "webhook"])
def told(request: pytest.FixtureRequest, receiver: Receiver, webhook: Webhook) -> tuple[Channel, Recipient, list[Any]]:
    if request.param == "webhook":
        return webhook, recipient("webhook", receiver.url), receiver.told
    lines: list[str] = []
    return Console(lines.append), recipient("console"), lines


def test_every_notifier_delivers_both_languages_under_the_key(told: tuple[Channel, Recipient, list[Any]]) -> None:
    channel, somebody, heard = told
    message = message_of(due())

    attempt = channel.deliver(message, somebody)

    assert attempt.error == ""
    for part in ("离线", "silent", str(message.key)):
        assert part in str(heard[0])


def test_every_notifier_repeats_with_the_same_key(told: tuple[Channel, Recipient, list[Any]]) -> None:
    channel, somebody, heard = told

    for _ in range(2):
        channel.deliver(message_of(due()), somebody)

    assert heard[0] == heard[1]


def test_keys_differ_by_recipient_and_step() -> None:
    assert message_of(due("enterprise")).key != message_of(due("office")).key


def test_the_body_says_what_is_documented(receiver: Receiver, webhook: Webhook) -> None:
    webhook.deliver(message_of(due()), recipient("webhook", receiver.url))

    (key, body) = receiver.told[0]
    assert key == body["notification_id"] == str(content_id("notification", ALERT_ID, 1, "enterprise"))
    assert (body["type"], body["reason"], body["grade"], body["grade_zh"]) == (
        "notification.v1", "raised", "orange", "橙色",
    )  # fmt: skip
    assert body["raised_at"] == "2026-03-10T08:00:00+08:00"


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (503, True), (429, True), (404, False), (302, False)])
def test_the_answer_says_whether_to_try_again(
    receiver: Receiver, webhook: Webhook, status: int, retryable: bool
) -> None:
    receiver.answers = [status]

    attempt = webhook.deliver(message_of(due()), recipient("webhook", receiver.url))

    assert attempt == Attempt(retryable, f"HTTP {status}")


def test_a_server_that_is_away_is_tried_again(webhook: Webhook) -> None:
    attempt = webhook.deliver(message_of(due()), recipient("webhook", "http://127.0.0.1:1/"))

    assert attempt.retryable
    assert attempt.error.startswith("ConnectError")


@pytest.mark.parametrize("address", ["", "ftp://example.org/", "http://[::"])
def test_an_address_that_is_none_is_given_up(webhook: Webhook, address: str) -> None:
    attempt = webhook.deliver(message_of(due()), recipient("webhook", address))

    assert not attempt.retryable
    assert attempt.error.startswith("address")


def test_a_console_that_is_gone_is_tried_again() -> None:
    def broken(line: str) -> None:
        raise BrokenPipeError("closed")

    assert Console(broken).deliver(message_of(due()), recipient("console")).retryable


def test_attempts_are_doubled_in_distance_up_to_an_hour() -> None:
    assert [retry_after(n) // SECOND_US for n in (1, 2, 3)] == [5, 10, 20]
    assert retry_after(MAX_ATTEMPTS) == HOUR_US


def test_what_cannot_go_better_fails_at_once() -> None:
    pending = Notification(ALERT_ID, 1, "enterprise", "its_site", attempts=MAX_ATTEMPTS - 1)

    assert outcome(due().notification, Attempt(False, "HTTP 404")).state == "failed"
    assert outcome(due().notification, Attempt(True, "HTTP 503")).state == "pending"
    assert outcome(pending, Attempt(True, "HTTP 503")).state == "failed"


def store_with(*recipients: str) -> MemoryStore:
    store = MemoryStore()
    alert, event = an_alert()
    told = [Notification(ALERT_ID, 1, recipient, "its_site") for recipient in recipients]
    store.commit_alerts(AlertBatch(alerts=[(alert, 0)], events=[event], notifications=told))
    return store


def test_a_receiver_that_was_away_hears_it_later_under_one_key(receiver: Receiver, webhook: Webhook) -> None:
    store = store_with("enterprise")
    registry = Registry(recipient=[recipient("webhook", receiver.url)])
    notifier = Notifier(store, {"webhook": webhook}, lambda: (1, registry))
    receiver.answers = [503]

    assert notifier.step(0)
    assert not notifier.step(0)
    store.alert_tables.now += retry_after(1)
    assert notifier.step(0)

    assert len({key for key, _ in receiver.told}) == 1
    assert [(n.state, n.attempts) for n in store.notifications_of(ALERT_ID)] == [("delivered", 2)]


def test_a_recipient_who_left_the_registry_fails() -> None:
    store = store_with("enterprise")

    Notifier(store, {}, lambda: (1, Registry())).step(0)

    (told,) = store.notifications_of(ALERT_ID)
    assert told.state == "failed"


class Meeting:
    """A channel on which each address answers only when the other one is being told too."""

    def __init__(self) -> None:
        self.both = threading.Barrier(2, timeout=5.0)

    def deliver(self, message: Message, recipient: Recipient) -> Attempt:
        self.both.wait()
        return DELIVERED

    def close(self) -> None:
        """Nothing is open."""


def test_a_slow_address_does_not_hold_up_the_others() -> None:
    store = store_with("one", "other")
    registry = Registry(recipient=[Recipient(id=name, channel="webhook", address=name) for name in ("one", "other")])
    notifier = Notifier(store, {"webhook": Meeting()}, lambda: (1, registry))

    assert notifier.step(0)
    notifier.close()

    assert {n.state for n in store.notifications_of(ALERT_ID)} == {"delivered"}


def test_one_address_is_told_in_order(receiver: Receiver, webhook: Webhook) -> None:
    names = ["a", "b", "c"]
    store = store_with(*names)
    everybody = [Recipient(id=name, channel="webhook", address=receiver.url) for name in names]
    notifier = Notifier(store, {"webhook": webhook}, lambda: (1, Registry(recipient=everybody)))

    notifier.step(0)

    assert [body["recipient"] for _, body in receiver.told] == names

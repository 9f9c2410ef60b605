"""A plain MQTT client for tests: connect, subscribe, publish, wait; each returns when the broker has answered."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

TOPIC = "ecovigil/v1/110000/d1/report"


def client(name: str, password: str | None = None) -> paho.Client:
    """Return a client with a session of its own; with a password it logs in under its name."""
    made = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
    if password is not None:
        made.username_pw_set(name, password)
    return made


@contextmanager
def connected(port: int, who: paho.Client) -> Iterator[paho.Client]:
    """Keep `who` connected for the block; raises ConnectionRefusedError where the broker says no."""
    answers: SimpleQueue[bool] = SimpleQueue()
    who.on_connect = lambda *given: answers.put(not given[3].is_failure)
    who.connect("127.0.0.1", port)
    who.loop_start()
    try:
        if not answers.get(timeout=10):
            raise ConnectionRefusedError("the broker refused the login")
        yield who
    finally:
        who.disconnect()
        who.loop_stop()


def subscribe(port: int, who: paho.Client, topic: str = "ecovigil/#") -> None:
    """Leave a subscription (QoS 1) in the session of `who`."""
    granted: SimpleQueue[bool] = SimpleQueue()
    who.on_subscribe = lambda *_: granted.put(True)
    with connected(port, who):
        who.subscribe(topic, qos=1)
        granted.get(timeout=10)


def publish(port: int, who: paho.Client, payload: bytes, topic: str = TOPIC) -> None:
    """Publish with QoS 1 and wait for the broker's PUBACK."""
    with connected(port, who):
        who.publish(topic, payload, qos=1).wait_for_publish(timeout=10)


def received(port: int, who: paho.Client, count: int, within_s: float = 10) -> list[bytes]:
    """Return the next `count` messages of the session, or fewer where no more come."""
    messages: SimpleQueue[bytes] = SimpleQueue()
    who.on_message = lambda _client, _userdata, message: messages.put(bytes(message.payload))
    found: list[bytes] = []
    with connected(port, who), suppress(Empty):
        while len(found) < count:
            found.append(messages.get(timeout=within_s))
    return found

"""The platform's side of MQTT: QoS 1, a persistent session, a shared subscription, manual acknowledgement.

Delivery guarantee: a message is settled (PUBACK) only when the caller says so; after a reconnection the broker delivers
again what was not, with tokens of the new connection, and tokens of the old one settle nothing. Nothing is read from the
socket beyond `capacity` waiting messages: that is the back-pressure, and the only one that a broker respects.
"""

import logging
import select
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from bus.mqtt_address import MqttAddress
from bus.mqtt_order import DeliveryOrder
from bus.mqtt_patience import Patience
from bus.port import Delivery
from bus.tcp import acknowledge_at_once, without_delay
from schemas.topics import MQTT_FILTER

SHARED: Final = f"$share/ecovigil/{MQTT_FILTER}"
"""Several bridges share the messages."""
ALONE: Final = MQTT_FILTER
"""For one bridge, and for rumqttd: its router dies when a client with a shared subscription disconnects."""
OWN: Final = "/ack"
"""What we publish ourselves, and get back because we listen to everything; rumqttd sends it with the QoS of the subscription."""
KEEPALIVE_S: Final = 60

log = logging.getLogger(__name__)


class MqttLink:
    """One session with the broker, driven by `poll`: no thread of its own."""

    def __init__(
        self, address: MqttAddress, client_id: str, *, subscription: str = SHARED, capacity: int = 10_000
    ) -> None:
        """Connect at the first `poll`; `client_id` must be stable and used once."""
        self._address = address
        self._client_id = client_id
        self._subscription = subscription
        self._capacity = capacity
        self._queue: deque[Delivery] = deque()
        self._order = DeliveryOrder()
        self._generation = 0
        self._connected = False
        self._patience = Patience(client_id)
        self._misc_at = 0.0
        self._client = self._make_client()

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us."""
        return self._connected

    def poll(self, timeout_s: float, max_messages: int) -> Sequence[Delivery]:
        """Return at most `max_messages`, waiting for at most `timeout_s` where there are none (also while the broker is away).

        Raises InvalidConfiguration where another client uses our client id.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            wait = 0.0 if self._queue else max(0.0, deadline - time.monotonic())
            self._pump(wait, max_messages)
            if self._queue or time.monotonic() >= deadline:
                break
        return [self._queue.popleft() for _ in range(min(max_messages, len(self._queue)))]

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge these messages to the broker, in the order of delivery; tokens of an earlier connection are dropped."""
        if self._connected:
            self._acknowledge(
                [packet for generation, packet in (d.token for d in deliveries) if generation == self._generation]
            )
            self._flush()

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Publish; with QoS 0 and no connection the message is gone."""
        self._client.publish(topic, payload, qos, retain)

    def close(self) -> None:
        """Send what is waiting and disconnect; the session stays with the broker."""
        if self._client.socket() is not None:
            self._flush()
            self._client.disconnect()
            self._flush()
        self._drop()

    def _acknowledge(self, packets: list[int]) -> None:
        for packet in self._order.settle(packets):
            self._client.ack(packet, 1)

    def _make_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, self._client_id, clean_session=False, manual_ack=True)
        if self._address.username:
            client.username_pw_set(self._address.username, self._address.password)
        if (context := self._address.tls()) is not None:
            client.tls_set_context(context)
        client.connect_timeout = 5.0
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_socket_open = _without_delay
        client.on_socket_register_write = _later  # so that many acknowledgements leave in one go
        return client

    def _pump(self, wait_s: float, max_messages: int) -> None:
        """Let the connection make progress: read, write, keep alive, or connect again."""
        sock = self._client.socket()
        if sock is None:
            self._reconnect(wait_s)
            return
        self._flush()  # nothing waits to be sent while we wait for what comes
        full = len(self._queue) >= self._capacity
        acknowledge_at_once(sock)
        if _readable(sock, 0.0 if full else wait_s) and not full:
            self._read(min(max_messages, self._capacity))
        self._flush()
        if time.monotonic() >= self._misc_at:
            self._misc_at = time.monotonic() + 1.0
            self._client.loop_misc()
        if self._client.socket() is None:
            self._on_lost()

    def _read(self, enough: int) -> None:
        """Read packets until `enough` messages wait or the socket has no more."""
        while len(self._queue) < enough:
            before = len(self._queue)
            if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS or len(self._queue) == before:
                return

    def _flush(self) -> None:
        if self._client.want_write():
            self._client.loop_write()

    def _reconnect(self, wait_s: float) -> None:
        pause_s = self._patience.pause_s()
        if pause_s:
            time.sleep(min(wait_s, pause_s))
            return
        try:
            self._client.connect(self._address.host, self._address.port, KEEPALIVE_S)
            self._flush()
        except OSError as error:
            if not self._patience.failures:
                log.warning("MQTT broker %s is away: %s", self._address.url, error)
            self._patience.absent()

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.warning("MQTT broker %s refuses us: %s", self._address.url, reason)
            return
        self._generation += 1
        self._forget()  # the broker delivers them again
        self._connected = True
        self._patience.connected()
        client.subscribe(self._subscription, 1)

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # not a topic that anybody may use; the bytes are kept as a dead letter all the same
        if message.mid:
            self._order.arrived(message.mid)
        if topic.endswith(OWN):
            if message.mid:
                self._acknowledge([message.mid])
            return
        self._queue.append(Delivery(topic, bytes(message.payload), (self._generation, message.mid)))

    def _on_lost(self) -> None:
        was_connected, self._connected = self._connected, False
        self._forget()
        if not was_connected:
            self._patience.refused()
            return
        log.warning("MQTT connection to %s was closed", self._address.url)
        self._patience.lost()

    def _forget(self) -> None:
        self._queue.clear()
        self._order.forget()

    def _drop(self) -> None:
        self._connected = False
        self._forget()
        sock = self._client.socket()
        if sock is not None:
            sock.close()


def _readable(sock: Any, wait_s: float) -> bool:
    if hasattr(sock, "pending") and sock.pending() > 0:
        return True
    try:
        return bool(select.select([sock], [], [], wait_s)[0])
    except (OSError, ValueError):
        return True  # closed meanwhile: the read finds out


def _without_delay(_client: Client, _data: Any, sock: Any) -> None:
    without_delay(sock)


def _later(_client: Client, _data: Any, _sock: Any) -> None:
    """Let `poll` and `settle` write."""

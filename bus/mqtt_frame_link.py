"""The platform's side of MQTT without a client library: many packets a system call. The same session and port as `MqttLink`.

Delivery guarantee: that of `MqttLink`. A message is settled (PUBACK) only when the caller says so; after a reconnection the broker delivers
again what was not; nothing is read from the socket beyond `capacity` waiting messages.
"""

import logging
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from bus import mqtt_frames as frames
from bus.mqtt_address import MqttAddress
from bus.mqtt_link import SHARED
from bus.mqtt_order import DeliveryOrder
from bus.mqtt_patience import Patience
from bus.port import Delivery
from bus.tcp import acknowledge_at_once, without_delay

KEEPALIVE_S: Final = 60
READ_BYTES: Final = 1 << 18
OWN: Final = b"/ack"
"""End of the topics on which we publish ourselves, and which come back because we listen to everything."""
NOT_NOW: Final = (BlockingIOError, TimeoutError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

log = logging.getLogger(__name__)


class MqttFrameLink:
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
        self._patience = Patience(client_id)
        self._generation = 0
        self._sock: socket.socket | None = None
        self._inbox = bytearray()
        self._outbox = bytearray()
        self._topics: dict[bytes, str] = {}
        self._packet_id = 0
        self._heard_at = 0.0
        self._pinged_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us."""
        return self._sock is not None

    def poll(self, timeout_s: float, max_messages: int) -> Sequence[Delivery]:
        """Return at most `max_messages`, waiting for at most `timeout_s` where there are none (also while the broker is away).

        Raises InvalidConfiguration where another client uses our client id.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            self._pump(0.0 if self._queue else max(0.0, deadline - time.monotonic()), max_messages)
            if self._queue or time.monotonic() >= deadline:
                break
        return [self._queue.popleft() for _ in range(min(max_messages, len(self._queue)))]

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge these messages to the broker, in the order of delivery; tokens of an earlier connection are dropped."""
        generation = self._generation
        self._acknowledge([delivery.token[1] for delivery in deliveries if delivery.token[0] == generation])
        self._write()

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Publish with the next `poll` or `settle`; without a connection the message is gone."""
        if self._sock is None:
            return
        if qos:
            self._packet_id = self._packet_id % 0xFFFF + 1
            self._outbox += frames.publish(topic, payload, self._packet_id, retain=retain)
        else:
            self._outbox += frames.publish_once(topic, payload, retain=retain)

    def close(self) -> None:
        """Send what is waiting and disconnect; the session stays with the broker."""
        if self._sock is not None:
            self._outbox += frames.DISCONNECT
            self._sock.settimeout(2.0)
            try:
                self._sock.sendall(self._outbox)
            except OSError as error:
                log.info("MQTT: not everything was sent: %s", error)
        self._drop()

    def _acknowledge(self, packets: list[int]) -> None:
        if self._sock is not None:
            self._outbox += b"".join(map(frames.puback, self._order.settle(packets)))

    def _pump(self, wait_s: float, max_messages: int) -> None:
        """Let the connection make progress: read, write, keep alive, or connect again."""
        if self._sock is None:
            self._reconnect(wait_s)
            return
        self._write()
        if len(self._queue) >= min(self._capacity, max_messages):
            self._heard_at = time.monotonic()  # who is not listened to is not silent
        elif self._sock is not None and self._is_readable(self._sock, wait_s):
            self._read()
        self._keep_alive()

    def _is_readable(self, sock: socket.socket, wait_s: float) -> bool:
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return True
        return bool(select.select([sock], [], [], wait_s if not self._outbox else min(wait_s, 0.002))[0])

    def _read(self) -> None:
        try:
            data = self._sock.recv(READ_BYTES) if self._sock is not None else b""
        except NOT_NOW:
            return
        except OSError:
            data = b""
        if not data:
            self._lose()
            return
        self._heard_at = time.monotonic()
        acknowledge_at_once(self._sock)
        self._inbox += data
        self._take()

    def _take(self) -> None:
        """Queue the whole PUBLISH packets of the inbox."""
        inbox = bytes(self._inbox)
        at, length, own = 0, len(inbox), []
        while (found := frames.bounds(inbox, at, length)) is not None:
            body, end = found
            if inbox[at] >> 4 == frames.PUBLISH:
                topic_end = body + 2 + (inbox[body] << 8 | inbox[body + 1])
                topic, packet_id, start = inbox[body + 2 : topic_end], 0, topic_end
                if inbox[at] & 0x06:
                    packet_id, start = inbox[topic_end] << 8 | inbox[topic_end + 1], topic_end + 2
                    self._order.arrived(packet_id)
                if not topic.endswith(OWN):
                    text = self._topics.get(topic) or self._known(topic)
                    self._queue.append(Delivery(text, inbox[start:end], (self._generation, packet_id)))
                elif packet_id:
                    own.append(packet_id)
            at = end
        del self._inbox[:at]
        if own:
            self._acknowledge(own)

    def _known(self, topic: bytes) -> str:
        try:
            text = topic.decode()
        except UnicodeDecodeError:
            return ""  # not a topic that anybody may use; the bytes are kept as a dead letter all the same
        if len(self._topics) < 1 << 20:
            self._topics[topic] = text
        return text

    def _write(self) -> None:
        if self._sock is None or not self._outbox:
            return
        try:
            del self._outbox[: self._sock.send(self._outbox)]
        except NOT_NOW:
            return
        except OSError:
            self._lose()

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if now - self._pinged_at > KEEPALIVE_S / 3:
            self._pinged_at = now
            self._outbox += frames.PINGREQ
        if self._sock is not None and now - self._heard_at > KEEPALIVE_S:
            self._lose()

    def _reconnect(self, wait_s: float) -> None:
        pause_s = self._patience.pause_s()
        if pause_s:
            time.sleep(min(wait_s, pause_s))
            return
        try:
            self._sock = self._opened()
        except ConnectionRefusedError as error:
            self._say_away(error)
            self._patience.absent()
        except OSError as error:
            self._say_away(error)
            self._patience.refused()
        else:
            self._generation += 1
            self._heard_at = self._pinged_at = time.monotonic()
            self._patience.connected()

    def _opened(self) -> socket.socket:
        sock = socket.create_connection((self._address.host, self._address.port), timeout=5)
        try:
            without_delay(sock)
            if (context := self._address.tls()) is not None:
                sock = context.wrap_socket(sock, server_hostname=self._address.host)
            self._greet(sock)
        except BaseException:
            sock.close()
            raise
        sock.setblocking(False)
        return sock

    def _greet(self, sock: socket.socket) -> None:
        user, password = self._address.username, self._address.password
        sock.sendall(frames.connect(self._client_id, KEEPALIVE_S, user, password, clean=False))
        answer = b""
        while len(answer) < 4 and (data := sock.recv(4 - len(answer))):
            answer += data
        if len(answer) < 4 or answer[0] >> 4 != frames.CONNACK or answer[3]:
            raise PermissionError(f"refused: {answer.hex()}")
        self._inbox, self._outbox = bytearray(), bytearray()
        sock.sendall(frames.subscribe(1, [self._subscription]))

    def _say_away(self, error: OSError) -> None:
        if not self._patience.failures:
            log.warning("MQTT broker %s is away: %s", self._address.url, error)

    def _lose(self) -> None:
        log.warning("MQTT connection to %s was closed", self._address.url)
        self._drop()
        self._patience.lost()

    def _drop(self) -> None:
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()
        self._queue.clear()
        self._order.forget()

"""The devices' side of MQTT for a whole simulated fleet: keeps each report until Kafka has it, and sends it again until then.

Delivery guarantee: at least once, under any fault of broker or bridge; a report is let go when its SHA-256 comes on the
device's `ack` topic, whatever the broker itself has acknowledged.
"""

import logging
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from bus import mqtt_frames as frames
from bus.mqtt_address import MqttAddress
from bus.tcp import acknowledge_at_once, without_delay
from schemas.errors import Unavailable
from schemas.topics import CLOCK_SEEN, CLOCK_TOPIC, MQTT_ROOT

KEEPALIVE_S: Final = 30
RETRY_S: Final = 0.2
ACKS: Final = f"{MQTT_ROOT}/v1/+/+/ack"

NOT_NOW: Final = (BlockingIOError, TimeoutError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

log = logging.getLogger(__name__)


@dataclass
class _Kept:
    topic: str
    payload: bytes
    sent_at: float
    """Monotonic seconds; 0 = not sent in this connection."""


class DeviceFleetLink:
    """All devices of a fleet over one connection; driven by `poll_acks`, without a thread."""

    def __init__(
        self,
        address: MqttAddress,
        client_id: str = "ecovigil-fleet",
        *,
        resend_after_s: float = 10.0,
        window: int = 4000,
    ) -> None:
        """Connect at the first use. At most `window` reports are under way at a time; the others wait here."""
        self._address = address
        self._client_id = client_id
        self._resend_after_s = resend_after_s
        self._window = window
        self._kept: dict[tuple[str, str], _Kept] = {}
        """By (ack topic, SHA-256)."""
        self._to_send: deque[tuple[str, str]] = deque()
        self._under_way: dict[tuple[str, str], None] = {}
        """In the order of sending."""
        self._acks: list[tuple[str, list[str]]] = []
        self._seen: dict[str, int] = {}
        """Virtual instant that each bridge has last echoed."""
        self._clock = 0
        """Virtual instant that was last told; 0: none."""
        self._sock: socket.socket | None = None
        self._inbox = bytearray()
        self._outbox = bytearray()
        self._packet_id = 0
        self._pinged_at = 0.0
        self._heard_at = 0.0
        self._retry_at = 0.0

    @property
    def unacknowledged(self) -> int:
        """Reports that Kafka is not known to have."""
        return len(self._kept)

    def publish(self, topic: str, payload: bytes, *, keep: bool = True) -> str:
        """Queue a report and return its SHA-256; without `keep` it is sent once and forgotten (a topic that nobody acknowledges)."""
        digest = sha256(payload).hexdigest()
        if not keep:
            self._outbox += frames.publish(topic, payload, self._next_id())
            return digest
        key = (_ack_topic(topic), digest)
        if key in self._kept:
            self._outbox += frames.publish(topic, payload, self._next_id())  # a deliberate duplicate
        else:
            self._kept[key] = _Kept(topic, payload, 0.0)
            self._to_send.append(key)
        return digest

    def poll_acks(self, timeout_s: float = 0.0) -> list[tuple[str, list[str]]]:
        """Send what is due and return (ack topic, SHA-256 in hex) of what Kafka has, waiting for at most `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._pump(0.0 if self._acks else max(0.0, deadline - time.monotonic()))
            if self._acks or time.monotonic() >= deadline:
                break
        taken, self._acks = self._acks, []
        return taken

    def set_clock(self, now_us: int, echoes: int = 1, timeout_s: float = 60.0) -> None:
        """Set the virtual clock and wait until `echoes` bridges have seen it; raises Unavailable where they have not."""
        deadline = time.monotonic() + timeout_s
        told_at, self._clock = 0.0, now_us
        while sum(seen == now_us for seen in self._seen.values()) < echoes:
            if time.monotonic() > deadline:
                raise Unavailable(f"virtual clock: fewer than {echoes} bridges have answered within {timeout_s:g} s")
            if time.monotonic() - told_at > 1.0 and self._is_connected():
                told_at = time.monotonic()
                self._tell_time()
            self._pump(0.05)

    def close(self) -> None:
        """Disconnect; what is not acknowledged is given up."""
        if self._sock is not None:
            self._outbox += frames.DISCONNECT
            self._write()
            self._drop()

    def _tell_time(self) -> None:
        self._outbox += frames.publish(CLOCK_TOPIC, str(self._clock).encode(), self._next_id(), retain=True)

    def _is_connected(self) -> bool:
        if self._sock is None:
            self._connect()
        return self._sock is not None

    def _pump(self, wait_s: float) -> None:
        if not self._is_connected():
            time.sleep(min(wait_s, RETRY_S))
            return
        self._fill()
        self._write()
        if self._sock is not None and select.select([self._sock], [], [], wait_s if not self._outbox else 0.002)[0]:
            self._read()
        self._keep_alive()

    def _fill(self) -> None:
        """Encode what fits into the window, and what has waited too long for its acknowledgement."""
        now = time.monotonic()
        for key in self._overdue(now):
            self._encode(key, now)
        while self._to_send and len(self._under_way) < self._window:
            self._encode(self._to_send.popleft(), now)

    def _overdue(self, now: float) -> Sequence[tuple[str, str]]:
        late = []
        for key in self._under_way:
            if now - self._kept[key].sent_at < self._resend_after_s:
                break
            late.append(key)
        return late

    def _encode(self, key: tuple[str, str], now: float) -> None:
        kept = self._kept.get(key)
        if kept is not None:
            kept.sent_at = now
            self._under_way.pop(key, None)
            self._under_way[key] = None
            self._outbox += frames.publish(kept.topic, kept.payload, self._next_id())

    def _write(self) -> None:
        if self._sock is None or not self._outbox:
            return
        try:
            sent = self._sock.send(self._outbox)
            del self._outbox[:sent]
        except NOT_NOW:
            return
        except OSError as error:
            self._lose(error)

    def _read(self) -> None:
        try:
            data = self._sock.recv(1 << 18) if self._sock is not None else b""
        except NOT_NOW:
            return
        except OSError as error:
            self._lose(error)
            return
        if not data:
            self._lose(ConnectionResetError("closed by the broker"))
            return
        self._heard_at = time.monotonic()
        acknowledge_at_once(self._sock)
        self._inbox += data
        for packet in frames.split(self._inbox):
            if packet.kind == frames.PUBLISH:
                self._take(packet)
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            self._read()  # decrypted already: the socket does not become readable for it

    def _take(self, packet: frames.Packet) -> None:
        topic, payload, packet_id = frames.published(packet)
        if packet_id:
            self._outbox += frames.puback(packet_id)
        if topic.startswith(CLOCK_SEEN):
            self._seen[topic.removeprefix(CLOCK_SEEN)] = int(payload)
            return
        digests = payload.decode().split()
        for digest in digests:
            self._kept.pop((topic, digest), None)
            self._under_way.pop((topic, digest), None)
        self._acks.append((topic, digests))

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if now - self._pinged_at > KEEPALIVE_S / 3:
            self._pinged_at = now
            self._outbox += frames.PINGREQ
        if self._sock is not None and now - self._heard_at > KEEPALIVE_S:
            self._lose(TimeoutError("the broker is silent"))

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % 0xFFFF + 1
        return self._packet_id

    def _connect(self) -> None:
        if time.monotonic() < self._retry_at:
            return
        self._retry_at = time.monotonic() + RETRY_S
        try:
            self._sock = self._open()
        except (OSError, ValueError) as error:
            log.info("MQTT broker %s is away: %s", self._address.url, error)
            return
        self._heard_at = self._pinged_at = time.monotonic()
        if self._clock:
            self._tell_time()  # a broker that has forgotten it would leave a new bridge without any time
        # whatever was under way may or may not have come through: all of it again
        self._to_send.extendleft(reversed(list(self._under_way)))
        self._under_way.clear()

    def _open(self) -> socket.socket:
        sock = socket.create_connection((self._address.host, self._address.port), timeout=5)
        try:
            without_delay(sock)
            if (context := self._address.tls()) is not None:
                sock = context.wrap_socket(sock, server_hostname=self._address.host)
            self._greet(sock)
        except BaseException:
            sock.close()
            raise
        sock.settimeout(0.0)
        return sock

    def _greet(self, sock: socket.socket) -> None:
        sock.sendall(frames.connect(self._client_id, KEEPALIVE_S, self._address.username, self._address.password))
        self._inbox = bytearray()
        self._outbox = bytearray()
        answer = sock.recv(4)
        if len(answer) < 4 or answer[0] >> 4 != frames.CONNACK or answer[3]:
            raise ConnectionRefusedError(f"refused: {answer.hex()}")
        sock.sendall(frames.subscribe(self._next_id(), [ACKS, f"{CLOCK_SEEN}#"]))

    def _lose(self, error: OSError) -> None:
        log.info("MQTT connection to %s is lost: %s", self._address.url, error)
        self._drop()

    def _drop(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def answers(address: MqttAddress, timeout_s: float = 2.0) -> bool:
    """Whether the broker accepts a session."""
    hello = frames.connect(f"ecovigil-ask-{time.monotonic_ns()}", KEEPALIVE_S, address.username, address.password)
    try:
        with socket.create_connection((address.host, address.port), timeout=timeout_s) as sock:
            sock.sendall(hello)
            answer = sock.recv(4)
            sock.sendall(frames.DISCONNECT)
            return len(answer) == 4 and not answer[3]
    except OSError:
        return False


def _ack_topic(report_topic: str) -> str:
    return f"{report_topic.removesuffix('/report')}/ack"

"""The load's connection to the MQTT broker: frames out, acknowledgements counted, nothing kept."""

import select
import socket
import time
from typing import Final

from bus import mqtt_frames as frames
from bus.mqtt_address import MqttAddress
from bus.tcp import acknowledge_at_once, without_delay
from ecovigil.bench.fleet import FleetShape
from schemas.errors import Unavailable
from schemas.topics import CLOCK_TOPIC

ACKS: Final = "ecovigil/v1/+/+/ack"
KEEPALIVE_S: Final = 600
DIGEST_LENGTH: Final = 65
"""Of one SHA-256 in hex and its end of line."""
PUBACK: Final = 0x40


class BrokerTalk:
    """One connection for a whole fleet; what it heard is in the counts."""

    def __init__(self, address: MqttAddress, client_id: str, shape: FleetShape) -> None:
        """Connect and listen for the bridge's acknowledgements; raises Unavailable."""
        self.broker_has = 0
        """PUBACKs."""
        self.kafka_has = 0
        """SHA-256 that the bridge acknowledged."""
        self.heard_at = 0.0
        """When the last acknowledgement came."""
        self._prefix = f"/{shape.prefix}".encode()
        self._turns = [0] * shape.devices
        """Acknowledged reports of each device."""
        self._topics = [shape.topic(number) for number in range(shape.devices)]
        self._inbox = bytearray()
        self._sock = socket.create_connection((address.host, address.port), timeout=10)
        without_delay(self._sock)
        self._sock.sendall(frames.connect(client_id, KEEPALIVE_S, address.username, address.password))
        if self._sock.recv(4)[3:] != b"\0":
            raise Unavailable("load: the broker refuses us")
        self._sock.sendall(frames.subscribe(1, [ACKS], qos=0))
        self._sock.setblocking(False)

    def header(self, number: int, length: int) -> bytes:
        """Return a PUBLISH frame (QoS 1) of a device without its payload of `length` bytes; the packet id is the device's.

        More than one frame of an id may be under way: brokers answer QoS 1 one by one, and we only count.
        """
        packet_id = number % 0xFFFF + 1
        return frames.publish(self._topics[number], bytes(length), packet_id)[:-length]

    def tell_time(self, at: int) -> None:
        """Set the virtual clock, µs."""
        self.send(frames.publish(CLOCK_TOPIC, str(at).encode(), 0xFFFF, retain=True))

    def send(self, data: bytes) -> None:
        """Send all of it, listening meanwhile."""
        view = memoryview(data)
        while view:
            try:
                view = view[self._sock.send(view) :]
            except BlockingIOError:
                select.select([self._sock], [self._sock], [], 1.0)
                self._receive()

    def listen(self, wait_s: float) -> None:
        """Count what comes within `wait_s`."""
        if select.select([self._sock], [], [], max(0.0, wait_s))[0]:
            self._receive()

    def has_turn(self, turn: int) -> bool:
        """Whether Kafka has so many turns of every device, and one more."""
        return self.kafka_has > turn * len(self._turns) and min(self._turns) > turn

    def _receive(self) -> None:
        try:
            data = self._sock.recv(1 << 20)
        except BlockingIOError:
            return
        if not data:
            raise Unavailable("load: the broker has closed the connection")
        acknowledge_at_once(self._sock)
        self._inbox += data
        self._take()

    def _take(self) -> None:
        inbox = bytes(self._inbox)
        at, length = 0, len(inbox)
        while at + 4 <= length:
            if inbox[at] == PUBACK:
                self._count_puback(inbox[at + 2 : at + 4])
                at += 4
                continue
            found = frames.bounds(inbox, at, length)
            if found is None:
                break
            body, end = found
            if inbox[at] >> 4 == frames.PUBLISH:
                self._count_digests(inbox, body, end - body)
            at = end
        del self._inbox[:at]

    def _count_puback(self, packet_id: bytes) -> None:
        if packet_id == b"\xff\xff":
            return
        self.broker_has += 1
        self.heard_at = time.time()

    def _count_digests(self, inbox: bytes, body: int, size: int) -> None:
        topic_end = body + 2 + (inbox[body] << 8 | inbox[body + 1])
        found = inbox.find(self._prefix, body, topic_end)
        if found < 0:
            return
        count = (size - (topic_end - body) + 1) // DIGEST_LENGTH
        self._turns[int(inbox[found + len(self._prefix) : topic_end - 4])] += count
        self.kafka_has += count
        self.heard_at = time.time()

"""MQTT 3.1.1 packets as bytes: only what a fleet of devices needs, because a general client costs 25 times as much a report."""

from collections.abc import Iterator
from typing import Final, NamedTuple

CONNACK: Final = 2
PUBLISH: Final = 3
PUBACK: Final = 4
PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"


class Packet(NamedTuple):
    """One received packet."""

    kind: int
    flags: int
    body: bytes


def connect(
    client_id: str, keepalive_s: int, username: str | None, password: str | None, *, clean: bool = True
) -> bytes:
    """Return CONNECT, with a clean session or one that the broker keeps."""
    flags = (0x02 if clean else 0) | (0x80 if username else 0) | (0x40 if username and password else 0)
    payload = _text(client_id)
    if username:
        payload += _text(username) + (_text(password) if password else b"")
    return _packet(0x10, _text("MQTT") + bytes([4, flags]) + keepalive_s.to_bytes(2) + payload)


def subscribe(packet_id: int, filters: list[str], qos: int = 1) -> bytes:
    """Return SUBSCRIBE for all `filters`."""
    return _packet(0x82, packet_id.to_bytes(2) + b"".join(_text(f) + bytes([qos]) for f in filters))


def publish(topic: str, payload: bytes, packet_id: int, *, retain: bool = False) -> bytes:
    """Return PUBLISH with QoS 1."""
    return _packet(0x32 | int(retain), _text(topic) + packet_id.to_bytes(2) + payload)


def publish_once(topic: str, payload: bytes, *, retain: bool = False) -> bytes:
    """Return PUBLISH with QoS 0."""
    return _packet(0x30 | int(retain), _text(topic) + payload)


def puback(packet_id: int) -> bytes:
    """Return PUBACK."""
    return b"\x40\x02" + packet_id.to_bytes(2)


def published(packet: Packet) -> tuple[str, bytes, int]:
    """Return topic, payload and packet id (0 with QoS 0) of a received PUBLISH."""
    length = int.from_bytes(packet.body[:2])
    end = 2 + length
    topic = packet.body[2:end].decode()
    if packet.flags & 0x06:
        return topic, packet.body[end + 2 :], int.from_bytes(packet.body[end : end + 2])
    return topic, packet.body[end:], 0


def split(buffer: bytearray) -> Iterator[Packet]:
    """Yield the whole packets at the front of `buffer` and take them off it."""
    start, length = 0, len(buffer)
    while (found := bounds(buffer, start, length)) is not None:
        body, end = found
        yield Packet(buffer[start] >> 4, buffer[start] & 0x0F, bytes(buffer[body:end]))
        start = end
    del buffer[:start]


def bounds(buffer: bytes | bytearray, start: int, length: int) -> tuple[int, int] | None:
    """Return where the body of the packet at `start` begins and ends, None while it is not complete; `length` is the buffer's."""
    size, body = 0, start + 1
    for shift in (0, 7, 14, 21):
        if body >= length:
            return None
        digit = buffer[body]
        body += 1
        size |= (digit & 0x7F) << shift
        if digit < 0x80:
            return (body, body + size) if body + size <= length else None
    raise ValueError("not MQTT: the length of a packet has more than four bytes")


def _packet(first: int, body: bytes) -> bytes:
    length, rest = bytearray(), len(body)
    while True:
        rest, digit = rest >> 7, rest & 0x7F
        length.append(digit | (0x80 if rest else 0))
        if not rest:
            return bytes([first]) + bytes(length) + body


def _text(value: str) -> bytes:
    encoded = value.encode()
    return len(encoded).to_bytes(2) + encoded

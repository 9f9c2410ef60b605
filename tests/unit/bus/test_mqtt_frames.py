"""MQTT packets, byte for byte as the standard (3.1.1) writes them."""

from bus import mqtt_frames as frames


def test_publish_has_quality_one_and_its_packet_id() -> None:
    assert frames.publish("a/b", b"hi", 10) == b"\x32\x09\x00\x03a/b\x00\x0ahi"


def test_a_length_of_321_takes_two_bytes() -> None:
    packet = frames.publish("t", b"x" * 316, 1)  # 2 + 1 + 2 + 316 = 321; the standard's example, 2.2.3

    assert packet[1:3] == bytes([193, 2])


def test_packets_are_split_wherever_the_stream_breaks() -> None:
    stream = frames.publish("t", b"x" * 200, 1) + frames.puback(7)
    found: list[frames.Packet] = []
    buffer = bytearray()

    for byte in stream:
        buffer.append(byte)
        found += frames.split(buffer)

    assert [(p.kind, len(p.body)) for p in found] == [(frames.PUBLISH, 205), (frames.PUBACK, 2)]
    assert frames.published(found[0]) == ("t", b"x" * 200, 1)

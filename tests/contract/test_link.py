"""What every device link promises: the in-memory twin and MQTT on the embedded broker."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from threading import Thread

import pytest

from bus.memory_link import MemoryLink
from bus.mqtt_address import MqttAddress
from bus.mqtt_clock import VirtualClock
from bus.mqtt_fleet import DeviceFleetLink
from bus.mqtt_frame_link import MqttFrameLink
from bus.mqtt_link import ALONE, MqttLink
from bus.port import Delivery, DeviceLink
from ecovigil.embedded_mqtt import MqttServer
from schemas.errors import InvalidConfiguration

_numbers = count()


@dataclass
class Side:
    """A link and the devices on its other side."""

    link: DeviceLink
    offer: Callable[[str, bytes], None]
    reopen: Callable[[], DeviceLink]
    """Close the link and return the next connection of the same session."""
    topic: str

    def read(self, amount: int) -> list[Delivery]:
        """Return the messages of this test, at least `amount`."""
        found: list[Delivery] = []
        for _ in range(50):
            found += [d for d in self.link.poll(0.1, 100) if d.topic == self.topic]
            if len(found) >= amount:
                return found
        raise AssertionError(f"{len(found)} of {amount} came")


def memory() -> Iterator[Side]:
    """The twin."""
    link = MemoryLink()

    def reopen() -> DeviceLink:
        link.close()
        return link

    yield Side(link, link.offer, reopen, "ecovigil/v1/110000/d/report")


def mqtt(url: str, kind: type[MqttLink] | type[MqttFrameLink]) -> Iterator[Side]:
    """A session of its own on the embedded broker."""
    number = next(_numbers)
    address = MqttAddress(url)
    devices = DeviceFleetLink(address, f"devices-{number}")
    side: Side

    def opened() -> MqttLink | MqttFrameLink:
        return kind(address, f"bridge-{number}", subscription=ALONE)

    def offer(topic: str, payload: bytes) -> None:
        devices.publish(topic, payload)
        devices.poll_acks(0.05)

    def reopen() -> DeviceLink:
        side.link.close()
        return opened()

    side = Side(opened(), offer, reopen, f"ecovigil/v1/110000/d{number}/report")
    side.link.poll(0.3, 1)
    yield side
    side.link.close()
    devices.close()


KINDS = {"paho": MqttLink, "frames": MqttFrameLink}
each_client = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@pytest.fixture(params=["memory", *(pytest.param(kind, marks=pytest.mark.live) for kind in KINDS)])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    """Each link in turn."""
    if request.param == "memory":
        yield from memory()
    else:
        yield from mqtt(request.getfixturevalue("mqtt_server").url, KINDS[request.param])


def test_messages_come_as_they_were_sent(side: Side) -> None:
    side.offer(side.topic, b"\x00one")
    side.offer(side.topic, b"two")

    assert [d.payload for d in side.read(2)] == [b"\x00one", b"two"]


def test_a_settled_message_does_not_come_again(side: Side) -> None:
    side.offer(side.topic, b"one")
    side.link.settle(side.read(1))
    side.link = side.reopen()

    side.offer(side.topic, b"two")

    assert [d.payload for d in side.read(1)] == [b"two"]


def test_an_unsettled_message_comes_again(side: Side) -> None:
    side.offer(side.topic, b"one")
    side.read(1)

    side.link = side.reopen()

    (again,) = side.read(1)
    assert again.payload == b"one"


def test_what_is_sent_while_the_bridge_is_away_waits_for_it(side: Side) -> None:
    side.link.settle(side.link.poll(0, 1))
    side.link.close()
    side.offer(side.topic, b"meanwhile")

    side.link = side.reopen()

    assert [d.payload for d in side.read(1)] == [b"meanwhile"]


def test_messages_may_be_settled_in_any_order(side: Side) -> None:
    for payload in (b"1", b"2", b"3"):
        side.offer(side.topic, payload)
    one, two, three = side.read(3)

    side.link.settle([three])
    side.link.settle([one, two])
    side.offer(side.topic, b"4")

    assert [d.payload for d in side.read(1)] == [b"4"]


@each_client
@pytest.mark.live
def test_a_fleet_keeps_a_report_until_it_is_acknowledged(mqtt_server: MqttServer, kind: type[MqttLink]) -> None:
    address = MqttAddress(mqtt_server.url)
    fleet, link = DeviceFleetLink(address, "fleet"), kind(address, f"keeper-{kind.__name__}", subscription=ALONE)
    link.poll(0.3, 1)
    digest = fleet.publish("ecovigil/v1/110000/kept/report", b"kept")
    assert (fleet.poll_acks(0.1), fleet.unacknowledged) == ([], 1)

    link.publish("ecovigil/v1/110000/kept/ack", digest.encode())
    link.poll(0.1, 10)

    assert fleet.poll_acks(2.0) == [("ecovigil/v1/110000/kept/ack", [sha256(b"kept").hexdigest()])]
    assert fleet.unacknowledged == 0
    fleet.close()
    link.close()


@each_client
@pytest.mark.live
def test_what_was_published_leaves_before_the_link_waits(mqtt_server: MqttServer, kind: type[MqttLink]) -> None:
    address = MqttAddress(mqtt_server.url)
    fleet, link = DeviceFleetLink(address, "listeners"), kind(address, f"teller-{kind.__name__}", subscription=ALONE)
    fleet.poll_acks(0.3)
    link.poll(0.3, 1)
    waiting = Thread(target=link.poll, args=(10.0, 1))

    link.publish("ecovigil/v1/110000/told/ack", b"known")
    waiting.start()
    told = fleet.poll_acks(5.0)
    is_waiting = waiting.is_alive()
    fleet.publish("ecovigil/v1/110000/told/report", b"next")  # ends the wait
    fleet.poll_acks(0.1)
    waiting.join()

    assert (told, is_waiting) == ([("ecovigil/v1/110000/told/ack", ["known"])], True)
    fleet.close()
    link.close()


@pytest.mark.live
def test_the_virtual_clock_is_set_when_every_bridge_has_seen_it(mqtt_server: MqttServer) -> None:
    address = MqttAddress(mqtt_server.url)
    clock, fleet = VirtualClock(address, "one"), DeviceFleetLink(address, "simulator")

    fleet.set_clock(1_392_912_000_000_000, echoes=1)

    assert clock.now() == 1_392_912_000_000_000
    fleet.close()
    clock.close()


@each_client
@pytest.mark.live
def test_the_bridge_whose_name_is_taken_leaves(mqtt_server: MqttServer, kind: type[MqttLink]) -> None:
    first, second = (kind(MqttAddress(mqtt_server.url), "twin", subscription=ALONE) for _ in range(2))
    first.poll(0.3, 1)

    def quarrel() -> None:
        for _ in range(200):
            second.poll(0.05, 1)
            first.poll(0.05, 1)

    with pytest.raises(InvalidConfiguration, match="twin"):
        quarrel()

    second.close()

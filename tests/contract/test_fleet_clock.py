"""The virtual clock of a replay outlives the broker that told it."""

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from bus.mqtt_address import MqttAddress
from bus.mqtt_clock import VirtualClock
from bus.mqtt_fleet import DeviceFleetLink
from ecovigil.embedded_mqtt import MqttServer
from schemas.errors import Unavailable

pytestmark = pytest.mark.live

T0 = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""


def time_of(clock: VirtualClock, fleet: DeviceFleetLink) -> int:
    """Return what the clock says, as soon as it says anything, while the fleet goes on."""
    for _ in range(20):
        fleet.poll_acks(0.2)
        try:
            return clock.now()
        except Unavailable:
            continue
    return 0


def test_a_new_bridge_on_a_new_broker_is_told_the_time(tmp_path: Path) -> None:
    server = MqttServer(tmp_path)
    server.start()
    with closing(DeviceFleetLink(MqttAddress(server.url))) as fleet:
        with closing(VirtualClock(MqttAddress(server.url), "first")):
            fleet.set_clock(T0)
        os.kill(server.pid, signal.SIGKILL)
        server.start()

        with closing(VirtualClock(MqttAddress(server.url), "second")) as clock:
            assert time_of(clock, fleet) == T0
    server.stop()

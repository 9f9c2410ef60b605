"""The MQTT broker from the wheel `iotcore` (rumqttd): MQTT 3.1.1, sessions in memory."""

import sys
from collections.abc import Sequence
from typing import Final

from bus.mqtt_address import MqttAddress
from bus.mqtt_fleet import answers
from ecovigil.embedded_server import HOST, EmbeddedServer

MAX_PAYLOAD: Final = 2 * 1024 * 1024
MAX_IN_FLIGHT: Final = 100
"""rumqttd's own limit."""

SERVE: Final = (
    "import logging, sys\n"
    "logging.basicConfig(level=logging.WARNING)\n"
    # it reports every packet as an error: that alone would take a hundred times the broker's own work
    "logging.getLogger('rumqttd').setLevel(logging.CRITICAL)\n"
    "from iotcore import IotCoreBroker\n"
    "IotCoreBroker(listen=sys.argv[1], port=int(sys.argv[2]), max_connections=10_000,"
    " max_payload_size=int(sys.argv[3]), max_inflight_count=int(sys.argv[4])).run_forever()\n"
)


class MqttServer(EmbeddedServer):
    """rumqttd; whatever is not acknowledged by Kafka when it dies is sent again by the devices."""

    name = "mqtt"

    @property
    def url(self) -> str:
        """Broker address."""
        return f"mqtt://{HOST}:{self.port}"

    def is_ready(self) -> bool:
        """Whether it accepts a session: rumqttd's process outlives its router and goes on listening."""
        return answers(MqttAddress(self.url))

    def argv(self) -> Sequence[str]:
        """Return the command that runs the broker."""
        # -P: no folder of the user's may stand in for the package
        return [sys.executable, "-P", "-c", SERVE, HOST, str(self.port), str(MAX_PAYLOAD), str(MAX_IN_FLIGHT)]

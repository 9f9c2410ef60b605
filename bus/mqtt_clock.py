"""The virtual clock of a replay, as a bridge sees it: a retained MQTT topic, each value echoed under the bridge's name."""

from collections.abc import Callable
from threading import Condition
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from bus.mqtt_address import MqttAddress
from bus.tcp import acknowledge_at_once, without_delay
from schemas.errors import Unavailable
from schemas.topics import CLOCK_SEEN, CLOCK_TOPIC


class VirtualClock:
    """`now` is what the simulator last said; it never goes by itself."""

    def __init__(self, address: MqttAddress, client_id: str, is_listening: Callable[[], bool] = lambda: True) -> None:
        """Listen as `client_id`-clock and echo as `client_id` once the bridge listens to its devices; reconnects by itself."""
        self._client_id = client_id
        self._is_listening = is_listening
        self._now = 0
        self._changed = Condition()
        self._client = Client(CallbackAPIVersion.VERSION2, f"{client_id}-clock", clean_session=True)
        if address.username:
            self._client.username_pw_set(address.username, address.password)
        if (context := address.tls()) is not None:
            self._client.tls_set_context(context)
        self._client.on_connect = _subscribe
        self._client.on_socket_open = _without_delay
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 2)
        self._client.connect_async(address.host, address.port, keepalive=30)
        self._client.loop_start()

    def now(self) -> int:
        """Return the virtual instant in microseconds; raises Unavailable where none has been told yet."""
        if not self._now:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._now), timeout=1.0)
        if not self._now:
            raise Unavailable("virtual clock: no time has been told yet")
        return self._now

    def close(self) -> None:
        """Stop listening."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        if not message.payload.isdigit():
            return
        acknowledge_at_once(client.socket())
        with self._changed:
            self._now = int(message.payload)
            self._changed.notify_all()
        if self._is_listening():
            client.publish(CLOCK_SEEN + self._client_id, message.payload, qos=0)


def _subscribe(client: Client, _data: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
    client.subscribe(CLOCK_TOPIC, 1)


def _without_delay(_client: Client, _data: Any, sock: Any) -> None:
    without_delay(sock)

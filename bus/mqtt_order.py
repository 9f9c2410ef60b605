"""In which order MQTT messages are acknowledged to the broker: that of their delivery, whatever becomes safe first."""

from collections import deque
from collections.abc import Iterable


class DeliveryOrder:
    """Packet ids of one connection. MQTT asks for the order (3.1.1, 4.6), and rumqttd closes the connection where it is not kept."""

    def __init__(self) -> None:
        self._waiting: deque[int] = deque()
        self._settled: set[int] = set()
        """Those that are safe, but wait for an earlier one."""

    def arrived(self, packet_id: int) -> None:
        """Note a message that waits for its acknowledgement."""
        self._waiting.append(packet_id)

    def settle(self, packet_ids: Iterable[int]) -> list[int]:
        """Note that these are safe; return what may be acknowledged now, in order."""
        settled, waiting = self._settled, self._waiting
        settled.update(packet_ids)
        due = []
        while waiting and waiting[0] in settled:
            packet_id = waiting.popleft()
            settled.remove(packet_id)
            due.append(packet_id)
        return due

    def forget(self) -> None:
        """Forget everything: the connection has gone."""
        self._waiting.clear()
        self._settled.clear()

"""What a consumer group assigns, noted on the client's own thread for the main loop to act on."""

import threading
from collections.abc import Iterable
from typing import Any

from kafka import ConsumerRebalanceListener
from kafka.structs import TopicPartition

from bus.port import Rebalance


class Notes:
    """Notes a changed assignment; runs on the client's heartbeat loop, so it must not wait for anything."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._assigned: frozenset[int] = frozenset()
        self._told: frozenset[int] = frozenset()
        self._lost: frozenset[int] = frozenset()
        self.is_member = False

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Note what goes away."""
        with self._lock:
            self.is_member = False
            gone = frozenset(tp.partition for tp in revoked)
            self._lost |= gone
            self._assigned -= gone

    on_partitions_lost = on_partitions_revoked

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note what comes, and let it wait for its `start`."""
        partitions = list(assigned)
        self._client.pause(*partitions)
        for tp in partitions:
            self._client.seek(tp, 0)  # any position: a partition without one makes `poll` ask for committed offsets
        with self._lock:
            self.is_member = True
            self._assigned |= {tp.partition for tp in partitions}

    def forget(self) -> None:
        """Note all partitions as lost and gained: the log behind them is another one."""
        with self._lock:
            self._lost |= self._assigned

    def owns(self, partition: int) -> bool:
        """Whether the partition is ours and the owner was told so."""
        with self._lock:
            return partition in self._assigned & self._told and partition not in self._lost

    def take(self) -> Rebalance | None:
        """Return the change since the last call."""
        with self._lock:
            if self._assigned == self._told and not self._lost & self._told:
                return None
            change = Rebalance(self._assigned, self._assigned - (self._told - self._lost), self._told & self._lost)
            self._told, self._lost = self._assigned, frozenset()
            return change


ConsumerRebalanceListener.register(Notes)

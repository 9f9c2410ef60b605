"""Partitions that stand still because the log has lost what comes next: told once, and watched until people let them go on.

Delivery: the finding is committed under the partition's own lease, before anything else is done with it; a crash before that meets the same
gap again and tells it under the same id.
"""

import logging
import time
from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Final

from bus.port import LogConsumer
from detectors.draft import Draft
from detectors.findings import log_gap
from schemas.errors import LeaseLost, OffsetGone
from store.port import Advance, Lease, WorkStore

LOOK_EVERY_S: Final = 2.0

log = logging.getLogger(__name__)


@dataclass
class Still:
    """One partition that stands still."""

    lease: Lease
    """As far as it was worked off."""
    is_told: bool = False


class Standstill:
    """All partitions of one worker that stand still."""

    def __init__(self, consumer: LogConsumer, store: WorkStore) -> None:
        self._consumer = consumer
        self._store = store
        self._still: dict[int, Still] = {}
        self._look_at = 0.0

    def stop(self, gone: OffsetGone, lease: Lease) -> None:
        """Note that the log does not have what the partition needs next."""
        log.error("%s: the partition stands still until `ecovigil log resume`", gone)
        self._still[lease.partition] = Still(replace(lease, next_offset=gone.offset))

    def keep(self, partitions: Set[int]) -> None:
        """Forget the others: they are ours no more."""
        self._still = {p: still for p, still in self._still.items() if p in partitions}

    def partitions(self) -> set[int]:
        """Return which stand still."""
        return set(self._still)

    def released(self) -> set[int]:
        """Tell what was not told yet; return the partitions that people have let go on, or that have another owner. Raises Unavailable."""
        for still in self._still.values():
            if not still.is_told:
                self._tell(still)
        if not self._still or time.monotonic() < self._look_at:
            return set()
        self._look_at = time.monotonic() + LOOK_EVERY_S
        topic = next(iter(self._still.values())).lease.topic
        now = {lease.partition: lease for lease in self._store.leases(topic, sorted(self._still))}
        free = {p for p, still in self._still.items() if _has_moved(still.lease, now[p])}
        self.keep(set(self._still) - free)
        return free

    def _tell(self, still: Still) -> None:
        lease = still.lease
        draft = Draft(findings=[log_gap(lease, self._consumer.earliest(lease.partition))])
        try:
            self._store.commit_work(draft.batch([Advance(lease, lease.next_offset, lease.tick_at)]))
        except LeaseLost:
            log.warning("lease lost on %s/%s: its new owner tells of the gap", lease.topic, lease.partition)
        still.is_told = True


def _has_moved(before: Lease, now: Lease) -> bool:
    return (now.epoch, now.next_offset) != (before.epoch, before.next_offset)

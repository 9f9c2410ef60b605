"""What we may have lost ourselves: the bridge notes what it acknowledged, the relay holds it against the books and tells of losses."""

from collections.abc import Mapping
from typing import Final

from detectors.findings import finding_event, finding_row, own_loss
from schemas.codes import FindingKind
from schemas.times import MINUTE_US, Clock
from store.ledger_port import LOG_REPLACED, LedgerStore

MARGIN_US: Final = MINUTE_US
"""By how much the clocks of the bridge's machine and of the clock's may differ."""
AUDIT_EVERY_US: Final = MINUTE_US


class AcknowledgedNotes:
    """Notes what one run of a bridge has acknowledged; only what changed since the last time."""

    def __init__(self, bridge: str, by_hour: Mapping[int, int], clock: Clock) -> None:
        self._bridge = bridge
        self._by_hour = by_hour
        self._clock = clock
        self._run = clock.now()
        self._noted: dict[int, int] = {}

    def note(self, store: LedgerStore) -> None:
        """Note it; raises Unavailable, and is then noted the next time."""
        counts = dict(self._by_hour)  # in one step: the bridge's thread goes on
        changed = {hour: count for hour, count in counts.items() if self._noted.get(hour) != count}
        if changed:
            store.note_acknowledged(self._bridge, self._run, changed, self._clock.now())
            self._noted |= changed


class Audit:
    """Looks once a minute for losses and tells of each once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due = 0

    def look(self, store: LedgerStore) -> None:
        """Compare and tell, where it is time to; raises Unavailable."""
        now = self._clock.now()
        if now >= self._due:
            self._due = now + AUDIT_EVERY_US
            store.audit(MARGIN_US)
            tell_losses(store, now)


def tell_losses(store: LedgerStore, now: int) -> None:
    """Write a finding for each loss of which nobody was told."""
    for loss in store.untold_losses():
        kind = FindingKind.LOG_REPLACED if loss.cause == LOG_REPLACED else FindingKind.OWN_LOSS
        row = finding_row(own_loss(kind, *loss, now))
        store.tell_loss(loss, [row], [finding_event(row)])

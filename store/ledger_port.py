"""Our own losses: what bridges acknowledged against what workers booked, and other ways to lose; both stores serve it alike."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from store.port import FindingRow, OutboxEvent

LOG_REPLACED = "log_replaced"
"""The log is another one: what the old one held and nobody had read is gone."""
OFFSET_GONE = "offset_gone"
"""Records were deleted before they were read."""
NOT_BOOKED = "not_booked"
"""Acknowledged, and not in the books although every partition has been read past it."""


class OwnLoss(NamedTuple):
    """One loss; the key is (cause, subject)."""

    cause: str
    subject: str
    """What was lost, or where: topic and log, topic/partition@offset, bridge and hour."""
    noted_at: int
    """µs; 0: not known when it is kept, then PostgreSQL's own time."""
    messages: int | None = None
    """How many at least; None where it is not known."""


def replaced_log(topic: str, log_id: str, tick_at: int) -> OwnLoss:
    """Return the loss that a topic is another log now; `tick_at`: up to where the old one was worked off."""
    return OwnLoss(LOG_REPLACED, f"{topic} {log_id}", tick_at)


def passed_over(topic: str, partition: int, offset: int, noted_at: int) -> OwnLoss:
    """Return the loss that events from `offset` on were deleted before they were read; `noted_at` in µs, 0: not known."""
    return OwnLoss(OFFSET_GONE, f"{topic}/{partition}@{offset}", noted_at)


class LedgerStore(Protocol):
    """Raises Unavailable where the database is away."""

    def note_acknowledged(self, bridge: str, run: int, by_hour: Mapping[int, int], noted_at: int) -> None:
        """Keep how many messages of each hour a run of a bridge has acknowledged so far (all of them before `noted_at`)."""
        ...

    def audit(self, margin_us: int) -> None:
        """Keep as a loss each hour of which less is booked than was acknowledged more than `margin_us` before the last tick of all partitions."""
        ...

    def keep_loss(self, loss: OwnLoss) -> None:
        """Keep a loss, once."""
        ...

    def untold_losses(self) -> list[OwnLoss]:
        """Return the losses of which no finding was written, oldest first."""
        ...

    def tell_loss(self, loss: OwnLoss, findings: Sequence[FindingRow], events: Sequence[OutboxEvent]) -> None:
        """Write what is to be told of a loss, in one transaction, unless it was told already."""
        ...

"""What the rejections of a batch become: dead letters with a natural key, and an event for each."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from schemas.bundle import Rejected, unpack_raw
from schemas.codes import Rejection
from schemas.events import DeadLettered
from schemas.topics import DEAD_LETTERS
from store.port import Lease, OutboxEvent, WorkBatch

LetterKey = tuple[str, int, int, int, int]
"""(log_id, partition, offset, position, part): the same rejection read again has the same key."""


def letters_of(batch: WorkBatch, leases: dict[int, Lease]) -> Iterator[tuple[LetterKey, Rejected, bytes]]:
    """Return (natural key, rejection, raw bytes) of each new dead letter; `part` counts those of one message."""
    unpacked: dict[int, list[bytes]] = {}
    parts: Counter[tuple[int, int]] = Counter()
    for raw, rejected in batch.rejected:
        partition, offset, blob = batch.raws[raw]
        if raw not in unpacked:
            unpacked[raw] = unpack_raw(blob)
        part = parts[raw, rejected.position]
        parts[raw, rejected.position] += 1
        key = (leases[partition].log_id, partition, offset, rejected.position, part)
        yield key, _storable(rejected), unpacked[raw][rejected.position]


def dead_lettered(letter_id: int, rejected: Rejected, raw: bytes) -> OutboxEvent:
    """Return the event that tells others of a dead letter."""
    event = DeadLettered(
        letter_id=letter_id,
        topic=rejected.topic,
        device_id=rejected.device_id,
        reason=Rejection(rejected.reason),
        detail=rejected.detail,
        sha256=rejected.sha256.hex(),
        received_at=rejected.received_at,
        raw_base64=b64encode(raw).decode(),
    )
    return OutboxEvent(DEAD_LETTERS, rejected.device_id or rejected.topic, event.model_dump_json().encode())


def _storable(rejected: Rejected) -> Rejected:
    """Return the rejection with texts that a database takes: what is refused may hold NUL or half a surrogate pair."""
    return replace(
        rejected,
        topic=_clean(rejected.topic),
        device_id=_clean(rejected.device_id),
        detail=_clean(rejected.detail),
        site_id=_clean(rejected.site_id),
    )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")

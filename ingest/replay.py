"""Replay of dead letters: the same bytes are admitted again by the registry of now, and go to Kafka as a bundle.

Delivery guarantee: a letter is sent at least once; the worker moves it from rejected to stored in the transaction that
stores the report, and a letter that was moved before moves nothing, so that replaying twice changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bus.port import LogProducer
from ingest.admission import Admitted, Refused, digest
from ingest.bundler import BundleLimits, Draft
from ingest.intake import Intake
from schemas.bundle import encode_bundle
from schemas.codes import REPLAYABLE
from schemas.partitions import partition_of
from schemas.topics import REPORTS
from store.letter_port import KEPT, Letter

REPLAYER = "replay"


class Fate(StrEnum):
    """What became of a letter that was to be replayed."""

    SENT = "sent"
    """Its report is on its way to the worker."""
    REFUSED_AGAIN = "refused_again"
    """Admission still refuses it."""
    NOT_REPLAYABLE = "not_replayable"
    """The cause lies in the message."""
    ALREADY_REPLAYED = "already_replayed"
    CUT = "cut"
    """It was too great to be kept whole."""


@dataclass(frozen=True)
class Replayed:
    """One letter and what became of it."""

    letter: Letter
    fate: Fate
    detail: str = ""
    """Why it is refused again."""


class Replay:
    """Sends dead letters through admission again; `finish` makes sure that Kafka has them."""

    def __init__(self, intake: Intake, producer: LogProducer, now_us: int, limits: BundleLimits | None = None) -> None:
        intake.refresh()
        self._intake = intake
        self._producer = producer
        self._now_us = now_us
        self._limits = limits or BundleLimits()
        self._partitions = producer.partitions(REPORTS)
        self._drafts: dict[int, Draft] = defaultdict(Draft)

    def replay(self, letters: Iterable[tuple[Letter, bytes]]) -> list[Replayed]:
        """Replay letters, given with their bytes, and return what became of each."""
        return [self._one(letter, raw) for letter, raw in letters]

    def finish(self) -> None:
        """Send what is open and wait for Kafka; raises Unavailable: then the same letters may be replayed again."""
        for partition in list(self._drafts):
            self._send(partition)
        self._producer.flush()

    def _one(self, letter: Letter, raw: bytes) -> Replayed:
        hindrance = why_not(letter, raw)
        if hindrance is not None:
            return Replayed(letter, hindrance)
        outcome = self._intake.judge(letter.topic, raw, self._now_us)
        refused = still_refused(letter, outcome)
        if refused is None:
            self._add(letter, raw, outcome if letter.whole else _without_refusals(outcome))
            return Replayed(letter, Fate.SENT)
        if letter.whole and (refused.reason, refused.detail) != (letter.reason, letter.detail):
            self._add(letter, raw, outcome)
        return Replayed(letter, Fate.REFUSED_AGAIN, f"{refused.reason}: {refused.detail}")

    def _add(self, letter: Letter, raw: bytes, outcome: Admitted | Refused) -> None:
        partition = partition_of(letter.device_id or letter.topic, self._partitions)
        if not self._drafts[partition].has_room(len(raw), self._limits):
            self._send(partition)
        self._drafts[partition].add(letter.topic, raw, outcome, letter.received_at, letter.letter_id)

    def _send(self, partition: int) -> None:
        bundle = self._drafts.pop(partition).seal(REPLAYER, self._intake.parameters)
        self._producer.send(REPORTS, encode_bundle(bundle), partition=partition)


def why_not(letter: Letter, raw: bytes) -> Fate | None:
    """Return what stands against replaying a letter, or None."""
    if letter.state != KEPT:
        return Fate.ALREADY_REPLAYED
    if letter.reason not in REPLAYABLE:
        return Fate.NOT_REPLAYABLE
    return Fate.CUT if digest(raw) != letter.sha256 else None


def still_refused(letter: Letter, outcome: Admitted | Refused) -> Refused | None:
    """Return the refusal that still holds for a letter; of a stored report's reading, the same one in the same place."""
    if isinstance(outcome, Refused):
        return outcome
    if letter.whole:
        return None
    return next((one for one in outcome.refused if one.detail == letter.detail), None)


def _without_refusals(outcome: Admitted | Refused) -> Admitted | Refused:
    # the report's other bad readings were kept as letters of their own when it first came
    return outcome._replace(refused=()) if isinstance(outcome, Admitted) else outcome

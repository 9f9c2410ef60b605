"""Replay of dead letters: which may go again, what goes, and that bytes are never edited."""

from dataclasses import replace
from hashlib import sha256

import pytest

from bus.memory_log import MemoryLog
from ingest.intake import Intake
from ingest.registry_source import FixedRegistry
from ingest.replay import Fate, Replay, Replayed
from schemas.bundle import Bundle, decode_record, unpack_raw
from schemas.codes import REPLAYABLE, Rejection
from schemas.registry import Registry
from schemas.topics import REPORTS
from store.letter_port import REPLAYED, Letter

NOON = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time
GOOD = b'{"observed_at": "2026-03-10T11:00", "kind": "hour", "readings": [["a34013", 1.5]]}'
MIXED = b'{"observed_at": "2026-03-10T11:00", "kind": "hour", "readings": [["a34013", 1.5], ["a21026", 20]]}'


def registry(unit: str = "mg/m3") -> Registry:
    return Registry.from_tables(
        {
            "site": [{"id": "stack-1", "kind": "stack"}],
            "device": [{"id": "mn-1", "sites": ["stack-1"]}],
            "channel": [{"site": "stack-1", "parameter": "a21026", "unit": unit}],
        }
    )


def letter(
    raw: bytes, reason: Rejection = Rejection.UNKNOWN_DEVICE, detail: str = "mn-1", whole: bool = True
) -> Letter:
    digest = sha256(raw).digest()
    return Letter(
        7, "ecovigil/v1/220100/mn-1/report", "mn-1", "", reason, detail, digest, NOON, whole, "kept", len(raw)
    )


def replayed(one: Letter, raw: bytes, known: Registry | None = None) -> tuple[Replayed, list[Bundle]]:
    log = MemoryLog({REPORTS: 4})
    replay = Replay(Intake(FixedRegistry(known or registry())), log.producer(), NOON)
    (outcome,) = replay.replay([(one, raw)])
    replay.finish()
    sent = [decode_record(value) for values in log.topic(REPORTS).records for value in values]
    return outcome, [bundle for bundle in sent if isinstance(bundle, Bundle)]


def test_a_letter_of_a_device_that_is_registered_now_is_sent_with_its_own_bytes() -> None:
    outcome, (bundle,) = replayed(letter(GOOD), GOOD)

    assert outcome.fate is Fate.SENT
    assert (bundle.report_letter.tolist(), unpack_raw(bundle.raw)) == ([7], [GOOD])


def test_a_replayed_message_is_not_received_a_second_time() -> None:
    _, (bundle,) = replayed(letter(GOOD), GOOD)

    assert (bundle.received, bundle.report_received_at.tolist()) == ({}, [NOON])


def test_a_letter_that_is_refused_for_another_reason_takes_that_reason() -> None:
    raw = GOOD.replace(b"a34013", b"x00001")

    outcome, (bundle,) = replayed(letter(raw), raw)

    assert outcome.fate is Fate.REFUSED_AGAIN
    assert [(r.letter_id, r.reason, r.whole) for r in bundle.rejected] == [(7, "unknown_parameter", True)]


def test_a_letter_that_is_refused_for_the_same_reason_is_left_alone() -> None:
    outcome, sent = replayed(letter(GOOD), GOOD, Registry())

    assert (outcome.fate, outcome.detail, sent) == (Fate.REFUSED_AGAIN, "unknown_device: mn-1", [])


@pytest.mark.parametrize("reason", sorted(set(Rejection) - REPLAYABLE))
def test_a_message_that_is_wrong_in_itself_is_not_replayable(reason: Rejection) -> None:
    outcome, sent = replayed(letter(GOOD, reason), GOOD)

    assert (outcome.fate, sent) == (Fate.NOT_REPLAYABLE, [])


def test_a_letter_is_replayed_once() -> None:
    outcome, sent = replayed(replace(letter(GOOD), state=REPLAYED), GOOD)

    assert (outcome.fate, sent) == (Fate.ALREADY_REPLAYED, [])


def test_a_message_that_was_cut_is_not_replayed() -> None:
    outcome, sent = replayed(letter(GOOD, Rejection.OVERSIZED), GOOD[:-1])

    assert (outcome.fate, sent) == (Fate.CUT, [])


def test_a_refused_reading_follows_its_report_once_the_unit_is_right() -> None:
    partial = letter(MIXED, Rejection.UNKNOWN_PARAMETER, "readings[1]: a21026", whole=False)

    still, nothing = replayed(partial, MIXED, registry(unit="furlongs"))
    outcome, (bundle,) = replayed(partial, MIXED, registry())

    assert (still.fate, nothing) == (Fate.REFUSED_AGAIN, [])
    assert (outcome.fate, bundle.reading_value.tolist(), bundle.rejected) == (Fate.SENT, [1.5, 20.0], [])


def test_bad_readings_of_a_replayed_message_become_letters_of_their_own() -> None:
    raw = MIXED.replace(b"a21026", b"x00001")

    _, (bundle,) = replayed(letter(raw), raw)

    assert [(r.letter_id, r.whole) for r in bundle.rejected] == [(0, False)]

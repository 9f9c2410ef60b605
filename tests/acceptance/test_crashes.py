"""Processes die at random moments of a replay: what comes out is what comes out of an undisturbed one, and everybody is told once."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from store.port import BookEntry
from tests.acceptance.drill import Drill, Receiver, replay_for
from tests.acceptance.drill_kills import FREEZE_AT, ROUND_S, ROUNDS, TARGETS, Havoc

pytestmark = [pytest.mark.acceptance, pytest.mark.live, pytest.mark.timeout(1200)]
SEED: Final = int(os.environ.get("CRASH_SEED", "20140221"))


@dataclass
class Outcome:
    """What came out of one run."""

    final: str
    books: list[BookEntry]
    keys: dict[UUID, str]
    deliveries: list[tuple[UUID, dict[str, Any]]]
    complaints: list[str]
    tally: Counter[str]


def play_undisturbed(drill: Drill) -> Counter[str]:
    """Play, and nothing goes wrong."""
    drill.play()
    return Counter()


def play_with_havoc(drill: Drill) -> Counter[str]:
    """Play over as long as the havoc lasts, so that it meets the replay at every stage."""
    havoc, over = Havoc(drill, SEED), threading.Event()
    pace_s = ROUNDS * ROUND_S / 60
    with ThreadPoolExecutor(1) as player:
        played = player.submit(drill.play, lambda: over.wait(pace_s))
        try:
            havoc.wreak()
        finally:
            over.set()
        played.result()
    return havoc.tally


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks for both runs."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def undisturbed(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run in which nothing goes wrong."""
    return run(receiver, tmp_path_factory.mktemp("undisturbed"), play_undisturbed)


@pytest.fixture(scope="module")
def disturbed(undisturbed: Outcome, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run in which everything but Kafka dies, again and again."""
    outcome = run(receiver, tmp_path_factory.mktemp("disturbed"), play_with_havoc)
    duplicates = sum(entry.duplicate for entry in outcome.books)
    print(f"seed {SEED}: {dict(outcome.tally)}")
    print(f"{len(outcome.deliveries)} deliveries of {len(outcome.keys)} notifications, {duplicates} reports sent again")
    return outcome


def run(receiver: Receiver, folder: Path, play: Callable[[Drill], Counter[str]]) -> Outcome:
    """Return what comes out of one run on servers of its own."""
    receiver.deliveries.clear()
    with Drill(folder, replay_for(receiver), receiver) as drill:
        tally = play(drill)
        drill.settle()
        deliveries = list(receiver.deliveries)
        return Outcome(drill.final(), drill.books(), drill.keys(), deliveries, drill.complaints(), tally)


def test_everything_was_killed_ten_times_and_frozen_in_each_kind_of_commit(disturbed: Outcome) -> None:
    assert disturbed.tally == dict.fromkeys(TARGETS, ROUNDS) | {f"frozen in {table}": 1 for table in FREEZE_AT}


def test_no_role_met_anything_that_it_does_not_expect(undisturbed: Outcome, disturbed: Outcome) -> None:
    assert undisturbed.complaints == []
    assert disturbed.complaints == []


def test_the_results_are_those_of_an_undisturbed_run(undisturbed: Outcome, disturbed: Outcome) -> None:
    differing = sorted(set(undisturbed.final.splitlines()) ^ set(disturbed.final.splitlines()))

    assert differing[:20] == []
    assert disturbed.final == undisturbed.final
    assert undisturbed.final.count('"exceeded"') > 100  # there was something to judge


def test_every_notification_was_delivered_under_its_own_key(disturbed: Outcome) -> None:
    assert set(disturbed.keys.values()) == {"delivered"}
    assert {key for key, _ in disturbed.deliveries} == set(disturbed.keys)


def test_one_step_has_one_key_and_one_text_for_a_recipient(disturbed: Outcome) -> None:
    told: dict[tuple[str, int, str], set[str]] = {}
    for key, body in disturbed.deliveries:
        step = (body["alert_id"], body["step"], body["recipient"])
        told.setdefault(step, set()).add(f"{key} {body['reason']} {body['grade']}")

    assert [step for step, tellings in told.items() if len(tellings) > 1] == []
    assert len(told) == len(disturbed.keys)


def test_the_same_alerts_were_told(undisturbed: Outcome, disturbed: Outcome) -> None:
    assert sorted(told_of(disturbed) ^ told_of(undisturbed)) == []
    assert len(told_of(undisturbed)) > 80


def told_of(outcome: Outcome) -> set[tuple[str, ...]]:
    """Return who was told of which alert, with what it said at first."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for _, body in sorted(outcome.deliveries, key=lambda delivery: -delivery[1]["step"]):
        first[body["alert_id"], body["recipient"]] = body
    return {(*key, body["kind"], body["raised_at"], body["text_en"]) for key, body in first.items()}


def test_the_books_balance_and_no_report_is_missing(undisturbed: Outcome, disturbed: Outcome) -> None:
    gaps = [entry for entry in disturbed.books if entry.received != entry.stored + entry.duplicate + entry.rejected]

    assert gaps == []
    assert sum(entry.stored for entry in disturbed.books) == sum(entry.stored for entry in undisturbed.books)
    assert sum(entry.duplicate for entry in disturbed.books) > 0  # devices did send again

"""Runs drills one after the other: the undisturbed replay first, then a replay for each fault, each from nothing."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.acceptance.drill import Receiver
from tests.drills.chain import RealChain, short_replay
from tests.drills.faults import Fault
from tests.drills.ground import Ground
from tests.drills.report import Outcome, Row, compared, outcome_of

ANSWERS_AFTER_S = 0.005


class Drills:
    """A context: keeps the receiver and the outcome of the undisturbed run."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._seed = seed
        self._receiver = Receiver(ANSWERS_AFTER_S)
        self._replay = short_replay(self._receiver)
        self._undisturbed: Outcome | None = None
        self._runs = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._receiver.close()

    @contextmanager
    def chain(self, ground: Ground) -> Iterator[RealChain]:
        """Give a chain on cleared ground."""
        self._runs += 1
        self._receiver.deliveries.clear()
        folder = self._folder / f"run-{self._runs}"
        with RealChain(folder, ground, self._replay, self._receiver, self._seed + self._runs) as chain:
            yield chain

    def undisturbed(self, ground: Ground) -> Outcome:
        """Return what comes out where nothing goes wrong; played once."""
        if self._undisturbed is None:
            with self.chain(ground) as chain:
                chain.over.set()
                chain.play()
                chain.settle()
                self._undisturbed = outcome_of(chain, self._receiver.deliveries)
        return self._undisturbed

    def drilled(self, ground: Ground, fault: Fault) -> Row:
        """Return what came of one fault."""
        expected = self.undisturbed(ground)
        with self.chain(ground) as chain:
            recovery_s = _played_through(chain, fault)
            chain.settle()
            found = outcome_of(chain, self._receiver.deliveries)
            row = compared(fault.name, expected, found, fault.alarm)
        row.recovery_s = round(recovery_s, 1)
        row.notes = [*chain.extras, *row.notes]
        return row


def _played_through(chain: RealChain, fault: Fault) -> float:
    with ThreadPoolExecutor(1) as player:
        played = player.submit(chain.play)
        try:
            chain.await_moment()
            fault.act(chain)
            recovery_s = chain.recovery_s()
        finally:
            chain.over.set()
        played.result()
    return recovery_s


def run(drills: Drills, ground: Ground, faults: Sequence[Fault]) -> Iterator[Row]:
    """Yield a line for each fault."""
    if faults:
        drills.undisturbed(ground)
    for fault in faults:
        yield guarded(fault.name, lambda about=fault: drills.drilled(ground, about))


def guarded(name: str, drill: Callable[[], Row]) -> Row:
    """Return the line of a drill; one that cannot be done to its end is a line that says so, and the others go on."""
    began = time.monotonic()
    try:
        row = drill()
    except Exception as error:
        logging.getLogger(__name__).exception("%s", name)
        row = Row(name, wrong=[f"{type(error).__name__}: {error}"])
    row.took_s = round(time.monotonic() - began)
    return row

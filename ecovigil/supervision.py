"""Supervision: what dies is started again, with a growing pause; what cannot run is left alone and said."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final, Protocol

from schemas.errors import EcoVigilError

LOOK_EVERY_S: Final = 0.1
ASK_EVERY_S: Final = 5.0
DEAF_TIMES: Final = 3
PAUSE_MAX_S: Final = 10.0
STEADY_AFTER_S: Final = 5.0
"""What has run for so long did not fail at its start: it is started again at once."""

log = logging.getLogger(__name__)


class Supervised(Protocol):
    """A child process of ours: an embedded server or a role."""

    name: str

    def start(self) -> None:
        """Start it, and wait until it is of use."""
        ...

    def stop(self) -> None:
        """Stop it in an orderly way."""
        ...

    def is_alive(self) -> bool:
        """Whether its process runs."""
        ...

    def is_ready(self) -> bool:
        """Whether it does its work."""
        ...

    def gave_up(self) -> bool:
        """Whether it has ended for a reason that another start does not cure."""
        ...


class Supervision:
    """Keeps things running from `watch` until `stop`; one thread for each."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._watched: list[tuple[Supervised, threading.Thread]] = []

    def watch(self, things: Sequence[Supervised]) -> None:
        """Keep these, which have been started, running."""
        for thing in things:
            thread = threading.Thread(target=self._keep, args=(thing,), name=f"keep-{thing.name}", daemon=True)
            self._watched.append((thing, thread))
            thread.start()

    def stop(self) -> None:
        """Stop everything: first what was watched last."""
        self._stopping.set()
        for thing, thread in reversed(self._watched):
            thread.join()
            thing.stop()
        self._watched.clear()

    def _keep(self, thing: Supervised) -> None:
        failures, started_at = 0, time.monotonic()
        ears = _Ears(thing)
        while not self._stopping.wait(LOOK_EVERY_S):
            if thing.is_alive() and not ears.is_deaf():
                continue
            if thing.gave_up():
                log.error("%s has left and is not started again", thing.name)
                return
            failures = 0 if time.monotonic() - started_at > STEADY_AFTER_S else failures + 1
            log.warning("%s is down: starting it again", thing.name)
            if self._stopping.wait(0.0 if failures <= 1 else min(PAUSE_MAX_S, 0.2 * 2**failures)):
                return
            _restart(thing)
            started_at = time.monotonic()


class _Ears:
    """Notices a process that runs but does not answer any more, as a broker whose router has died."""

    def __init__(self, thing: Supervised) -> None:
        self._thing = thing
        self._ask_at = time.monotonic() + ASK_EVERY_S
        self._silences = 0

    def is_deaf(self) -> bool:
        """Whether it was asked several times and did not answer."""
        if time.monotonic() < self._ask_at:
            return False
        self._ask_at = time.monotonic() + ASK_EVERY_S
        self._silences = 0 if self._thing.is_ready() else self._silences + 1
        if self._silences < DEAF_TIMES:
            return False
        self._silences = 0
        return True


def _restart(thing: Supervised) -> None:
    try:
        thing.stop()
        thing.start()
    except (EcoVigilError, OSError) as error:
        log.error("%s: %s", thing.name, error)

"""Notes when a role was able to work, so that the times in which it was not are known afterwards: our own outages.

A thread of its own with a connection of its own: a database that is away must not keep the role waiting. What could not be noted is
kept, stretch by stretch, until the database answers; a role that runs on without the database has therefore no outage.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol, Self

from ecovigil.health import Health
from schemas.errors import EcoVigilError
from schemas.times import SECOND_US, Clock
from store.account_port import Stretch

LOOK_EVERY_S: Final = 5.0
GAP_US: Final = 20 * SECOND_US
"""A shorter absence is none: a role that is started again takes a few seconds."""
log = logging.getLogger(__name__)


class PresenceStore(Protocol):
    """Where it is noted."""

    def note_presence(self, role: str, stretches: Sequence[Stretch], gap_us: int) -> None:
        """Note when a role could work; raises Unavailable."""
        ...


class Presence:
    """The stretches of one process; a role can work while nothing is missing and its loop comes round."""

    def __init__(self, role: str, health: Health, store: PresenceStore, clock: Clock) -> None:
        self._role = role
        self._health = health
        self._store = store
        self._clock = clock
        self._stretches: list[Stretch] = []
        """Not noted yet; the last one goes on while `_going_on`."""
        self._going_on = False
        self._missing: set[str] = set()
        self._looked_at = clock.now()

    def look(self) -> None:
        """Extend the present stretch, or end it; then note what there is. Raises Unavailable, and loses nothing by it."""
        missing = self._health.missing() if self._health.is_alive() else ["loop"]
        now = self._clock.now()
        if now - self._looked_at > GAP_US:  # the whole process stood still: nobody looked
            self._going_on = False
        if missing:
            self._missing.update(missing)
            self._going_on = False
        elif self._going_on:
            self._stretches[-1] = self._stretches[-1]._replace(until=now)
        else:
            self._stretches.append(Stretch(now, now, " ".join(sorted(self._missing - {"started"}))))
            self._going_on = True
            self._missing.clear()
        try:
            self._note()
        finally:
            self._looked_at = self._clock.now()  # not `now`: a database that answers late is no standstill of ours

    def _note(self) -> None:
        if not self._stretches:
            return
        self._store.note_presence(self._role, self._stretches, GAP_US)
        self._stretches = self._stretches[-1:] if self._going_on else []


class Watch:
    """Does several things every few seconds on a thread of its own, as long as the body of `with` runs; then calls `close`."""

    def __init__(
        self,
        things: Callable[[], Sequence[Callable[[], None]]],
        close: Callable[[], None],
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._things = things
        self._close = close
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_on, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=self._every_s + 10)
        self._close()

    def _keep_on(self) -> None:
        going_on = True
        while going_on:
            going_on = not self._stop.wait(self._every_s)
            for thing in self._things():  # once more at the end, when the role has been drained
                self._try(thing)

    def _try(self, thing: Callable[[], None]) -> None:
        try:
            thing()
        except EcoVigilError as error:
            log.info("not noted: %s", error)

"""The chain under drill on the real servers: every role a supervised process behind links of its own, and a replay that does not give up."""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, Self

from bus.kafka_topics import high_water
from detectors.partition import DEADLINE_US
from ecovigil.log_access import kafka_address
from schemas.errors import Unavailable
from schemas.times import HOUR_US, MINUTE_US
from schemas.topics import FINDINGS, MEANS
from tests.acceptance.drill import Drill, Receiver, Replay, replay_for, until
from tests.drills.ground import Ground

DAY: Final = date(2014, 2, 21)
STEP_US: Final = 20 * MINUTE_US
PACE_S: Final = 0.25
"""Pause after each step, as long as the fault is not over: the load goes on meanwhile."""
QUIET_TICKS: Final = 4
INSISTS_FOR_S: Final = 300.0
RECOVERED_WITHIN_S: Final = 300.0


def short_replay(receiver: Receiver) -> Replay:
    """Return one day of heavily polluted air, and of a part of the fleet."""
    return replay_for(receiver, DAY, DAY, STEP_US)


class RealChain(Drill):
    """A context on a cleared ground: inside, the roles run and are kept running."""

    def __init__(self, folder: Path, ground: Ground, replay: Replay, receiver: Receiver, seed: int = 0) -> None:
        super().__init__(folder, replay, receiver)
        self.folder = folder
        self.ground = ground
        self.random = random.Random(seed)
        self.over = threading.Event()
        """Set when there is nothing to wait for any more: the rest of the replay is played without a pause."""
        self.extras: list[str] = []
        """What a drill has to say beside the figures."""
        self.healed_at = 0.0
        self._step = threading.Lock()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._folder.mkdir(parents=True, exist_ok=True)
            self.ground.clear()
            url = self.ground.settings.database.url
            assert url is not None
            self._environment = os.environ | {"ECOVIGIL_DATABASE__URL": url.get_secret_value()}
            self._open(opened, self.ground.settings)
            self._opened = opened.pop_all()
        return self

    def environment(self, role: str) -> dict[str, str]:
        """Return the environment of a process of this role (all its ways are links), or of a command that is no role."""
        return self.ground.environment(role, self._folder)

    def pids(self, target: str) -> list[int]:
        """Return the living processes of a role."""
        return [role.pid for role in self.roles if role.name == target and role.is_alive()]

    def play(self, pause: Callable[[], object] | None = None) -> None:
        """Play all steps through any fault, each as often as it takes; return when Kafka has everything."""
        for tick, arrivals in self._replay.steps():
            with self._step:
                insist(lambda at=tick, due=arrivals: self.playback.deliver(at, due))
                insist(lambda at=tick: self.tick(at))
            self.over.wait(PACE_S)

    def settle(self) -> None:
        """Let quiet ticks pass, for which hours that late data touched wait; return when everything has been worked off."""
        for _ in range(QUIET_TICKS):
            insist(lambda: self.tick(self.playback.last_tick + MINUTE_US))
        super().settle()

    def tick(self, now: int) -> None:
        """Append a tick to every partition and wait until Kafka has it; raises Unavailable."""
        self.playback.tick(now)
        self.playback.finish()

    def await_moment(self) -> None:
        """Return at a seeded moment in the first half of the replay, with reports under way."""
        steps = self._replay.steps()
        tick, _ = steps[self.random.randrange(len(steps) // 6, len(steps) // 3)]
        until(lambda: self.playback.last_tick >= tick, INSISTS_FOR_S)
        self.wait(self.random.uniform(0.0, PACE_S))

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Let the replay stand between two steps as long as the body runs."""
        with self._step:
            yield

    def await_steps(self, count: int) -> None:
        """Return when so many steps more were played."""
        ticks = [tick for tick, _ in self._replay.steps() if tick > self.playback.last_tick]
        until(lambda: self.playback.last_tick >= ticks[count - 1], INSISTS_FOR_S)

    def send_again(self) -> None:
        """Let the devices send again all that they have sent: they were told that it is lost."""
        with self._step:
            now = self.playback.last_tick
            sent = [arrival for arrival in self._replay.arrivals if arrival.at <= now]
            insist(lambda: self.playback.deliver(now, sent))

    def last_of_all(self, close: Callable[[], None]) -> None:
        """Call this before the chain is taken down."""
        self._opened.callback(close)

    def wait(self, seconds: float) -> None:
        """Let the fault last."""
        threading.Event().wait(seconds)

    def healed(self) -> None:
        """Note that the cause is over: the recovery begins."""
        self.healed_at = time.monotonic()

    def recovery_s(self) -> float:
        """Return how long after `healed` the next hour to close had gone through every stage to the receiver."""
        last = self._replay.steps()[-1][0]
        closing = min(self.playback.last_tick // HOUR_US * HOUR_US + HOUR_US + DEADLINE_US + MINUTE_US, last)
        until(lambda: min(self.backlog.ticks().values(), default=0) >= closing, RECOVERED_WITHIN_S)
        self._await_later_stages()
        return time.monotonic() - self.healed_at

    def _await_later_stages(self) -> None:
        ((newest,),) = insist(lambda: self.rows("SELECT coalesce(max(id), 0) FROM outbox"))
        until(lambda: not self.rows("SELECT FROM outbox WHERE id <= %s LIMIT 1", newest), RECOVERED_WITHIN_S)
        kafka = kafka_address(self.ground.settings.kafka)
        ends = {topic: insist(lambda about=topic: high_water(kafka, about, 0)) for topic in (MEANS, FINDINGS)}
        until(lambda: all(self._read(topic) >= end for topic, end in ends.items()), RECOVERED_WITHIN_S)
        pending = self.pending()
        until(lambda: not pending & self.pending(), RECOVERED_WITHIN_S)

    def _read(self, topic: str) -> int:
        rows = self.rows("SELECT next_offset FROM log_partition WHERE topic = %s", topic)
        return int(rows[0][0]) if rows else 0

    def pending(self) -> set[tuple[object, ...]]:
        """Return the notifications that nobody has been told yet."""
        return set(self.rows("SELECT alert_id, step, recipient_id FROM notification WHERE state = 'pending'"))


def insist(act: Callable[[], Any]) -> Any:
    """Return what `act` returns as soon as its servers are there; raises Unavailable after a long time."""
    deadline = time.monotonic() + INSISTS_FOR_S
    while True:
        try:
            return act()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.2)

"""What goes wrong in a drill: processes die at seeded moments, and workers are frozen inside a commit."""

import logging
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql

from ecovigil.wiring import database_url
from schemas.times import cst_text
from tests.acceptance.drill import Drill, until

TARGETS: Final = ("detectors", "bridge", "relay", "city", "alerts", "notifier", "database", "mqtt")
"""Not Kafka: our own keeps everything in memory."""
ROUNDS: Final = 10
ROUND_S: Final = 12.0
"""Each round kills each target once, at moments that are spread over it."""
WRITES: Final = {
    "detectors": ("raw_bundle", "reading", "mean", "verdict", "log_partition"),
    "city": ("air_index", "finding", "log_partition"),
    "alerts": ("alert_event", "notification", "finding_seen"),
    "relay": ("outbox",),
}
"""Tables by whose lock a process is caught inside a transaction: every other kill of it comes there, the others anywhere."""
UNDER_WAY: Final = {"bridge": 0.03, "mqtt": 0.03, "database": 0.3, "notifier": 0.04}
"""Who is caught while reports (or a notification) are under way, so many seconds at most after the first of them."""
CAUGHT_WITHIN_S: Final = 4.0
FREEZE_AT: Final = {"reading": 2, "mean": 4, "log_partition": 6, "raw_bundle": 8}
"""Table → round before which a worker is frozen in a commit that writes it: inside COPY, between two statements, at the fence."""
RECOVERED_WITHIN_S: Final = 120.0

log = logging.getLogger(__name__)


class Havoc:
    """Kills and freezes; `tally` says what was done how often."""

    def __init__(self, drill: Drill, seed: int) -> None:
        self._drill = drill
        self._random = random.Random(seed)
        self._pause = threading.Event()
        self.tally: Counter[str] = Counter()

    def wreak(self) -> None:
        """Do everything; takes some minutes."""
        for turn in range(ROUNDS):
            for table in (table for table, before in FREEZE_AT.items() if before == turn):
                self.freeze(table)
            self._kill_each()

    def _kill_each(self) -> None:
        moments = sorted(self._random.uniform(0, ROUND_S) for _ in TARGETS)
        began = time.monotonic()
        for moment, target in zip(moments, self._random.sample(TARGETS, len(TARGETS)), strict=True):
            self._pause.wait(max(0.0, began + moment - time.monotonic()))
            self.kill(target)

    def kill(self, target: str) -> None:
        """SIGKILL a process of the target, waiting for one to be there."""
        until(lambda: self._drill.pids(target), RECOVERED_WITHIN_S)
        if self._random.random() < 0.5:
            self._strike(target, "anywhere")
        elif target in UNDER_WAY:
            self._await(lambda: self._drill.is_under_way(target), 0.0005)
            self._pause.wait(self._random.uniform(0, UNDER_WAY[target]))
            self._strike(target, "under way")
        else:
            self._strike_inside(target, self._random.choice(WRITES[target]))
        self.tally[target] += 1

    def _strike_inside(self, target: str, table: str) -> None:
        with self._locked(table):
            self._await(lambda: self._is_waited_for(table), 0.02)
            self._strike(target, f"before {table}")

    def _strike(self, target: str, where: str) -> None:
        pid = self._random.choice(self._drill.pids(target))
        os.kill(pid, signal.SIGKILL)
        log.info("killed %s %s (%s) at %s", target, pid, where, cst_text(self._drill.playback.last_tick))

    def freeze(self, table: str) -> None:
        """Stop a worker whose commit waits for `table`, thaw it when all it owned has another owner, and let it come back."""
        log.info("freeze in %s", table)
        stopped: list[int] = []
        until(lambda: self._stop_in_commit(table, stopped), RECOVERED_WITHIN_S)
        (worker,) = stopped
        log.info("froze worker %s in %s", worker, table)
        try:
            until(lambda: worker not in self._owners(), RECOVERED_WITHIN_S)
        finally:
            os.kill(worker, signal.SIGCONT)
        self.tally[f"frozen in {table}"] += 1
        log.info("thawed worker %s", worker)
        until(self._is_shared, RECOVERED_WITHIN_S)

    def _stop_in_commit(self, table: str, stopped: list[int]) -> bool:
        """Stop a worker whose commit waits for the table, if one comes to that before those who wait give up."""
        if not self._is_shared():
            return False
        with self._locked(table):
            self._await(self._waiting, 0.02)
            for worker in self._waiting()[:1]:
                os.kill(worker, signal.SIGSTOP)
                stopped.append(worker)
        return bool(stopped)

    def _is_shared(self) -> bool:
        return sorted(set(self._owners())) == sorted(self._drill.pids("detectors")) and len(set(self._owners())) == 2

    def _owners(self) -> list[int]:
        rows = self._drill.rows("SELECT owner FROM log_partition WHERE topic = 'reports'")
        return [_pid(owner) for (owner,) in rows]

    def _waiting(self) -> list[int]:
        rows = self._drill.rows(
            "SELECT DISTINCT p.owner FROM log_partition AS p"
            " JOIN pg_locks AS l ON l.pid = p.backend_pid AND NOT l.granted"
            " JOIN pg_stat_activity AS a ON a.pid = p.backend_pid AND a.backend_start = p.backend_started"
            " WHERE p.topic = 'reports'"
        )
        return [_pid(owner) for (owner,) in rows]

    def _is_waited_for(self, table: str) -> bool:
        return bool(self._drill.rows("SELECT FROM pg_locks WHERE NOT granted AND relation = %s::regclass", table))

    def _await(self, condition: Callable[[], object], every_s: float) -> None:
        """Wait for what may not come."""
        deadline = time.monotonic() + CAUGHT_WITHIN_S
        while not condition() and time.monotonic() < deadline:
            self._pause.wait(every_s)

    def _connects(self) -> bool:
        """Whether the database accepts connections; one that is there already may answer though its server has just died."""
        try:
            psycopg.connect(database_url(self._drill.servers.settings)).close()
        except psycopg.OperationalError:
            return False
        return self._drill.answers()

    @contextmanager
    def _locked(self, table: str) -> Iterator[None]:
        """Let whoever writes the table wait."""
        until(self._connects, RECOVERED_WITHIN_S)
        with psycopg.connect(database_url(self._drill.servers.settings)) as connection:
            connection.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(sql.Identifier(table)))
            yield


def _pid(owner: str) -> int:
    return int(owner.rpartition(":")[2])

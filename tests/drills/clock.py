"""The clock role dies: in a replay the simulator is the clock, so this one is drilled by itself."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

from bus.kafka_log import KafkaLogConsumer
from ecovigil.log_access import kafka_address
from ecovigil.roles import RoleProcess
from ecovigil.supervision import Supervision
from schemas.bundle import Tick, decode_record
from schemas.topics import REPORTS
from tests.acceptance.drill import until
from tests.drills.chain import RECOVERED_WITHIN_S
from tests.drills.ground import Ground
from tests.drills.report import Row

BEFORE = 3
"""Ticks before it dies, and after."""


class Ticks:
    """Everything that the clock has said to one partition."""

    def __init__(self, ground: Ground) -> None:
        self._consumer = KafkaLogConsumer(kafka_address(ground.settings.kafka), REPORTS, "drill-clock", "drill-clock")
        self.said: list[int] = []

    def are(self, count: int) -> bool:
        """Read on, and return whether there are so many."""
        change = self._consumer.take_rebalance()
        if change is not None and 0 in change.gained:
            self._consumer.start(0, 0)
        records = [decode_record(r.value) for r in self._consumer.poll(0.1) if r.partition == 0]
        self.said += [record.now for record in records if isinstance(record, Tick)]
        return len(self.said) >= count

    def close(self) -> None:
        """Leave."""
        self._consumer.close()


def clock_killed(ground: Ground, folder: Path) -> Row:
    """Return what came of it: ticks go on, and none goes back."""
    ground.clear()
    folder.mkdir(parents=True)
    with ExitStack() as opened:
        clock = RoleProcess("clock", ground.environment("", folder), log_file=folder / "clock.log")
        supervision = Supervision()
        opened.callback(supervision.stop)
        clock.start()
        supervision.watch([clock])
        ticks = Ticks(ground)
        opened.callback(ticks.close)
        until(lambda: ticks.are(BEFORE), RECOVERED_WITHIN_S)
        os.kill(clock.pid, signal.SIGKILL)
        killed_at, known = time.monotonic(), len(ticks.said)
        until(lambda: ticks.are(known + BEFORE), RECOVERED_WITHIN_S)
        row = Row("clock killed", recovery_s=round(time.monotonic() - killed_at, 1))
    row.wrong += [] if ticks.said == sorted(set(ticks.said)) else ["ticks go back"]
    return row

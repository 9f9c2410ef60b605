"""CPU and memory by process, watched while a benchmark runs."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from statistics import mean
from typing import Final, Self

import psutil

from ecovigil.bench.yardstick import piece

EVERY_S: Final = 0.5
YARDSTICK_EVERY: Final = 4
"""Looks; the piece of work takes less than half a hundredth of a core."""


@dataclass
class Watched:
    """One process with its children, as last seen."""

    pid: int
    cpu_s: float = 0.0
    before_s: float = 0.0
    """CPU seconds when the measurement began."""
    peak_mb: float = 0.0
    """Own memory of all of them together, and once what they share."""


@dataclass
class Meter:
    """A context: inside, every watched process is looked at twice a second, and the yardstick taken every two."""

    watched: dict[str, Watched] = field(default_factory=dict)
    pieces_ms: list[float] = field(default_factory=list)
    """What the yardstick took since `begin`, CPU ms."""

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_again, name="meter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def watch(self, name: str, pid: int) -> None:
        """Watch a process under a name."""
        self.watched[name] = Watched(pid)

    def begin(self) -> None:
        """Start counting CPU and peaks now."""
        self._look()
        for process in self.watched.values():
            process.before_s, process.peak_mb = process.cpu_s, 0.0
        self.pieces_ms.clear()

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds of each process since `begin`."""
        self._look()
        return {name: process.cpu_s - process.before_s for name, process in self.watched.items()}

    def yardstick_ms(self) -> float:
        """Return the mean CPU time of the yardstick since `begin`, ms: the greater, the slower the host was."""
        return mean(list(self.pieces_ms) or [piece()])

    def peak_mb(self) -> dict[str, float]:
        """Return the greatest memory of each process since `begin`, MB."""
        return {name: process.peak_mb for name, process in self.watched.items()}

    def _look_again(self) -> None:
        for number in count():
            if self._stop.wait(EVERY_S):
                return
            self._look()
            if number % YARDSTICK_EVERY == 0:
                self.pieces_ms.append(piece())

    def _look(self) -> None:
        children = _children()
        for process in list(self.watched.values()):
            with suppress(psutil.Error):  # where it has ended what was last seen stays
                _look_at(process, children)


def _children() -> Mapping[int, Sequence[int]]:
    """Return the children of every process, from one look at all: a look for each of those we watch takes a tenth of a core."""
    found: dict[int, list[int]] = defaultdict(list)
    for process in psutil.process_iter(["ppid"]):
        found[process.info["ppid"]].append(process.pid)
    return found


def _look_at(watched: Watched, children: Mapping[int, Sequence[int]]) -> None:
    family = [psutil.Process(watched.pid)]
    for one in family:
        for pid in children.get(one.pid, ()):
            with suppress(psutil.Error):
                family.append(psutil.Process(pid))
    times = [one.cpu_times() for one in family]
    # children that have ended are in the parent's account: PostgreSQL has one process a connection
    ended = times[0].children_user + times[0].children_system
    watched.cpu_s = max(watched.cpu_s, sum(t.user + t.system for t in times) + ended)
    memory = [one.memory_info() for one in family]
    own = sum(m.rss - m.shared for m in memory) + max(m.shared for m in memory)
    watched.peak_mb = max(watched.peak_mb, own / 1e6)

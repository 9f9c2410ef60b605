"""The demonstration: a month of real air and a simulated fleet through the whole chain, in steps of one virtual hour."""

import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ecovigil.demo_summary import Pace, Summary, summary_of
from ecovigil.demo_words import state_table
from ecovigil.live import LiveChain, own_servers
from ecovigil.replay_run import Cost, opened_chain, station_timeline
from ecovigil.settings import Settings
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US, cst_text, date_us
from sim.arrivals import Arrival
from sim.example import beijing_files, example_registry
from sim.fleet import Fleet
from sim.incidents import Incident, read_incidents
from sim.stations import BEIJING, read_station

FIRST: Final = date(2014, 1, 30)
"""Two days of air before the month, so that its first hours have their running 24 hours."""
FLEET_FIRST: Final = date(2014, 2, 1)
LAST: Final = date(2014, 3, 1)
"""Exclusive."""
TICK_AFTER_US: Final = 10 * MINUTE_US
"""A tick comes when the deadline of the hour before is over: so an hour is known at the same instant whether its last
station or the deadline closed it, and every run tells the same times."""
LOOK_EVERY_S: Final = 1.0


@dataclass(frozen=True)
class Play:
    """What is played."""

    registry: Registry
    incidents: list[Incident]
    fleet: Fleet
    air: list[Arrival]

    def steps(self) -> Iterator[tuple[int, list[Arrival]]]:
        """Yield (tick, all reports up to it) for each virtual hour."""
        position, before = 0, date_us(FIRST)
        for hour in range(date_us(FIRST) + HOUR_US, date_us(LAST) + HOUR_US, HOUR_US):
            tick = hour + TICK_AFTER_US
            first = position
            while position < len(self.air) and self.air[position].at <= tick:
                position += 1
            yield tick, self.air[first:position] + self.fleet.arrivals(before, tick + 1)
            before = tick + 1


def bundled_play() -> Play:
    """Return the bundled month."""
    registry, incidents = example_registry(), read_incidents()
    fleet = Fleet(registry, date_us(FLEET_FIRST), date_us(LAST), incidents=incidents)
    air = station_timeline([read_station(path) for path in beijing_files()], registry)
    return Play(registry, incidents, fleet, air)


def demo_folder(settings: Settings, data_dir: Path | None) -> Path:
    """Return the folder of the demonstration's own servers."""
    return (data_dir or settings.data_path).absolute() / "demo"


def emptied(folder: Path) -> Path:
    """Return the folder without what an earlier demonstration left there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def play_through(chain: LiveChain, played: Play, console: Console) -> Summary:
    """Play all, show how it goes, wait until all is worked off, and return what came out."""
    cost = Cost(chain)
    steps = list(_ticks())
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=console
    )
    task = progress.add_task("", total=len(steps))
    chain.playback.wake(steps[0])
    looked_at = 0.0
    with Live(progress, console=console, refresh_per_second=4, transient=True) as live:
        for tick, arrivals in played.steps():
            chain.playback.deliver(tick, arrivals)
            chain.playback.tick(tick)
            progress.update(task, advance=1, description=cst_text(tick))
            if time.monotonic() - looked_at > LOOK_EVERY_S:
                looked_at = time.monotonic()
                live.update(Group(progress, state_table(chain)))
        progress.update(task, description="等待处理完毕 waiting for the chain")
        chain.settle()
    taken = cost.taken(chain.playback.sent)
    pace = Pace(taken.reports, taken.wall_s, taken.cpu_s)
    return summary_of(chain.database, chain.alerts, played.registry, played.fleet, played.incidents, BEIJING, pace)


def _ticks() -> Iterator[int]:
    return iter(range(date_us(FIRST) + HOUR_US + TICK_AFTER_US, date_us(LAST) + HOUR_US, HOUR_US))


def opened_demo(settings: Settings, folder: Path, played: Play) -> AbstractContextManager[LiveChain]:
    """Return the chain on our own servers: a demonstration never touches anybody's database."""
    return opened_chain(own_servers(settings), lambda _: played.registry, date_us(FIRST), folder, durable=False)

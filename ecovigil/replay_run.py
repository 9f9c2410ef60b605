"""What replays and the demonstration share: the chain on the settings' servers or our own, and what a run costs."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.table import Table

from ecovigil.live import CHAIN, LiveChain, environment_of_roles, prepare, replay_settings
from ecovigil.roles import RoleProcess
from ecovigil.servers import Servers
from ecovigil.settings import Settings
from ecovigil.wiring import database_url
from schemas.errors import InvalidConfiguration
from schemas.registry import Registry
from sim.arrivals import Arrival
from sim.stations import StationFile, hour_arrivals, merged, station_of
from store.sql import queries

SQL = queries("results")


def station_timeline(stations: list[StationFile], registry: Registry) -> list[Arrival]:
    """Return all reports of the stations in order of time; raises InvalidConfiguration where there is none."""
    places = [(station, station_of(station.station, registry)) for station in stations]
    arrivals = merged([list(hour_arrivals(station, place)) for station, place in places if place is not None])
    if not arrivals:
        raise InvalidConfiguration("the files hold no measurement of a registered station")
    return arrivals


@contextmanager
def opened_chain(
    settings: Settings,
    registered: Callable[[Registry], Registry],
    now: int,
    data_dir: Path | None = None,
    *,
    durable: bool = True,
) -> Iterator[LiveChain]:
    """Give a running chain, one process a role, on the settings' servers, else on our own ones.

    `registered` gets the registry that is there and returns the one to use.
    """
    with Servers(replay_settings(settings), data_dir=data_dir, durable=durable) as servers:
        folder = (data_dir or servers.settings.data_path).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "registry.json").unlink(missing_ok=True)
        registry = prepare(database_url(servers.settings), registered, now)
        environment = environment_of_roles(servers, servers.settings, folder)
        runners = [RoleProcess(role, environment, log_file=folder / f"{role}.log") for role in CHAIN]
        with LiveChain(servers.settings, registry, runners) as chain:
            chain.servers = {name: server.pid for name, server in servers.started.items()}
            yield chain


@dataclass(frozen=True)
class Taken:
    """What a run has cost, and whether its books balance."""

    reports: int
    readings: int
    wall_s: float
    cpu_s: dict[str, float]
    unbalanced: list[str]


class Cost:
    """Measures from its making on."""

    def __init__(self, chain: LiveChain) -> None:
        self._chain = chain
        self._before = cpu_by_process(chain)
        self._readings = self._count()
        self._started = time.monotonic()

    def taken(self, reports: int) -> Taken:
        """Return the cost up to now."""
        wall_s = time.monotonic() - self._started
        now = cpu_by_process(self._chain)
        cpu_s = {name: seconds - self._before.get(name, 0.0) for name, seconds in now.items()}
        with self._chain.database.read() as cursor:
            wrong = cursor.execute(SQL["unbalanced"]).fetchall()
        return Taken(reports, self._count() - self._readings, wall_s, cpu_s, [f"{row[0]} {row[1]}" for row in wrong])

    def _count(self) -> int:
        with self._chain.database.read() as cursor:
            row = cursor.execute(SQL["result_counts"]).fetchone()
        return int(row[0]) if row else 0


def cpu_by_process(chain: LiveChain) -> dict[str, float]:
    """Return the CPU seconds of each process so far: ours (the publisher), our servers, the roles."""
    found = {"publisher": _cpu_s(os.getpid(), alone=True)}
    found |= {name: _cpu_s(pid) for name, pid in chain.servers.items()}
    return found | {
        name: _cpu_s(runner.pid) for name, runner in chain.runners.items() if isinstance(runner, RoleProcess)
    }


def _cpu_s(pid: int, *, alone: bool = False) -> float:
    try:
        process = psutil.Process(pid)
        family = [process] if alone else [process, *process.children(recursive=True)]
        return float(sum(sum(one.cpu_times()[:2]) for one in family))
    except psutil.NoSuchProcess:
        return 0.0


def cost_table(taken: Taken) -> Table:
    """Return the figures for the terminal."""
    rate = taken.readings / taken.wall_s if taken.wall_s else 0.0
    table = Table(
        title=f"{taken.reports:,} 报文 reports, {taken.readings:,} 读数 readings in {taken.wall_s:.1f} s: {rate:,.0f} readings/s"
    )
    table.add_column("进程 process")
    table.add_column("CPU s", justify="right")
    table.add_column("%", justify="right")
    total = sum(taken.cpu_s.values()) or 1.0
    for name, seconds in sorted(taken.cpu_s.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{seconds:.1f}", f"{100 * seconds / total:.0f}")
    table.add_row("总计 total", f"{total:.1f}", f"{100 * total / taken.wall_s:.0f} % of one core")
    return table

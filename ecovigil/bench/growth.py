"""`bench size`: what it costs to write, and to ask, where a year of readings lies in the tables already, beside the same on empty ones.

Two databases of one server: in one an archive is filled in, in the other only what is asked for. They take turns, so that whatever else
the machine does meets both; the empty one is made anew for each turn, since what is measured fills it.
"""

import os
import shutil
import tempfile
import time
from dataclasses import replace
from statistics import median
from typing import Final

import numpy as np

from ecovigil.bench.archive import Archive
from ecovigil.bench.archive_fill import SQL, fill, opened, statement
from ecovigil.bench.bench_servers import BenchServers
from ecovigil.bench.fleet import FleetShape, registry_of
from ecovigil.bench.result import Figure, Result, costs
from ecovigil.bench.runs import READINGS, Terms, found
from ecovigil.bench.sides import GROWN, PATTERN, Rounds, Side, compared, named
from ecovigil.live import prepare
from schemas.errors import InvalidConfiguration
from schemas.registry import Registry

BYTES_A_READING: Final = 135
"""On disk with index, report, hour mean and verdict, rounded up."""
RESERVE_BYTES: Final = 12 << 30
"""For the write-ahead log, sorting, and what is written while it is measured."""
BESIDE: Final = "the same on empty tables"
NOTES: Final = (
    "Commits and answers of both sides alternate; of rounds and of answers the median.",
    "A commit holds one report of each of 2,000 devices: raw bytes, reports, 20,000 readings, offsets.",
    "Both databases give as many rows to a question. What was filled in has no raw bytes. The costs are those of measuring, not of filling.",
)


def size(terms: Terms) -> Result:
    """Measure commits and questions with 200 million readings in the tables, and with none."""
    archive = Archive.of(terms.of(200_000_000, 3_000_000))
    refuse_small_disk(archive.readings, tempfile.gettempdir())
    rounds = Rounds(rounds=terms.of(7, 3), commits=terms.of(30, 10), answers=terms.of(50, 20))
    registry = registry_of(FleetShape(devices=archive.devices, start_us=archive.end_us))
    with BenchServers(registry, embedded=terms.embedded) as servers:
        _filled(servers, PATTERN, replace(archive, lone=True), registry)
        filled = _filled(servers, GROWN, archive, registry)
        servers.meter.watch("size", os.getpid())
        servers.meter.begin()
        grown, empty = compared(servers.database_url, archive, rounds)
        batch = archive.devices * READINGS
        spent = costs(servers.meter.cpu_s(), servers.meter.peak_mb(), 2 * len(grown.commit_s) * batch)
        figures = [*_commits(grown, empty, batch, rounds.rounds), *_answers(grown, empty), *_disk(servers), filled]
        return found(servers, terms, "size", _workload(archive, rounds), figures, *NOTES, cost=spent)


def refuse_small_disk(readings: int, folder: str) -> None:
    """Raise InvalidConfiguration where a folder has no room for so many readings and what belongs to them."""
    needed, free = readings * BYTES_A_READING + RESERVE_BYTES, shutil.disk_usage(folder).free
    if free < needed:
        raise InvalidConfiguration(
            f"{folder} 空间不足：需 {needed / 1e9:.0f} GB，剩余 {free / 1e9:.0f} GB；可用 TMPDIR 指定其他目录，或加 --quick。"
            f" Too little room: {needed / 1e9:.0f} GB are needed, {free / 1e9:.0f} GB are free; name another folder by TMPDIR, or use --quick"
        )


def _filled(servers: BenchServers, name: str, archive: Archive, registry: Registry) -> Figure:
    """Make a database and fill an archive in; return how fast that was."""
    with servers.connection.read() as cursor:
        cursor.execute(statement("make_database", database=name))
    url = named(servers.database_url, name)
    prepare(url, lambda _: registry, 0)
    started = time.perf_counter()
    fill(url, archive)
    taken_s = time.perf_counter() - started
    return Figure(name="filled in, with reports, means, verdicts", value=archive.readings / taken_s, unit="readings/s")


def _commits(grown: Side, empty: Side, batch: int, rounds: int) -> list[Figure]:
    """Return what commits of so many readings cost: the means of each round, and of these the median."""
    (wall_s, cpu_s), (beside_s, beside_cpu_s) = (
        np.median(np.array(side.commit_s).reshape(rounds, -1, 2).mean(axis=1), axis=0).tolist()
        for side in (grown, empty)
    )
    return [
        Figure(name="readings/s of commits", value=batch / wall_s, beside=BESIDE, beside_value=batch / beside_s),
        Figure(
            name="CPU of commits, ours and the server's", value=cpu_s / batch * 1e6, unit="s a million readings",
            beside=BESIDE, beside_value=beside_cpu_s / batch * 1e6,
        ),
    ]  # fmt: skip


def _answers(grown: Side, empty: Side) -> list[Figure]:
    return [
        Figure(
            name=f"{question} ({grown.rows[question]:,} rows)", value=median(taken_s) * 1e3, unit="ms", beside=BESIDE,
            beside_value=median(empty.answer_s[question]) * 1e3,
        )
        for question, taken_s in grown.answer_s.items()
    ]  # fmt: skip


def _disk(servers: BenchServers) -> list[Figure]:
    """Return rows and sizes of the grown database after the measurement."""
    with opened(named(servers.database_url, GROWN)) as database, database.read() as cursor:
        ((reports, readings, means, verdicts, *_),) = cursor.execute(SQL["rows"]).fetchall()
        ((table, index),) = cursor.execute(SQL["reading_bytes"]).fetchall()
        ((whole,),) = cursor.execute(SQL["disk"]).fetchall()
    return [
        Figure(name="readings at the end", value=readings), Figure(name="reports", value=reports),
        Figure(name="hour means", value=means), Figure(name="verdicts", value=verdicts),
        Figure(name="table of readings", value=table / 1e9, unit="GB"),
        Figure(name="its index", value=index / 1e9, unit="GB"),
        Figure(name="bytes a reading, with index", value=(table + index) / readings),
        Figure(name="bytes a reading, whole database", value=whole / readings),
    ]  # fmt: skip


def _workload(archive: Archive, rounds: Rounds) -> str:
    return (
        f"{archive.readings / 1e6:,.0f} million minute readings of {archive.devices * READINGS:,} series in twelve months; "
        f"{rounds.rounds} rounds of {rounds.commits} commits and up to {rounds.answers} answers to each question, on each side"
    )

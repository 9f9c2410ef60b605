"""`make drill`: every fault on Apache Kafka, Mosquitto and PostgreSQL; ends with a table, exit code 1 where anything was lost or doubled."""

import argparse
import fnmatch
import logging
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rich.console import Console

from ecovigil.real_servers import apache_kafka, mosquitto
from tests.drills.clock import clock_killed
from tests.drills.disk import SmallDisk, why_no_disk
from tests.drills.drills import Drills, guarded, run
from tests.drills.faults import FAULTS
from tests.drills.faults_of_disks import DATABASE_MB, LOG_MB, on_small_disks
from tests.drills.faults_of_logs import ON_LOGS
from tests.drills.ground import Ground
from tests.drills.pressure import Load, pressed
from tests.drills.report import Row, printed, written

PRESSED = ("database", "kafka")
RESULTS = Path(__file__).parents[2] / ".cache" / "drill.json"


def main() -> int:
    """Run what the arguments ask for."""
    asked, console = _arguments(), Console()
    lacking = [why for why in (apache_kafka.why_absent(), mosquitto.why_absent()) if why]
    if lacking:
        console.print("; ".join(lacking), markup=False)
        return 2
    logging.basicConfig(level=logging.CRITICAL)
    rows = []
    for row in _rows(asked, console):
        rows.append(row)
        said = "ok" if row.is_good else "WRONG"
        console.print(said, row.fault, *row.wrong, markup=False, highlight=False, soft_wrap=True)
    printed(rows, console)
    written(rows, asked.json)
    return 0 if rows and all(row.is_good for row in rows) else 1


def _rows(asked: argparse.Namespace, console: Console) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="ecovigil-drill-") as name, Drills(Path(name), asked.seed) as drills:
        folder = Path(name)
        wanted = [fault for fault in (*FAULTS, *ON_LOGS) if _is_asked(fault.name, asked.only)]
        pressures = [server for server in PRESSED if _is_asked(f"{server} stopped", asked.only)]
        if wanted or pressures or _is_asked("clock killed", asked.only):
            with Ground(folder / "ground") as ground:
                yield from run(drills, ground, wanted)
                if _is_asked("clock killed", asked.only):
                    yield guarded("clock killed", partial(clock_killed, ground, folder / "clock"))
                load = Load(asked.rate, asked.seconds)
                for server in pressures:
                    yield guarded(f"{server} stopped", partial(pressed, ground, folder / server, server, load))
        yield from _on_small_disks(drills, folder, asked.only, console)


def _on_small_disks(drills: Drills, folder: Path, only: str, console: Console) -> Iterator[Row]:
    database, log = SmallDisk(folder / "small-database", DATABASE_MB), SmallDisk(folder / "small-log", LOG_MB)
    wanted = [fault for fault in on_small_disks(database, log) if _is_asked(fault.name, only)]
    if wanted and why_no_disk():
        console.print(f"skipped: full disks: {why_no_disk()}", markup=False)
    elif wanted:
        with database, log, Ground(folder / "small", log_folder=log.path, database_folder=database.path) as ground:
            yield from run(drills, ground, wanted)


def _is_asked(name: str, patterns: str) -> bool:
    return any(fnmatch.fnmatch(name, pattern.strip()) for pattern in patterns.split(","))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make drill ARGS=…")
    parser.add_argument("--only", default="*", metavar="NAME,…", help="names of faults, with * for any text")
    parser.add_argument("--seed", type=int, default=20140221, help="of the moments at which things happen")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help=f"default: {RESULTS}")
    parser.add_argument("--rate", type=int, default=2_000, help="readings a second while a server is stopped")
    parser.add_argument("--seconds", type=int, default=50, help="how long it stays stopped")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

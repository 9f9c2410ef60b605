"""Debian's Mosquitto with the settings of deploy/mosquitto.conf that matter; for tests that want the real broker."""

import os
import shutil
from pathlib import Path

from tests.integration.server_process import ServerProcess, free_ports

SHIPPED = Path(__file__).parents[2] / "deploy" / "mosquitto.conf"
REPLACED = ("listener", "allow_anonymous", "password_file", "persistence_location", "log_dest")
"""What a test sets for itself; everything else is tested as it is shipped."""


def program() -> str | None:
    """Return the path of the broker; Debian keeps it where only root's PATH looks."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def why_absent() -> str:
    """Return what this machine lacks, or "" where Mosquitto can run."""
    return "" if program() else "Mosquitto is not installed (Debian: apt-get install mosquitto)"


class Mosquitto(ServerProcess):
    """A broker on 127.0.0.1 whose sessions and messages are kept in `data`."""

    def __init__(self, data: Path) -> None:
        executable = program()
        assert executable is not None, why_absent()
        (port,) = free_ports(1)
        self.url = f"mqtt://127.0.0.1:{port}"
        configuration = data / "mosquitto.conf"
        configuration.write_text(_configuration(port, data), encoding="utf-8")
        super().__init__([executable, "-c", str(configuration)], port, data / "mosquitto.log")


def _configuration(port: int, data: Path) -> str:
    shipped = SHIPPED.read_text(encoding="utf-8").splitlines()
    kept = [line for line in shipped if line and line[0] != "#" and line.split()[0] not in REPLACED]
    # started by root it would change to a system user, to whom a test's folder is closed
    ours = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        f"persistence_location {data}/",
        "log_dest stderr",
        "user root",
    ]
    return "\n".join([*kept, *ours, ""])

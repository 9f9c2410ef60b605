"""Debian's Mosquitto with the settings that deploy/ ships; for tests that want the real broker."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.integration.server_process import ServerProcess, free_ports

DEPLOY = Path(__file__).parents[2] / "deploy"
REPLACED = ("listener", "allow_anonymous", "password_file", "acl_file", "persistence_location", "log_dest")
"""What a test sets for itself; everything else is tested as it is shipped."""


def program(name: str = "mosquitto") -> str | None:
    """Return the path of the broker; Debian keeps it where only root's PATH looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def why_absent() -> str:
    """Return what this machine lacks, or "" where Mosquitto can run."""
    return "" if program() else "Mosquitto is not installed (Debian: apt-get install mosquitto)"


class Mosquitto(ServerProcess):
    """A broker on 127.0.0.1 whose sessions and messages are kept in `data`.

    With `accounts` (name and password) the shipped access rules hold; without, everybody may do everything.
    """

    def __init__(self, data: Path, accounts: Mapping[str, str] | None = None) -> None:
        executable = program()
        assert executable is not None, why_absent()
        (port,) = free_ports(1)
        self.url = f"mqtt://127.0.0.1:{port}"
        access = _access(data, accounts) if accounts else ["allow_anonymous true"]
        configuration = data / "mosquitto.conf"
        configuration.write_text("\n".join([*_shipped(), *_ours(port, data), *access, ""]), encoding="utf-8")
        super().__init__([executable, "-c", str(configuration)], port, data / "mosquitto.log")


def _shipped() -> list[str]:
    lines = (DEPLOY / "mosquitto.conf").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line[0] != "#" and line.split()[0] not in REPLACED]


def _ours(port: int, data: Path) -> list[str]:
    # started by root it would change to a system user, to whom a test's folder is closed
    return [f"listener {port} 127.0.0.1", f"persistence_location {data}/", "log_dest stderr", "user root"]


def _access(data: Path, accounts: Mapping[str, str]) -> list[str]:
    passwords = data / "passwords"
    passwords.touch(mode=0o600)
    for name, password in accounts.items():
        command = [program("mosquitto_passwd") or "mosquitto_passwd", "-b", str(passwords), name, password]
        subprocess.run(command, check=True, capture_output=True)
    return ["allow_anonymous false", f"password_file {passwords}", f"acl_file {DEPLOY / 'mosquitto-access'}"]

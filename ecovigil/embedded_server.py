"""What the embedded servers have in common: one child process under a guard, on 127.0.0.1, with its data in one folder."""

import json
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from schemas.errors import Unavailable

HOST: Final = "127.0.0.1"
GUARD: Final = Path(__file__).with_name("embedded_guard.py")

log = logging.getLogger(__name__)


class EmbeddedServer:
    """One server; `start` and `stop` may be called again and again, the port stays the same."""

    name = "server"
    stop_signal: int = signal.SIGTERM
    ready_within_s = 30.0

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        """Keep data and log under `data_dir`; `port` 0 takes a free one at the first start."""
        self.data_dir = data_dir
        self.port = port
        self.pid = 0
        """Process id of the server itself, 0 before the first start."""
        self.after_start: Callable[[], None] | None = None
        """Called at the end of each start."""
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens, without credentials."""
        return f"{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """Where clients connect."""
        raise NotImplementedError

    def argv(self) -> Sequence[str]:
        """Return the command that runs the server."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make what the server needs before it runs."""

    def user(self) -> tuple[int, int] | None:
        """Return (uid, gid) to run as, None: ours."""
        return None

    def environment(self) -> Mapping[str, str]:
        """Return variables to set for the server."""
        return {}

    def is_ready(self) -> bool:
        """Whether clients can connect."""
        try:
            with socket.create_connection((HOST, self.port), timeout=0.5):
                return True
        except OSError:
            return False

    def is_alive(self) -> bool:
        """Whether the server's process runs."""
        return self._guard is not None and self._guard.poll() is None

    def gave_up(self) -> bool:
        """A server is always worth another start."""
        return False

    def start(self) -> None:
        """Start and wait until clients can connect; raises Unavailable with the end of the log where it does not come up."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        self.prepare()
        deadline = time.monotonic() + self.ready_within_s
        while not self._came_up(deadline):
            # a predecessor that was killed may still hold the port or the data for a moment
            if time.monotonic() > deadline:
                raise Unavailable(f"{self.name}: does not start; see {self.log_file}: {self._last_line()}")
            time.sleep(0.3)
        log.info("%s: pid %s, %s:%s", self.name, self.pid, HOST, self.port)
        if self.after_start is not None:
            self.after_start()

    def stop(self) -> None:
        """Stop in an orderly way, or by force after some seconds."""
        guard, self._guard = self._guard, None
        if guard is not None:
            _close(guard)

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self.data_dir / f"{self.name}.log"

    def spawn(self, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start a command under a guard and return the guard, which ends with it."""
        spec: dict[str, Any] = {
            "argv": list(argv),
            "log": str(self.log_file),
            "user": self.user(),
            "signal": int(self.stop_signal),
            "env": dict(self.environment()),
            "cwd": str(self.data_dir),
        }
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), json.dumps(spec)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def _came_up(self, deadline: float) -> bool:
        self.stop()
        self._guard = guard = self.spawn(self.argv())
        assert guard.stdout is not None
        self.pid = int(guard.stdout.readline() or 0)
        while guard.poll() is None and time.monotonic() < deadline:
            if self.is_ready() and guard.poll() is None:
                return True
            time.sleep(0.05)
        return False

    def _last_line(self) -> str:
        lines = (
            self.log_file.read_text(encoding="utf-8", errors="replace").splitlines() if self.log_file.exists() else []
        )
        return lines[-1] if lines else ""


def free_port() -> int:
    """Return a TCP port that is free on 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _close(guard: "subprocess.Popen[bytes]") -> None:
    for pipe in (guard.stdin, guard.stdout):
        if pipe is not None:
            pipe.close()
    guard.wait()

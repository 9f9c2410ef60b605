"""Roles: the loop that runs one in this process, and the child process in which each runs under `ecovigil run`."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

from ecovigil.garbage import Garbage
from ecovigil.health import Health
from ecovigil.log_format import write_logs
from ecovigil.meters import Meters
from ecovigil.metrics_port import MetricsPort
from ecovigil.settings import Settings
from ecovigil.wiring import Role, build_role, watch_for
from schemas.errors import Unavailable

STEP_S: Final = 0.5
BACK_OFF_S: Final = (0.2, 0.5, 1.0, 2.0, 3.0)
DRAIN_S: Final = 20.0
EXIT_WRONG: Final = 2

log = logging.getLogger(__name__)


def run_role(name: str, settings: Settings, stop: threading.Event, meters: Meters | None = None) -> None:
    """Step a role until `stop`, then drain it. A server that is away is waited for, however long; other errors end the process."""
    meters = meters or Meters(name)
    role: Role | None = None
    failures, garbage = 0, Garbage()
    while not stop.is_set():
        try:
            if role is None:
                role = build_role(name, settings, meters)
                garbage.freeze()
            garbage.after(role.step(STEP_S))
            failures = 0
        except Unavailable as error:
            meters.steps.labels("unavailable").inc()
            _say(name, error, failures)
            stop.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
            failures += 1
        meters.health.stepped()
    if role is not None:
        _drain(name, role)


def run_watched(name: str, settings: Settings, stop: threading.Event) -> None:
    """Run a role as a process of its own does: its log as the settings say, its figures and health on its port."""
    write_logs(settings.log, name)
    meters = Meters(name, Health(settings.metrics.stuck_after_s))
    with MetricsPort(settings.metrics, meters), watch_for(settings, meters):
        run_role(name, settings, stop, meters)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    return stop


def stop_with_parent(stop: threading.Event) -> None:
    """Set `stop` when the other end of our standard input closes: the supervisor has gone, by whatever cause."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        stop.set()
        threading.Timer(DRAIN_S, os._exit, [1]).start()

    threading.Thread(target=wait, name="parent", daemon=True).start()


class RoleProcess:
    """One role as a child process."""

    def __init__(
        self, role: str, environment: Mapping[str, str], config: Path | None = None, log_file: Path | None = None
    ) -> None:
        """Run `role` with these variables; what it says goes to `log_file`, else to our own output."""
        self.name = role
        self._log_file = log_file
        self._environment = dict(environment)
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id, 0 before the first start."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start; it waits for its servers by itself."""
        config = ["--config", str(self._config)] if self._config else []
        command = [sys.executable, "-P", "-m", "ecovigil", "run", "--role", self.name, "--supervised", *config]
        with ExitStack() as opened:
            said = opened.enter_context(self._log_file.open("ab")) if self._log_file else None
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env=self._environment,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Let it drain, then make sure that it has gone."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(DRAIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def is_ready(self) -> bool:
        """A role has no one to answer: running is all that can be seen from here."""
        return self.is_alive()

    def gave_up(self) -> bool:
        """Whether it ended because the operator must act."""
        return self._process is not None and self._process.poll() == EXIT_WRONG


def _say(name: str, error: Unavailable, failures: int) -> None:
    if failures in (3, 30) or (failures and failures % 300 == 0):
        log.warning("%s waits: %s", name, error)


def _drain(name: str, role: Role) -> None:
    try:
        role.close()
    except Unavailable as error:
        log.warning("%s: not everything was finished, it will be repeated: %s", name, error)

"""A server that a test starts as a process of its own: free ports, started when it listens, stopped or killed."""

import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self


def free_ports(count: int) -> list[int]:
    """Return `count` different free TCP ports of 127.0.0.1."""
    with ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class ServerProcess:
    """One process of a server, running inside its `with` block; what it prints goes to `output`; may be started again."""

    def __init__(self, command: Sequence[str], port: int, output: Path) -> None:
        self.port = port
        self._command = list(command)
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, within_s: int = 60) -> None:
        """Start the server, and return when it listens on its port."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=subprocess.STDOUT)
        for _ in range(within_s * 20):
            if _listens(self.port):
                return
            _pause_unless_ended(self._process, self._output)
        raise RuntimeError(f"{self._command[0]} did not start within {within_s} s: see {self._output}")

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL)."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Let the server save what it has and end."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


def _pause_unless_ended(process: subprocess.Popen[bytes], output: Path) -> None:
    try:
        code = process.wait(timeout=0.05)
    except subprocess.TimeoutExpired:
        return
    raise RuntimeError(f"{process.args!r} ended with {code}: see {output}")

"""A process of a benchmark that waits for its start, answers with one line of JSON and stays until its cost was read."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from schemas.errors import Unavailable


class Child:
    """A context: inside, `python …` runs; it prints "ready", begins when told to, and prints its outcome as JSON."""

    def __init__(self, arguments: Sequence[str], log_file: Path, folder: Path | None = None) -> None:
        self._log_file = log_file
        with log_file.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                cwd=folder,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def await_ready(self) -> None:
        """Return when it is ready to begin; raises Unavailable where it has ended."""
        self._line()

    def begin(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def outcome(self) -> dict[str, Any]:
        """Return what it answers at its end; raises Unavailable where it failed."""
        answered: dict[str, Any] = json.loads(self._line())
        return answered

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            said = self._log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise Unavailable(f"bench: {self._log_file.stem} has failed: {said[-1] if said else 'without a word'}")
        return line

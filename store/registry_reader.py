"""What a worker asks of the store about the registry, and how far it has followed its changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.registry import Registry


@dataclass(frozen=True)
class Stretch:
    """A stretch of a site whose closed windows are still to be judged again, because the registry changed."""

    site: str
    device: int
    """Whose closed hours are meant."""
    start: int
    end: int
    """Exclusive."""


class Revisions(NamedTuple):
    """How far what people enter goes."""

    marks: int = 0
    """`mark_revision`."""
    registry: int = 0
    """`registry_version`."""


class RegistryReader(Protocol):
    """What a worker asks about the registry; all reads see what was last committed. Raises Unavailable where the database is away."""

    def registry(self) -> tuple[int, Registry]:
        """Return the newest registry and its version (0 and an empty one where nothing was imported)."""
        ...

    def registry_version(self) -> int:
        """Return the version of the newest registry."""
        ...

    def registry_at(self, version: int) -> Registry:
        """Return an earlier version, an empty registry for 0; raises KeyError where there is no such version."""
        ...

    def registry_followed(self, topic: str, partition: int) -> int:
        """Return up to which version a partition has noted what is to be judged again; 0: none."""
        ...

    def stretches_open(self, devices: Sequence[int]) -> list[Stretch]:
        """Return what of these devices' sites is still to be judged again, by site, device and start."""
        ...

    def next_mean(self, series: NDArray[np.int32], start: int, end: int) -> int | None:
        """Return the first start, in [start, end), of any hour or day mean of these series."""
        ...

    def note_reporters(self, pairs: Sequence[tuple[str, int]]) -> list[int]:
        """Note that devices report for sites (a transaction of its own); return for each (site, device) the last instant that others reported there, µs; 0: none did."""
        ...

    def reported_sites(self, devices: Sequence[int]) -> list[tuple[str, int]]:
        """Return (site, device) of all that was noted of these devices, in that order: also where the registry no longer names them."""
        ...

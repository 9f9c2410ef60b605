"""What the city role needs of the store, and what one commit of it holds; both stores serve it alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Columns
from schemas.registry import Registry
from store.ledger_port import OwnLoss
from store.port import Advance, FindingRow, IndexRow, Lease, OutboxEvent


@dataclass(frozen=True)
class StationMeans(Columns):
    """Current means of stations, as far as a city's index needs them."""

    site: NDArray[np.object_]
    """Site id."""
    parameter: NDArray[np.object_]
    """HJ 212 code."""
    start: NDArray[np.int64]
    value: NDArray[np.float64]
    """NaN where there is none."""
    valid: NDArray[np.bool_]
    closed_at: NDArray[np.int64]
    """Tick at which it was closed, µs; 0 = not known."""

    DTYPES: ClassVar[dict[str, Any]] = {
        "site": np.object_,
        "parameter": np.object_,
        "start": np.int64,
        "value": np.float64,
        "valid": np.bool_,
        "closed_at": np.int64,
    }


@dataclass
class CityBatch:
    """All that one transaction of the city role writes."""

    advances: list[Advance]
    """`tick_at` is the lowest tick up to which all due hours are closed."""
    indices: list[IndexRow] = field(default_factory=list)
    """Inserted, or a new version where the content differs."""
    findings: list[FindingRow] = field(default_factory=list)
    """Inserted or replaced by id."""
    outbox: list[OutboxEvent] = field(default_factory=list)
    losses: list[OwnLoss] = field(default_factory=list)
    """Each is kept once; the relay tells of it."""


class Closed(NamedTuple):
    """A period of which the means of some station were closed."""

    period: int
    """0 hour, 1 day."""
    start: int
    """µs."""
    closed_at: int
    """The last tick at which one of them was closed, µs."""


class CityStore(Protocol):
    """The city role's side of the store. Reads see what the last commit left; each raises Unavailable where the database is away."""

    def claim(self, topic: str, log_id: str, partitions: Sequence[int], owner: str) -> list[Lease]:
        """Take the partitions; leases in ascending order."""
        ...

    def leases(self, topic: str, partitions: Sequence[int]) -> list[Lease]:
        """Return the partitions as the store knows them, in ascending order: what to believe when a commit's outcome is unknown."""
        ...

    def registry(self) -> tuple[int, Registry]:
        """Return the newest registry and its version (0 and an empty one where nothing was imported)."""
        ...

    def registry_version(self) -> int:
        """Return the version of the newest registry."""
        ...

    def lowest_tick(self, topic: str, partitions: int) -> int | None:
        """Return the lowest tick, µs, over partitions 0 … n-1 of a topic; None until each has ticked."""
        ...

    def station_means(self, sites: Sequence[str], period: int, start: int, end: int) -> StationMeans:
        """Return the current means of these sites that start in [start, end), in order of start, site, parameter."""
        ...

    def closed_since(self, sites: Sequence[str], since: int) -> list[Closed]:
        """Return the periods of which current means of these sites were closed at `since` (µs) or later, in order of start, period."""
        ...

    def city_indices(self, city: str, start: int, end: int) -> list[IndexRow]:
        """Return the city's index rows of all periods that start in [start, end), in order of start, period."""
        ...

    def city_findings(self, city: str, kinds: Sequence[str]) -> list[FindingRow]:
        """Return the findings of these kinds about a city, in order of start."""
        ...

    def city_edges(self, city: str, sites: Sequence[str]) -> tuple[int | None, int | None]:
        """Return (the earliest hour that has a mean of these sites and no hour row of the city, the last hour that has one)."""
        ...

    def commit_city(self, batch: CityBatch) -> None:
        """Write everything in one transaction, the fence last; raises LeaseLost (nothing written) or Unavailable (outcome unknown)."""
        ...

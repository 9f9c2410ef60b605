"""What the worker needs of the store, and what one commit of it holds; PostgreSQL and the in-memory twin serve it alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.bundle import Rejected
from schemas.columns import Columns, Means, Readings, Reports
from store.counts import Counts
from store.device_states import DeviceState, DeviceStates
from store.mark_reader import MarkReader
from store.registry_reader import RegistryReader, Revisions


@dataclass(frozen=True)
class Lease:
    """The right to write one partition's results, until somebody claims it with a higher epoch."""

    log_id: str
    topic: str
    partition: int
    epoch: int
    next_offset: int
    """First offset that is not yet in the results."""
    tick_at: int
    """Last tick that was worked off, µs; 0 = none."""
    replaced: bool = False
    """The log is another one than before: reading starts at its beginning."""


@dataclass(frozen=True)
class Advance:
    """How far a commit moves a lease."""

    lease: Lease
    next_offset: int
    tick_at: int


@dataclass(frozen=True)
class OutboxEvent:
    """One event to publish on Kafka; written with the results, relayed afterwards."""

    topic: str
    key: str
    payload: bytes


@dataclass(frozen=True)
class FindingRow:
    """A finding as kept: the event's JSON under its natural id."""

    finding_id: str
    kind: str
    site_id: str | None
    device_id: str | None
    city: str | None
    parameter: str | None
    start: int | None
    detected_at: int
    payload: bytes
    """`Finding` as JSON."""


@dataclass(frozen=True)
class Verdicts(Columns):
    """What rules say of means; the key is (series, period, start), one verdict each."""

    series: NDArray[np.int32]
    period: NDArray[np.uint8]
    start: NDArray[np.int64]
    outcome: NDArray[np.object_]
    """An `Outcome` value."""
    value: NDArray[np.float64]
    """What was compared; NaN where nothing was."""
    limit_min: NDArray[np.float64]
    limit_max: NDArray[np.float64]
    """NaN where the rule has none."""
    times_over: NDArray[np.float64]
    """C/L - 1 of an exceeded verdict, else NaN."""
    reason: NDArray[np.object_]
    """Why not judged, else ""."""
    rule: NDArray[np.object_]
    """Rule id (limit table or permit figure), "" where none."""
    binding: NDArray[np.object_]
    """Binding id, "" where none."""
    basis: NDArray[np.object_]
    """measured, converted."""

    DTYPES: ClassVar[dict[str, Any]] = {
        "series": np.int32,
        "period": np.uint8,
        "start": np.int64,
        "outcome": np.object_,
        "value": np.float64,
        "limit_min": np.float64,
        "limit_max": np.float64,
        "times_over": np.float64,
        "reason": np.object_,
        "rule": np.object_,
        "binding": np.object_,
        "basis": np.object_,
    }


@dataclass(frozen=True)
class IndexRow:
    """An air quality index of a site or a city."""

    subject: str
    """Site id or city id."""
    is_city: bool
    period: str
    """hour, day, running24."""
    start: int
    """Start of the period; for running24: the start of its last hour."""
    standard: str
    aqi: int | None
    primary: tuple[str, ...]
    """HJ 212 codes of the primary pollutants."""
    detail: str
    """JSON: concentration and IAQI by parameter; for a city also how many stations."""


@dataclass(frozen=True)
class Rejudge:
    """A closed hour of a site that has to be judged again."""

    site: str
    device: int
    start: int
    """Start of the hour."""
    noted_at: int
    """Tick at which it was first touched since it was judged."""


class BookEntry(NamedTuple):
    """Reports of one device and China Standard Time day."""

    device_id: str
    day: date
    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0


class Booked(NamedTuple):
    """Messages of one bridge and partition that were worked off, by the hour in which the first of their bundle came."""

    bridge: str
    partition: int
    hour: int
    messages: int


@dataclass
class WorkBatch:
    """All that one transaction of the worker writes. Bundles' blobs, rows, results, events, then the leases' advance."""

    advances: list[Advance]
    raws: list[tuple[int, int, bytes]] = field(default_factory=list)
    """(partition, offset, zstd blob) of each bundle."""
    reports: Reports = field(default_factory=Reports.empty)
    """New reports (duplicates are not among them); `bundle` indexes `raws`."""
    readings: Readings = field(default_factory=Readings.empty)
    """Certainly new readings: straight to COPY."""
    reading_report: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """Row in `reports` of each of `readings`."""
    winners: Readings = field(default_factory=Readings.empty)
    """Readings that take the place of the one in force (it is kept in reading_superseded)."""
    winner_report: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    losers: Readings = field(default_factory=Readings.empty)
    """Readings that lost against the one in force: kept in reading_superseded."""
    loser_report: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)
    """(index into raws, rejection): kept as dead letters, each with an event on `dead_letters`."""
    recalled: Reports = field(default_factory=Reports.empty)
    """Reports that are stored already and whose refused readings come now, by a replay: `reading_report` ≥ len(reports) means these."""
    replayed: list[tuple[int, BookEntry]] = field(default_factory=list)
    """Dead letters that were replayed, and the books of what came of each. Where the letter is kept and whole, its rejection leaves
    the books of the day of its `received_at` (received - 1, rejected - 1) and the entry is added; else the books stay as they are."""
    counts: Counts = field(default_factory=Counts.empty)
    """Amounts to add: of bundles in which every report counts once for its own device."""
    books: list[BookEntry] = field(default_factory=list)
    """Amounts to add: all others."""
    booked: list[Booked] = field(default_factory=list)
    means: Means = field(default_factory=Means.empty)
    """Inserted, or a new version where the content differs."""
    verdicts: Verdicts = field(default_factory=Verdicts.empty)
    """Inserted, or a new version where the content differs; superseded versions are kept."""
    indices: list[IndexRow] = field(default_factory=list)
    """Inserted or replaced."""
    findings: list[FindingRow] = field(default_factory=list)
    """Inserted or replaced by id."""
    outbox: list[OutboxEvent] = field(default_factory=list)
    devices: DeviceStates = field(default_factory=DeviceStates.empty)
    """Upserted, with the partition of `partition_of(device_id)`; of every device that `reports` are of: when its first report was observed is kept with them."""
    rejudge: list[Rejudge] = field(default_factory=list)
    rejudged: list[tuple[str, int]] = field(default_factory=list)
    """(site, start) that are done."""
    marks_followed: dict[int, int] = field(default_factory=dict)
    """By partition: the revision of the marks up to which the touched windows are in `rejudge`."""
    registry_followed: dict[int, int] = field(default_factory=dict)
    """By partition: the version of the registry up to which what it touches is in `stretches`."""
    stretches: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)
    """By (site, device): all that is now still to be judged again of it, [start, end); an empty list: nothing."""


class WorkStore(MarkReader, RegistryReader, Protocol):
    """The worker's side of the store. All reads see what the last commit left; raises Unavailable where the database is away."""

    def claim(self, topic: str, log_id: str, partitions: Sequence[int], owner: str) -> list[Lease]:
        """Take the partitions: end the predecessor's backend if it still runs, raise the epoch, return leases in ascending order."""
        ...

    def leases(self, topic: str, partitions: Sequence[int]) -> list[Lease]:
        """Return the partitions as the store knows them, in ascending order: what to believe when a commit's outcome is unknown."""
        ...

    def device_numbers(self, device_ids: Sequence[str]) -> list[int]:
        """Return the surrogate numbers, made where they are missing (a transaction of its own)."""
        ...

    def series_numbers(self, pairs: Sequence[tuple[str, str]]) -> list[int]:
        """Return the series numbers of (site, parameter) pairs, made where they are missing (a transaction of its own)."""
        ...

    def series_of_sites(self, sites: Sequence[str]) -> list[tuple[int, str, str]]:
        """Return (series, site, parameter) of all series of these sites."""
        ...

    def device_states(self, partition: int, partitions: int) -> list[tuple[str, DeviceState]]:
        """Return (device_id, state) of the devices whose key falls into the partition."""
        ...

    def rejudge_open(self, devices: Sequence[int]) -> list[Rejudge]:
        """Return what is still to be judged again for these devices."""
        ...

    def known_reports(self, reports: Reports) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return for each row whether it is stored already, and whether any of its (device, observed_at, kind) is; a commit that is under way may not be seen."""
        ...

    def readings_at(self, keys: Readings) -> tuple[NDArray[np.bool_], Readings]:
        """Return, aligned with `keys`, whether (series, kind, observed_at) is stored, and the reading in force (zeros where not)."""
        ...

    def window_readings(self, series: NDArray[np.int32], start: NDArray[np.int64], end: NDArray[np.int64]) -> Readings:
        """Return the readings in force of each (series, [start, end)), sorted by series, kind, observed_at; sent_at and sha8 are zeros: each key stands once. Ask for days, not for years: it is read hour by hour."""
        ...

    def means_between(
        self, series: NDArray[np.int32], period: int, start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> Means:
        """Return the current means of each (series, [start, end)), sorted by series, start."""
        ...

    def verdicts_at(self, series: NDArray[np.int32], period: NDArray[np.uint8], start: NDArray[np.int64]) -> Verdicts:
        """Return the current verdicts of these keys (missing ones are absent), sorted by series, period, start."""
        ...

    def verdicts_between(
        self, series: NDArray[np.int32], period: int, start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> Verdicts:
        """Return the current verdicts of each (series, [start, end)), sorted by series, start."""
        ...

    def latest_verdicts(self, series: Sequence[int]) -> Verdicts:
        """Return the last met-or-exceeded verdict of each (series, period)."""
        ...

    def ever_exceeded(self, series: Sequence[int]) -> set[tuple[int, int]]:
        """Return the (series, period) that have any exceeded verdict."""
        ...

    def findings_told(self, finding_ids: Sequence[str]) -> dict[str, bytes]:
        """Return those of these findings that were ever told: id → `Finding` as JSON, as it was told last."""
        ...

    def commit_work(self, batch: WorkBatch) -> None:
        """Write everything in one transaction, the fence last; raises LeaseLost (nothing written) or Unavailable (outcome unknown)."""
        ...

    def commit_later(self, batch: WorkBatch) -> None:
        """Do what `commit_work` does while the caller goes on; the next call of this store waits for it. What it raises is raised at once or by that call."""
        ...

    def land(self) -> None:
        """Wait for what `commit_later` has under way; raises LeaseLost (nothing written) or Unavailable (outcome unknown), once."""
        ...

    def revisions(self) -> Revisions:
        """Return how far marks and registry go; while a commit is under way, as it was after the one before, without waiting."""
        ...

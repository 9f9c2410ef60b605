"""The tables of the in-memory twin: plain dicts under one lock, with the fence that PostgreSQL's twin has."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from threading import RLock
from typing import Generic, NamedTuple, TypeVar

from schemas.errors import LeaseLost
from schemas.marks import Mark
from schemas.registry import Registry
from store.account_port import OwnOutage
from store.device_states import DeviceState
from store.ledger_port import OwnLoss, replaced_log
from store.port import Advance, BookEntry, FindingRow, IndexRow, Lease, OutboxEvent, Rejudge

Row = TypeVar("Row")


class Timeline(Generic[Row]):
    """Rows of one series in order of time; appending at the end is the cheap and usual case."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self._instants: list[int] = []

    def put(self, at: int, row: Row) -> None:
        """Insert or replace the row at an instant."""
        if at not in self.rows:
            if not self._instants or at > self._instants[-1]:
                self._instants.append(at)
            else:
                insort(self._instants, at)
        self.rows[at] = row

    def between(self, start: int, end: int) -> list[int]:
        """Return the instants of [start, end) that have a row, ascending."""
        if not self._instants or start > self._instants[-1]:
            return []
        return self._instants[bisect_left(self._instants, start) : bisect_left(self._instants, end)]

    def latest_first(self) -> Iterator[tuple[int, Row]]:
        """Return (instant, row) from the last to the first."""
        return ((at, self.rows[at]) for at in reversed(self._instants))


class RawRow(NamedTuple):
    """One bundle's blob, and where in the log it stood."""

    log_id: str
    topic: str
    partition: int
    log_offset: int
    content: bytes


class ReportRow(NamedTuple):
    """One stored report."""

    device: int
    observed_at: int
    kind: int
    sha256: bytes
    sent_at: int
    received_at: int
    bundle: int
    position: int


class ReadingRow(NamedTuple):
    """One reading in force; its key is outside."""

    value: float | None
    flag: int
    sent_at: int
    sha8: int
    report: int


class SupersededRow(NamedTuple):
    """A reading that lost against another value of the same key."""

    series: int
    kind: int
    observed_at: int
    reading: ReadingRow
    superseded_by: int


class MeanRow(NamedTuple):
    """One version of a mean; its key is outside."""

    version: int
    value: float | None
    samples: int
    kind: int
    valid: bool
    reason: str
    converted: float | None
    mass_kg: float | None
    closed_at: int


class VerdictRow(NamedTuple):
    """One version of a verdict; its key is outside."""

    version: int
    outcome: str
    value: float | None
    limit_min: float | None
    limit_max: float | None
    times_over: float | None
    reason: str
    rule: str
    binding: str
    basis: str


@dataclass(frozen=True)
class LetterRow:
    """One dead letter."""

    letter_id: int
    topic: str
    device_id: str
    reason: str
    detail: str
    sha256: bytes
    received_at: int
    raw: bytes
    whole: bool
    site_id: str
    state: str = "kept"


@dataclass(frozen=True)
class PartitionRow:
    """Who owns a partition, and how far its results go."""

    log_id: str
    epoch: int
    next_offset: int
    tick_at: int
    owner: str


SeriesPeriod = tuple[int, int]


@dataclass
class MemoryTables:
    """All tables that more than one slice reads; `lock` guards them. A slice's own tables live in the slice."""

    lock: RLock = field(default_factory=RLock)
    registries: list[Registry] = field(default_factory=list)
    device: dict[str, int] = field(default_factory=dict)
    series: dict[tuple[str, str], int] = field(default_factory=dict)
    """Number by (site, parameter)."""
    series_names: dict[int, tuple[str, str]] = field(default_factory=dict)
    log_partition: dict[tuple[str, int], PartitionRow] = field(default_factory=dict)
    raw_bundle: dict[int, RawRow] = field(default_factory=dict)
    report: dict[int, ReportRow] = field(default_factory=dict)
    report_keys: dict[tuple[int, int, int, bytes], int] = field(default_factory=dict)
    """Number by (device, observed_at, kind, sha256)."""
    report_places: set[tuple[int, int, int]] = field(default_factory=set)
    """(device, observed_at, kind)."""
    reading: dict[tuple[int, int], Timeline[ReadingRow]] = field(default_factory=lambda: defaultdict(Timeline))
    """By (series, kind)."""
    reading_superseded: list[SupersededRow] = field(default_factory=list)
    mean: dict[SeriesPeriod, Timeline[MeanRow]] = field(default_factory=lambda: defaultdict(Timeline))
    mean_history: dict[tuple[int, int, int], list[MeanRow]] = field(default_factory=lambda: defaultdict(list))
    """Superseded versions by (series, period, start), oldest first."""
    verdict: dict[SeriesPeriod, Timeline[VerdictRow]] = field(default_factory=lambda: defaultdict(Timeline))
    verdict_history: dict[tuple[int, int, int], list[VerdictRow]] = field(default_factory=lambda: defaultdict(list))
    """Superseded versions by (series, period, start), oldest first."""
    air_index: dict[tuple[str, bool, str, int], IndexRow] = field(default_factory=dict)
    """By (subject, is_city, period, start)."""
    finding: dict[str, FindingRow] = field(default_factory=dict)
    outbox: dict[int, OutboxEvent] = field(default_factory=dict)
    """By id, in id order."""
    outbox_id: int = 0
    device_state: dict[int, DeviceState] = field(default_factory=dict)
    rejudge: dict[tuple[str, int], Rejudge] = field(default_factory=dict)
    """By (site, start)."""
    dead_letter: dict[int, LetterRow] = field(default_factory=dict)
    letter_keys: set[tuple[str, int, int, int, int]] = field(default_factory=set)
    """(log_id, partition, offset, position, part)."""
    book: dict[tuple[str, date], BookEntry] = field(default_factory=dict)
    role_presence: dict[str, int] = field(default_factory=dict)
    """Until when a role could work, µs."""
    own_outage: dict[tuple[str, int], OwnOutage] = field(default_factory=dict)
    """By (role, start)."""
    intake_booked: dict[tuple[str, int, int], int] = field(default_factory=lambda: defaultdict(int))
    """Messages by (bridge, partition, hour)."""
    intake_acknowledged: dict[tuple[str, int, int], tuple[int, int]] = field(default_factory=dict)
    """(messages, noted_at) by (bridge, run, hour)."""
    own_loss: dict[tuple[str, str], OwnLoss] = field(default_factory=dict)
    """By (cause, subject)."""
    loss_told: set[tuple[str, str]] = field(default_factory=set)
    site_reporter: set[tuple[str, int]] = field(default_factory=set)
    """(site, device)."""
    mark: list[Mark] = field(default_factory=list)
    """Every version, in the order of entry."""
    mark_followed: dict[tuple[str, int], int] = field(default_factory=dict)
    """Revision by (topic, partition)."""
    registry_followed: dict[tuple[str, int], int] = field(default_factory=dict)
    """Version by (topic, partition)."""
    rejudge_stretch: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)
    """[start, end) by (site, device)."""

    def send(self, event: OutboxEvent) -> int:
        """Append an event to the outbox and return its id."""
        self.outbox_id += 1
        self.outbox[self.outbox_id] = event
        return self.outbox_id


class MemorySlice:
    """What every slice of the twin stands on: the shared tables and the fenced transaction."""

    def __init__(self) -> None:
        self.tables = MemoryTables()

    @contextmanager
    def transaction(self, advances: Sequence[Advance] = ()) -> Iterator[MemoryTables]:
        """Hold the lock; raise LeaseLost before anything is written, advance the leases after everything is.

        The body must not fail half way: whatever can be wrong is checked before the first write.
        """
        with self.tables.lock:
            self.fence(advances)
            yield self.tables
            self.advance(advances)

    def fence(self, advances: Sequence[Advance]) -> None:
        """Raise LeaseLost where a lease is not in force any more."""
        for advance in advances:
            lease = advance.lease
            row = self.tables.log_partition.get((lease.topic, lease.partition))
            if row is None or row.epoch != lease.epoch or row.log_id != lease.log_id:
                raise LeaseLost(f"{lease.topic}/{lease.partition}: epoch {lease.epoch} is over")

    def advance(self, advances: Sequence[Advance]) -> None:
        """Move the leases' positions."""
        for change in advances:
            key = (change.lease.topic, change.lease.partition)
            row = self.tables.log_partition[key]
            self.tables.log_partition[key] = PartitionRow(
                row.log_id, row.epoch, change.next_offset, change.tick_at, row.owner
            )

    def claim(self, topic: str, log_id: str, partitions: Sequence[int], owner: str) -> list[Lease]:
        """Take the partitions: raise the epoch, start at the beginning of a new log; leases in ascending order."""
        with self.tables.lock:
            return [self._claim_one(topic, log_id, partition, owner) for partition in sorted(partitions)]

    def _claim_one(self, topic: str, log_id: str, partition: int, owner: str) -> Lease:
        before = self.tables.log_partition.get((topic, partition))
        replaced = before is not None and before.log_id != log_id
        row = PartitionRow(log_id, 1, 0, 0, owner)
        if before is not None:
            row = replace(row, epoch=before.epoch + 1)
        if before is not None and not replaced:
            row = replace(row, next_offset=before.next_offset, tick_at=before.tick_at)
        if before is not None and replaced:
            loss = replaced_log(topic, log_id, before.tick_at)
            self.tables.own_loss.setdefault((loss.cause, loss.subject), loss)
        self.tables.log_partition[topic, partition] = row
        return Lease(log_id, topic, partition, row.epoch, row.next_offset, row.tick_at, replaced)

    def leases(self, topic: str, partitions: Sequence[int]) -> list[Lease]:
        """Return the partitions that were ever claimed, as they are now, in ascending order."""
        with self.tables.lock:
            rows = [(p, self.tables.log_partition.get((topic, p))) for p in sorted(partitions)]
        return [Lease(r.log_id, topic, p, r.epoch, r.next_offset, r.tick_at) for p, r in rows if r is not None]

"""The detector worker: polls bundles and ticks, judges on columns, commits results and offsets together.

Delivery: a record counts as read when the transaction that holds its results has committed; a crash before repeats it, and the content
keys of reports, readings and results make the repeat harmless. While a transaction is written the next records are worked on: where it fails, all
that was made of them is dropped with it, and the partitions start again from the store.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Final

from bus.port import LogConsumer, LogRecord
from detectors.directory import Directory
from detectors.draft import Draft
from detectors.gathering import Gathering
from detectors.held import Held, held_by
from detectors.partition import Partition
from detectors.poison import Sieve
from detectors.registry_book import RegistryChanges, follow_registry, judge_stretches
from detectors.rejudging import follow_marks, rejudge
from detectors.standstill import Standstill
from detectors.takeover import take_over
from schemas.bundle import Bundle, Tick, decode_record
from schemas.errors import EcoVigilError, LeaseLost, OffsetGone
from schemas.times import MINUTE_US
from schemas.topics import REPORTS
from store.port import Advance, Lease, WorkStore

MAX_REPORTS: Final = 10_000
"""Reports of one transaction; the most rows a second come from about as many, and larger ones only take memory."""

log = logging.getLogger(__name__)


class Worker:
    """Works off the partitions of `reports` that the group gives it."""

    def __init__(
        self, consumer: LogConsumer, store: WorkStore, *, owner: str, max_records: int = 400, gather_s: float = 0.0
    ) -> None:
        self._consumer = consumer
        self._store = store
        self._owner = owner
        self._gathering = Gathering(consumer, max_records, gather_s)
        self._directory = Directory(store)
        self._partitions: dict[int, Partition] = {}
        self._unsure: set[int] = set()
        """Partitions whose last commit has an unknown outcome: they are rebuilt before anything else."""
        self._wanted: set[int] = set()
        self._fenced: set[int] = set()
        """Partitions that another one has claimed: ours again where the group says at the next poll that they still are."""
        self._draft = Draft()
        self._sieve = Sieve()
        self._committing: Sequence[LogRecord] = []
        """Records whose commit may still be under way."""
        self._standstill = Standstill(consumer, store)

    def step(self, wait_s: float) -> bool:
        """Work off what a poll brings, and what marks touched; return whether there was anything. Raises Unavailable where log or database is away."""
        with self._doubting([]):
            self._follow_assignment()
        if self._unsure:
            return True  # a commit failed that was under way
        try:
            records = self._gathering.first(0.0 if self._touched() else wait_s)
        except OffsetGone as gone:
            with self._doubting([]):
                self._stand_still(gone)
            return True
        again = False
        with self._doubting(records):
            self._gathering.add_rest(records)
            self._follow_registry()
            again = self._follow_marks() | self._judge_stretches()
            self._work(records)
        return bool(records) or again

    @contextmanager
    def _doubting(self, records: Sequence[LogRecord]) -> Iterator[None]:
        """Let the partitions start again from the store where something fails inside; raises Unavailable."""
        try:
            yield
        except (LeaseLost, OffsetGone) as error:  # an offset that is gone is met again
            log.warning("%s; partitions are checked", error, extra={"partitions": sorted(self._partitions)})
            self._doubt_all()
        except EcoVigilError:
            self._doubt_all()
            raise
        except Exception:
            # the boundary: whatever a report did to us, each report is tried by itself
            log.exception("records could not be worked off; each report is tried by itself")
            if not self._sieve.suspect([*self._committing, *records]):
                raise
            self._doubt_all()

    def held(self) -> Held:
        """Return what is in memory now."""
        return held_by(self._partitions)

    def close(self) -> None:
        """Leave the group; what was not committed is read again by the successor."""
        self._land()
        self._consumer.close()

    def _follow_assignment(self) -> None:
        change, back = self._consumer.take_rebalance(), dict[int, Partition]()
        if change is not None:
            kept = change.assigned - change.gained  # what went away and came back had another owner, perhaps
            gone = {partition: self._partitions.pop(partition) for partition in set(self._partitions) - kept}
            back = {n: partition for n, partition in gone.items() if n in change.assigned - self._unsure}
            self._unsure &= kept
            self._standstill.keep(kept)
            self._wanted = set(change.assigned) - set(self._partitions) - self._unsure - self._standstill.partitions()
        else:
            self._wanted |= self._fenced
        self._fenced.clear()
        self._rebuild_unsure()
        self._wanted |= self._standstill.released()
        if self._wanted:
            log_id = self._consumer.log_id()
            self._take_back(back, log_id)
            for lease in self._store.claim(REPORTS, log_id, sorted(self._wanted), self._owner):
                self._start(lease)
            self._wanted.clear()

    def _take_back(self, back: dict[int, Partition], log_id: str) -> None:
        """Go on with what nobody has claimed since it went away: the state in memory is that of the store."""
        for lease in self._store.leases(REPORTS, sorted(back)) if back else ():
            partition = back[lease.partition]
            mine = (log_id, partition.lease.epoch, partition.next_offset)
            if (lease.log_id, lease.epoch, lease.next_offset) == mine:
                self._partitions[lease.partition] = partition
                self._consumer.start(lease.partition, lease.next_offset)
                self._wanted.discard(lease.partition)

    def _stand_still(self, gone: OffsetGone) -> None:
        """Stop one partition; what the others have is committed already."""
        self._store.land()
        partition = self._partitions.pop(gone.partition, None)
        if partition is not None:
            self._standstill.stop(gone, partition.lease_now())

    def _rebuild_unsure(self) -> None:
        """Believe the store: where the epoch is still ours the state is rebuilt, else the partition has another owner."""
        if not self._unsure:
            return
        for lease in self._store.leases(REPORTS, sorted(self._unsure)):
            mine = self._partitions.get(lease.partition)
            if mine is not None and mine.lease.epoch == lease.epoch:
                self._start(lease)
            else:
                self._partitions.pop(lease.partition, None)
                self._fenced.add(lease.partition)
            self._unsure.discard(lease.partition)

    def _start(self, lease: Lease) -> None:
        self._directory.refresh()
        if lease.replaced:
            log.error(
                "the log is another one than before; it is read from its beginning", extra={"log_id": lease.log_id}
            )
        self._partitions[lease.partition] = take_over(lease, self._directory, self._store, self._consumer.partitions())
        self._consumer.start(lease.partition, lease.next_offset)

    def _doubt_all(self) -> None:
        self._land()
        self._draft = Draft()
        self._unsure |= set(self._partitions)

    def _land(self) -> None:
        """Wait for the commit that is under way; what became of it is asked of the store."""
        try:
            self._store.land()
        except Exception as error:  # whatever it is, the partitions start again from the store
            log.warning("a commit failed: %s", error)

    def _follow_marks(self) -> bool:
        """Judge again at once what new marks touch; return whether there were any.

        A mark need not wait for a tick: what it changes is known when it is entered, or at the last tick if that is later.
        """
        revision, found = self._store.revisions().marks if self._partitions else 0, False
        for _, partition in sorted(self._partitions.items()):
            partition.marks.known = revision
            entered_at = follow_marks(partition, self._draft)
            if entered_at:
                self._judge_touched(partition, max(entered_at, partition.tick_at), marked_only=True)
                self._commit()
            found |= entered_at > 0
        return found

    def _follow_registry(self) -> None:
        """Note what another version of the registry touches; before anything is judged by it, in the same transaction as that."""
        behind = {n: p for n, p in sorted(self._partitions.items()) if p.registry_followed != self._directory.version}
        before: dict[int, RegistryChanges] = {}
        for partition in behind.values():
            version = partition.registry_followed
            if version not in before:
                old = self._store.registry_at(version)
                before[version] = RegistryChanges.between(old, self._directory.registry)
            follow_registry(partition, before[version], self._directory.version, self._draft)

    def _judge_stretches(self) -> bool:
        """Between ticks, judge again the next slice of what changes of the registry touched; return whether there was any."""
        touched = self._touched()
        for partition in touched:
            judge_stretches(partition, partition.tick_at, self._draft)
            self._commit()
        return bool(touched)

    def _touched(self) -> list[Partition]:
        """Return the partitions that have something to judge again because the registry changed; a tick comes first, to say when that is."""
        return [p for _, p in sorted(self._partitions.items()) if p.stretches and p.tick_at > p.lease.tick_at]

    def _work(self, records: Sequence[LogRecord]) -> None:
        by_partition = groupby(sorted(records, key=lambda r: (r.partition, r.offset)), key=lambda r: r.partition)
        for number, group in by_partition:
            partition = self._partitions.get(number)
            if partition is not None:
                self._work_off(partition, list(group))
        self._commit()
        self._committing = records

    def _work_off(self, partition: Partition, records: Sequence[LogRecord]) -> None:
        bundles: list[tuple[LogRecord, Bundle]] = []
        for record in records:
            if record.offset < partition.next_offset:
                continue
            content = decode_record(record.value)
            if isinstance(content, Tick):
                self._take(partition, bundles)
                bundles = []
                self._tick(partition, content.now)
            elif self._sieve.is_suspect(record):
                self._take(partition, bundles)
                bundles = []
                self._take_suspect(partition, record, content)
            else:
                bundles.append((record, content))
                if self._is_full(bundles):
                    self._take(partition, bundles)
                    bundles = []
                    self._commit()
                continue
            partition.next_offset = record.offset + 1
        self._take(partition, bundles)

    def _is_full(self, bundles: list[tuple[LogRecord, Bundle]]) -> bool:
        """Whether one transaction has enough with these: what has piled up is worked off in parts, and memory stays bounded."""
        return self._draft.report_count + sum(len(content) for _, content in bundles) >= MAX_REPORTS

    def _take(self, partition: Partition, bundles: list[tuple[LogRecord, Bundle]]) -> None:
        if not bundles:
            return
        contents = [content for _, content in bundles]
        if partition.intake.must_follow(contents, self._draft):
            self._commit()
            self._store.land()
        self._draft.raws.extend((record.partition, record.offset, content.raw) for record, content in bundles)
        partition.take(contents, self._draft)
        partition.next_offset = bundles[-1][0].offset + 1

    def _take_suspect(self, partition: Partition, record: LogRecord, bundle: Bundle) -> None:
        """Take a bundle that may hold poison: reports that cannot be worked off become dead letters, the others are stored."""
        self._commit()
        trial = take_over(partition.lease_now(), self._directory, self._store, self._consumer.partitions())
        self._take(partition, [(record, self._sieve.clean(bundle, trial))])
        self._commit()

    def _tick(self, partition: Partition, now: int) -> None:
        if now // MINUTE_US != partition.tick_at // MINUTE_US and self._directory.refresh():
            self._follow_registry()
        if not partition.is_idle(now):
            partition.tick(now, self._draft)
            self._judge_touched(partition, now)
        if partition.stretches:
            self._commit()
            judge_stretches(partition, now, self._draft)
        partition.tick_at = now

    def _judge_touched(self, partition: Partition, now: int, *, marked_only: bool = False) -> None:
        for windows in partition.touched.asked(now, marked_only=marked_only):
            self._commit()  # it is read from the store
            rejudge(partition, windows, now, self._draft)

    def _commit(self) -> None:
        """Write the draft; every partition that added to it, or only moved on, stands behind it with its lease."""
        draft, self._draft = self._draft, self._draft.next()
        partitions = [p for _, p in sorted(self._partitions.items()) if p.has_work()]
        if not partitions:
            return
        for partition in partitions:
            draft.devices.append(partition.devices.take_dirty())
        self._store.commit_later(draft.batch([Advance(p.lease, p.next_offset, p.tick_at) for p in partitions]))
        for partition in partitions:
            partition.settle()

"""The second stage: city indices and heavy-pollution episodes from the means of a city's stations.

Delivery: events of `means.v1` are only the trigger, the tables hold the truth; rows, findings, outbox and offsets are one fenced
transaction. A crash before it repeats the events, and the natural keys of rows and findings make the repeat harmless.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from bus.port import LogConsumer, LogRecord
from detectors.city_stretch import Limits
from detectors.city_watch import KEPT_H, CityWatch
from detectors.findings import finding_event, finding_row
from detectors.gathering import Gathering
from schemas.errors import EcoVigilError, LeaseLost, OffsetGone
from schemas.events import Finding, MeansClosed
from schemas.partitions import partition_of
from schemas.registry import Registry
from schemas.times import HOUR_US
from schemas.topics import MEANS, REPORTS
from store.city_port import CityBatch, CityStore
from store.ledger_port import OwnLoss, passed_over
from store.port import Advance, IndexRow, Lease

BEHIND_US: Final = KEPT_H * HOUR_US
"""How far our reading may have been behind the ticks when the log deleted what came next."""

log = logging.getLogger(__name__)


class CityStage:
    """Works off the partitions of `means.v1` that the group gives it; a city belongs to the partition of its id."""

    def __init__(
        self,
        consumer: LogConsumer,
        store: CityStore,
        *,
        report_partitions: int,
        owner: str,
        max_records: int = 4000,
        kept_h: int = KEPT_H,
        gather_s: float = 0.0,
    ) -> None:
        """`report_partitions`: how many partitions of `reports` must have ticked for a deadline to count.

        `gather_s`: after late hours, which cost a look into the tables each time, so long is let pass before the next ones.
        """
        self._consumer = consumer
        self._gathering = Gathering(consumer, max_records, gather_s)
        self._store = store
        self._report_partitions = report_partitions
        self._owner = owner
        self._max_records = max_records
        self._kept_h = kept_h
        self._version = -1
        self._registry = Registry()
        self._leases: dict[int, Lease] = {}
        self._watches: dict[str, CityWatch] = {}
        self._doubted = False
        """A commit failed or its outcome is unknown: leases and watches are taken from the store again."""
        self._wanted: set[int] = set()
        self._fenced: set[int] = set()
        """Partitions that another one has claimed: ours again where the group says at the next poll that they still are."""

    def step(self, wait_s: float) -> bool:
        """Work off what a poll brings and what time has made due; return whether there was anything. Raises Unavailable."""
        self._follow_assignment()
        try:
            return self._read(wait_s)
        except LeaseLost:
            log.warning("lease lost, partitions are checked", extra={"partitions": sorted(self._leases)})
            self._doubted = True
            return True
        except EcoVigilError:
            self._doubted = True
            raise

    def close(self) -> None:
        """Leave the group; what was not committed is read again by the successor."""
        self._consumer.close()

    def _follow_assignment(self) -> None:
        change = self._consumer.take_rebalance()
        if change is not None:
            self._keep({p for p in self._leases if p in change.assigned and p not in change.lost})
            self._wanted = set(change.assigned) - set(self._leases)
        else:
            self._wanted |= self._fenced
        self._fenced.clear()
        if self._doubted:
            self._believe_the_store()
        if self._wanted:
            for lease in self._store.claim(MEANS, self._consumer.log_id(), sorted(self._wanted), self._owner):
                self._start(lease)
            self._wanted.clear()

    def _believe_the_store(self) -> None:
        mine, self._watches = self._leases, {}
        now = {lease.partition: lease for lease in self._store.leases(MEANS, sorted(mine))}
        self._leases = {}
        for partition, lease in mine.items():
            if partition in now and now[partition].epoch == lease.epoch:
                self._start(now[partition])
            else:
                self._fenced.add(partition)
        self._doubted = False

    def _keep(self, partitions: set[int]) -> None:
        self._leases = {p: lease for p, lease in self._leases.items() if p in partitions}
        self._watches = {city: watch for city, watch in self._watches.items() if self._partition(city) in partitions}

    def _start(self, lease: Lease) -> None:
        if lease.replaced:
            log.error(
                "the log is another one than before; it is read from its beginning", extra={"log_id": lease.log_id}
            )
        self._leases[lease.partition] = lease
        self._consumer.start(lease.partition, lease.next_offset)

    def _read(self, wait_s: float) -> bool:
        try:
            records = self._gathering.first(wait_s)
            if any(watch.looked_back for watch in self._watches.values()):
                self._gathering.add_rest(records)
        except OffsetGone as gone:
            log.error("%s: what the events told is taken from the tables", gone)
            self._pass_over(gone.partition)
            return True
        self._refresh_registry()
        tick = self._store.lowest_tick(REPORTS, self._report_partitions)
        self._watch_owned_cities()
        for record in records:
            self._note(record)
        return self._work(records, Limits(tick, caught_up=len(records) < self._max_records))

    def _pass_over(self, partition: int) -> None:
        """Go on at the first event that the log still has, once the cities have taken from the tables what the others told."""
        lease = self._leases.get(partition)
        if lease is None:
            return  # ours no more
        earliest = self._consumer.earliest(partition)
        self._refresh_registry()
        tick = self._store.lowest_tick(REPORTS, self._report_partitions)
        self._watches = {city: watch for city, watch in self._watches.items() if self._partition(city) != partition}
        self._watch_owned_cities()
        for city, watch in self._watches.items():
            if self._partition(city) == partition:
                watch.catch_up(lease.tick_at - BEHIND_US)
        self._leases[partition] = replace(lease, next_offset=earliest)
        loss = passed_over(MEANS, partition, lease.next_offset, tick or lease.tick_at)
        self._work([], Limits(tick, caught_up=False), [loss])
        self._consumer.start(partition, earliest)

    def _work(self, records: Sequence[LogRecord], limits: Limits, losses: Sequence[OwnLoss] = ()) -> bool:
        """Let the cities advance, and commit what follows; return whether there was more than time."""
        rows: list[IndexRow] = []
        findings: list[Finding] = []
        for city in sorted(self._watches):
            new_rows, new_findings = self._watches[city].advance(limits)
            rows += new_rows
            findings += new_findings
        if not (records or rows or findings or losses) and self._is_settled(limits.tick):
            return False
        told = [finding_row(finding) for finding in findings]
        last = {row.finding_id: row for row in told}
        advances = self._advances(records, limits.tick)
        outbox = [finding_event(row) for row in told]
        self._store.commit_city(CityBatch(advances, rows, list(last.values()), outbox, list(losses)))
        self._leases = {
            a.lease.partition: replace(a.lease, next_offset=a.next_offset, tick_at=a.tick_at, replaced=False)
            for a in advances
        }
        return bool(records or rows or findings or losses)

    def _refresh_registry(self) -> None:
        if self._store.registry_version() == self._version:
            return
        before = self._registry
        self._version, self._registry = self._store.registry()
        self._watches = {
            city: watch
            for city, watch in self._watches.items()
            if CityWatch.facts(city, before) == CityWatch.facts(city, self._registry)
        }

    def _watch_owned_cities(self) -> None:
        for city in self._registry.stations:
            if city not in self._watches and self._partition(city) in self._leases:
                self._watches[city] = CityWatch(city, self._registry, self._store, self._kept_h)

    def _partition(self, city: str) -> int:
        return partition_of(city, self._consumer.partitions())

    def _note(self, record: LogRecord) -> None:
        try:
            event = MeansClosed.model_validate_json(record.value)
        except ValidationError:
            log.error("not an event of means.v1", extra={"partition": record.partition, "offset": record.offset})
            return
        watch = self._watches.get(event.city or "")
        if watch is not None:
            watch.note(event)

    def _is_settled(self, tick: int | None) -> bool:
        return tick is None or all(lease.tick_at >= tick for lease in self._leases.values())

    def _advances(self, records: Sequence[LogRecord], tick: int | None) -> list[Advance]:
        """Return how far every partition has come: up to these records, and to the tick."""
        offsets = {p: lease.next_offset for p, lease in self._leases.items()}
        offsets |= {r.partition: r.offset + 1 for r in records if r.partition in offsets}
        return [Advance(lease, offsets[p], tick or lease.tick_at) for p, lease in sorted(self._leases.items())]

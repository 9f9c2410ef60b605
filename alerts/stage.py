"""The alerts role: findings from Kafka become alerts, notifications and proposals, in one fenced transaction a batch.

Delivery: offsets, alerts and events commit together. A finding that the relay published twice is dropped by its event id
(table finding_seen, written in the same transaction); exceedances would be harmless anyway, as they are reconciled with
the verdicts in the store. After a commit of unknown outcome the store's own offsets are believed. Findings that the log
deleted before they were read are taken from their table.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from alerts.causes import Cause, cause_of, changes_of
from alerts.draft import Draft
from alerts.exceedances import Subject, reconcile
from alerts.lifecycle import Change
from alerts.told import Told, told_by, told_in_table
from bus.port import LogConsumer, LogRecord
from schemas import topics
from schemas.codes import FindingKind, FindingStatus, Period
from schemas.errors import LeaseLost, OffsetGone, Overtaken
from schemas.events import Finding
from schemas.times import DAY_US
from store.alert_port import Alert, AlertBatch, AlertStore, Leases, Segment
from store.ledger_port import passed_over
from store.port import Advance, Lease

MAX_RECORDS: Final = 500
BEHIND_US: Final = 7 * DAY_US
"""By how much the ticks of what is told next may lie before those of what was read last: workers need not keep pace with each other."""
log = logging.getLogger(__name__)


def subject_of(finding: Finding) -> Subject | None:
    """Return what an exceedance finding is about; None for any other finding."""
    if finding.kind is not FindingKind.EXCEEDANCE or finding.start is None:
        return None
    if finding.site_id is None or finding.parameter is None:
        return None
    return Subject(finding.site_id, finding.parameter, finding.period or Period.HOUR)


class AlertStage:
    """A member of the group that consumes `findings.v1`; `store` and `leases` are the same database."""

    def __init__(self, consumer: LogConsumer, store: AlertStore, leases: Leases, owner: str = "alerts") -> None:
        self._consumer = consumer
        self._store = store
        self._leases = leases
        self._owner = owner
        self._held: dict[int, Lease] = {}
        self._assigned: frozenset[int] = frozenset()
        self._wanted: frozenset[int] = frozenset()
        """Ours, but not claimed yet: the database may be away just then."""
        self._unsure = False
        self._fenced = False
        self._version, self._registry = leases.registry()

    def step(self, wait_s: float) -> bool:
        """Work off what has come, waiting for at most `wait_s`; True: something was done.

        Raises Unavailable where the database or the log is away: call again later, nothing is lost.
        """
        self._follow_assignment()
        if self._unsure:
            self._believe_store()
        if self._fenced:
            self._take_back()
        try:
            records = [r for r in self._consumer.poll(wait_s, MAX_RECORDS) if r.partition in self._held]
        except OffsetGone as gone:
            log.error("%s: what the findings told is taken from the table", gone)
            return self._committed(partial(self._pass_over, gone.partition))
        return bool(records) and self._committed(partial(self._work_off, records))

    def _committed(self, work: Callable[[], None]) -> bool:
        """Do what ends in a commit; where it does not, the store is believed at the next step."""
        self._unsure = True
        try:
            work()
        except Overtaken:
            return True
        except LeaseLost as error:
            log.warning("%s", error)
            self._fenced = True
        self._unsure = False
        return True

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _follow_assignment(self) -> None:
        change = self._consumer.take_rebalance()
        if change is not None:
            self._held = {p: lease for p, lease in self._held.items() if p in change.assigned - change.gained}
            self._assigned = change.assigned
            self._wanted = change.assigned - self._held.keys()
        if self._wanted:
            log_id = self._consumer.log_id()
            for lease in self._leases.claim(topics.FINDINGS, log_id, sorted(self._wanted), self._owner):
                self._start(lease)
            self._wanted = frozenset()

    def _start(self, lease: Lease) -> None:
        self._held[lease.partition] = lease
        self._consumer.start(lease.partition, lease.next_offset)

    def _believe_store(self) -> None:
        known = {lease.partition: lease for lease in self._leases.leases(topics.FINDINGS, sorted(self._held))}
        self._fenced = any(p not in known or known[p].epoch != held.epoch for p, held in self._held.items())
        for lease in [] if self._fenced else known.values():
            self._start(lease)
        self._unsure = False

    def _take_back(self) -> None:
        """After a fence: hear from the group what is still ours, and claim that only (a thawed process must not fight)."""
        with suppress(OffsetGone):  # met again where it is ours still
            self._consumer.poll(0.0, 1)
        self._held.clear()
        self._wanted = self._assigned
        self._follow_assignment()
        self._fenced = False

    def _work_off(self, records: Sequence[LogRecord]) -> None:
        self._refresh_registry()
        told = self._fresh([t for t in map(told_by, records) if t is not None])
        draft = Draft(self._store, self._registry)
        self._reconcile(draft, [t.finding for t in told])
        draft.foresee(cause.alert_id for t in told if (cause := cause_of(t.finding)) is not None)
        for t in told:
            self._follow_cause(draft, t.finding)
        batch = draft.finished()
        batch.seen = [t.event_id for t in told]
        at = min((t.finding.detected_at for t in told), default=None)
        batch.advances = [self._advance(p, records, at) for p in sorted({r.partition for r in records})]
        self._commit(batch)

    def _pass_over(self, partition: int) -> None:
        """Take from the table what was told and not read, and go on behind all that the log held just before: the table knows that too."""
        lease = self._held.get(partition)
        if lease is None:
            return  # ours no more
        end = self._consumer.end(partition)
        self._refresh_registry()
        told = self._untaken(self._store.findings_since(lease.tick_at - BEHIND_US))
        draft = Draft(self._store, self._registry)
        self._reconcile(draft, [t.finding for t in told])
        for t in told:
            self._catch_up(draft, t.finding)
        batch = draft.finished()
        batch.seen = [t.row_id for t in told]
        batch.losses = [passed_over(lease.topic, partition, lease.next_offset, self._store.now())]
        batch.advances = [Advance(lease, end, lease.tick_at)]
        self._commit(batch)
        self._consumer.start(partition, end)

    def _commit(self, batch: AlertBatch) -> None:
        self._store.commit_alerts(batch)
        for advance in batch.advances:
            self._held[advance.lease.partition] = moved(advance)

    def _refresh_registry(self) -> None:
        if self._leases.registry_version() != self._version:
            self._version, self._registry = self._leases.registry()

    def _fresh(self, told: list[Told]) -> list[Told]:
        """Return the findings that were not worked off before, in order, each once."""
        seen = self._store.seen_events([t.event_id for t in told])
        return list({t.event_id: t for t in told if t.event_id not in seen}.values())

    def _untaken(self, payloads: Sequence[bytes]) -> list[Told]:
        """Return the findings of the table whose last state was neither read from the log nor taken from the table before."""
        told = [t for t in map(told_in_table, payloads) if t is not None]
        seen = self._store.seen_events([i for t in told for i in (t.event_id, t.row_id)])
        return [t for t in told if not seen & {t.event_id, t.row_id}]

    def _reconcile(self, draft: Draft, findings: Sequence[Finding]) -> None:
        by_subject: dict[Subject, list[Finding]] = {}
        for finding in findings:
            subject = subject_of(finding)
            if subject is not None:
                by_subject.setdefault(subject, []).append(finding)
        starts = {subject: [f.start or 0 for f in about] for subject, about in by_subject.items()}
        segments = self._store.segments([(subject, min(at), max(at)) for subject, at in starts.items()])
        standing = self._store.exceedance_alerts(list(zip(by_subject, segments, strict=True)))
        changes = [
            change
            for (subject, about), segment, alerts in zip(by_subject.items(), segments, standing, strict=True)
            for change in reconciled(subject, about, segment, draft.noted(alerts))
        ]
        draft.foresee_changes(changes)
        for change in changes:
            draft.apply(change)

    def _follow_cause(self, draft: Draft, finding: Finding) -> None:
        cause = cause_of(finding)
        if cause is None:
            return
        for change in changes_of(finding, cause, before_of(draft, cause), self._registry):
            draft.apply(change)

    def _catch_up(self, draft: Draft, finding: Finding) -> None:
        """Follow a finding of which only the last state is known: one that has ended was raised before."""
        cause = cause_of(finding)
        if finding.status is FindingStatus.ENDED and cause is not None and before_of(draft, cause) is None:
            self._follow_cause(draft, finding.model_copy(update={"status": FindingStatus.RAISED}))
        self._follow_cause(draft, finding)

    def _advance(self, partition: int, records: Sequence[LogRecord], at: int | None) -> Advance:
        """Return how far a partition was read; `at`: the earliest tick of what was told, where anything was."""
        lease = self._held[partition]
        last = max(r.offset for r in records if r.partition == partition)
        return Advance(lease, last + 1, lease.tick_at if at is None else at)


def reconciled(
    subject: Subject, findings: Sequence[Finding], segment: Segment, alerts: Sequence[Alert]
) -> list[Change]:
    """Return what findings about a subject change in its alerts, given the verdicts around them."""
    known = {finding.start or 0: finding.detected_at for finding in reversed(findings)}
    latest = max(known.values())
    marks = {finding.start or 0: finding.detail["marks"] for finding in findings if "marks" in finding.detail}
    return reconcile(subject, alerts, segment.windows, lambda start: known.get(start, latest), marks)


def before_of(draft: Draft, cause: Cause) -> Alert | None:
    """Return the alert that a cause has already: the one that stands about the device, else the one with its id."""
    standing = draft.standing(cause.kind, cause.device_id) if cause.device_id is not None else None
    return standing or draft.alert(cause.alert_id)


def moved(advance: Advance) -> Lease:
    """Return the lease after its advance."""
    lease = advance.lease
    return Lease(lease.log_id, lease.topic, lease.partition, lease.epoch, advance.next_offset, advance.tick_at)

"""The alerts role: findings from Kafka become alerts, notifications and proposals, in one fenced transaction a batch.

Delivery: offsets, alerts and events commit together. A finding that the relay published twice is dropped by its event id
(table finding_seen, written in the same transaction); exceedances would be harmless anyway, as they are reconciled with
the verdicts in the store. After a commit of unknown outcome the store's own offsets are believed.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from alerts.causes import Cause, cause_of, changes_of
from alerts.draft import Draft
from alerts.exceedances import Subject, reconcile
from bus.port import LogConsumer, LogRecord
from schemas import topics
from schemas.codes import FindingKind, Period
from schemas.errors import LeaseLost, Overtaken
from schemas.events import Finding
from schemas.identity import content_id
from store.alert_port import Alert, AlertStore, Leases
from store.port import Advance, Lease

MAX_RECORDS: Final = 500
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """A finding as it was read, with the id of this very telling."""

    event_id: UUID
    finding: Finding


def told_by(record: LogRecord) -> Told | None:
    """Return what a record tells; None where it cannot be read (a newer writer's kind, or not ours): logged and passed."""
    try:
        finding = Finding.model_validate_json(record.value)
    except ValidationError as error:
        log.warning("%s/%s@%s: no finding: %s", record.topic, record.partition, record.offset, error.errors()[0]["msg"])
        return None
    return Told(content_id("finding_event", hashlib.sha256(record.value).hexdigest()), finding)


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
        records = [r for r in self._consumer.poll(wait_s, MAX_RECORDS) if r.partition in self._held]
        if not records:
            return False
        self._unsure = True
        try:
            self._work_off(records)
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
        # a log that is new to us may have dropped its first records already
        first = lease.next_offset or self._consumer.earliest(lease.partition)
        self._consumer.start(lease.partition, first)

    def _believe_store(self) -> None:
        known = {lease.partition: lease for lease in self._leases.leases(topics.FINDINGS, sorted(self._held))}
        self._fenced = any(p not in known or known[p].epoch != held.epoch for p, held in self._held.items())
        for lease in [] if self._fenced else known.values():
            self._start(lease)
        self._unsure = False

    def _take_back(self) -> None:
        """After a fence: hear from the group what is still ours, and claim that only (a thawed process must not fight)."""
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
        for t in told:
            self._follow_cause(draft, t.finding)
        batch = draft.finished()
        batch.seen = [t.event_id for t in told]
        batch.advances = [self._advance(p, records) for p in sorted({r.partition for r in records})]
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

    def _reconcile(self, draft: Draft, findings: Sequence[Finding]) -> None:
        by_subject: dict[Subject, list[Finding]] = {}
        for finding in findings:
            subject = subject_of(finding)
            if subject is not None:
                by_subject.setdefault(subject, []).append(finding)
        for subject, about in by_subject.items():
            self._reconcile_one(draft, subject, about)

    def _reconcile_one(self, draft: Draft, subject: Subject, findings: Sequence[Finding]) -> None:
        starts = [finding.start or 0 for finding in findings]
        place = (subject.site, subject.parameter, subject.period)
        segment = self._store.segment(*place, min(starts), max(starts))
        alerts = draft.noted(self._store.exceedance_alerts(*place, segment))
        known = {finding.start or 0: finding.detected_at for finding in reversed(findings)}
        latest = max(known.values())
        marks = {finding.start or 0: finding.detail["marks"] for finding in findings if "marks" in finding.detail}
        for change in reconcile(subject, alerts, segment.windows, lambda start: known.get(start, latest), marks):
            draft.apply(change)

    def _follow_cause(self, draft: Draft, finding: Finding) -> None:
        cause = cause_of(finding)
        if cause is None:
            return
        for change in changes_of(finding, cause, before_of(draft, cause), self._registry):
            draft.apply(change)

    def _advance(self, partition: int, records: Sequence[LogRecord]) -> Advance:
        lease = self._held[partition]
        last = max(r.offset for r in records if r.partition == partition)
        return Advance(lease, last + 1, lease.tick_at)


def before_of(draft: Draft, cause: Cause) -> Alert | None:
    """Return the alert that a cause has already: the one that stands about the device, else the one with its id."""
    standing = draft.standing(cause.kind, cause.device_id) if cause.device_id is not None else None
    return standing or draft.alert(cause.alert_id)


def moved(advance: Advance) -> Lease:
    """Return the lease after its advance."""
    lease = advance.lease
    return Lease(lease.log_id, lease.topic, lease.partition, lease.epoch, advance.next_offset, advance.tick_at)

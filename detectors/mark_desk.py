"""What people do with marks: enter, review, take back; each is a new version and an event, one entered too late also a finding.

Delivery: one transaction a step. Where the mark moved on meanwhile, it is read again and the step decided anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from detectors.findings import finding_event, finding_row
from detectors.furnace_time import furnace_time
from schemas import topics
from schemas.codes import FindingKind
from schemas.errors import EcoVigilError, Overtaken
from schemas.events import Finding
from schemas.identity import content_id
from schemas.marks import Mark, MarkKind, MarkStatus, Variant, mark_id_of
from schemas.registry import Registry
from schemas.times import DAY_US, cst_text, date_us, day_of
from standards.marks import deadline_of, is_late, span_in_time
from standards.parameters import is_known
from store.mark_port import MarkStore
from store.port import OutboxEvent

LONGEST_US: Final = 31 * DAY_US
"""A longer stop is entered month by month: the hours of a mark are judged again one by one."""
ATTEMPTS: Final = 5


class Refused(EcoVigilError):
    """What a person wanted does not fit the registry or the state of the mark."""


@dataclass(frozen=True)
class Statement:
    """What somebody says of a stretch of a site's data."""

    site: str
    kind: MarkKind
    start: int
    end: int
    by: str
    evidence: str = ""
    parameters: tuple[str, ...] = ()
    variant: Variant = ""


class MarkDesk:
    """Where marks are handed in."""

    def __init__(self, store: MarkStore, registry: Callable[[], tuple[int, Registry]]) -> None:
        self._store = store
        self._registry = registry

    def registry(self) -> Registry:
        """Return the registry by which marks are taken."""
        return self._registry()[1]

    def add(self, said: Statement, at: int) -> Mark:
        """Enter a mark at the instant `at`, µs, and return it; one that is late is kept too. Raises Refused.

        The same statement entered twice at one instant is one mark.
        """
        problem = _why_not_add(said, self.registry())
        if problem:
            raise Refused(problem)
        mark = _mark(said, at)
        try:
            self._keep(mark, [late_mark(mark)] if is_late(mark) else [])
        except Overtaken:
            return self._store.mark_versions(mark.mark_id)[-1]
        return mark

    def review(self, mark_id: UUID, accepted: bool, by: str, why: str, at: int) -> Mark:
        """Record the authority's decision; a rejected mark takes nothing out any more. Raises Refused."""
        status = MarkStatus.ACCEPTED if accepted else MarkStatus.REJECTED
        return self._decide(mark_id, status, by, why, at)

    def withdraw(self, mark_id: UUID, by: str, why: str, at: int) -> Mark:
        """Record that a mark was taken back: its data are judged. Raises Refused."""
        return self._decide(mark_id, MarkStatus.WITHDRAWN, by, why, at)

    def _decide(self, mark_id: UUID, status: MarkStatus, by: str, why: str, at: int) -> Mark:
        for _ in range(ATTEMPTS - 1):
            try:
                return self._decide_once(mark_id, status, by, why, at)
            except Overtaken:
                continue
        return self._decide_once(mark_id, status, by, why, at)

    def _decide_once(self, mark_id: UUID, status: MarkStatus, by: str, why: str, at: int) -> Mark:
        versions = self._store.mark_versions(mark_id)
        if not versions:
            raise Refused(f"没有这条标记 no such mark: {mark_id}")
        problem = _why_not_decide(versions[-1], status, by, why)
        if problem:
            raise Refused(problem)
        decided = {"status": status, "decided_by": by, "decided_why": why}
        mark = versions[-1].model_copy(update=decided | {"version": versions[-1].version + 1, "recorded_at": at})
        self._keep(mark, [])
        return mark

    def _keep(self, mark: Mark, findings: list[Finding]) -> None:
        told = [OutboxEvent(topics.MARKS, mark.site_id, mark.model_dump_json().encode())]
        rows = [finding_row(f) for f in (*findings, *furnace_time(self._store, self.registry(), mark))]
        self._store.keep_mark(mark, rows, told + [finding_event(row) for row in rows])


def late_mark(mark: Mark) -> Finding:
    """Return the finding that a mark, or the first days of it, came after noon of the next day."""
    in_time = span_in_time(mark)
    return Finding(
        finding_id=content_id("finding", FindingKind.LATE_MARK, mark.mark_id),
        kind=FindingKind.LATE_MARK,
        site_id=mark.site_id,
        parameter=mark.parameters[0] if len(mark.parameters) == 1 else None,
        start=mark.start,
        detected_at=mark.entered_at,
        detail={
            "mark_id": str(mark.mark_id),
            "kind": mark.kind.value,
            "by": mark.entered_by,
            "from": cst_text(mark.start),
            "to": cst_text(mark.end),
            "deadline": cst_text(deadline_of(date_us(day_of(mark.start)))),
            "in_time_from": cst_text(in_time[0]) if in_time else None,
        },
    )


def _mark(said: Statement, at: int) -> Mark:
    parameters = tuple(sorted(set(said.parameters)))
    return Mark(
        mark_id=mark_id_of(said.site, parameters, said.kind, said.start, said.end, said.by, at),
        site_id=said.site,
        parameters=parameters,
        kind=said.kind,
        variant=said.variant,
        start=said.start,
        end=said.end,
        entered_by=said.by,
        entered_at=at,
        evidence=said.evidence,
        recorded_at=at,
    )


def _why_not_add(said: Statement, registry: Registry) -> str:
    """Return why a statement cannot be entered, "" where it can."""
    unknown = [parameter for parameter in said.parameters if not is_known(parameter)]
    problems = {
        f"没有这个点位 no such site: {said.site}": said.site not in registry.sites,
        f"没有这个因子 no such parameter: {', '.join(unknown)}": bool(unknown),
        "请说明标记人 say who (--by)": not said.by.strip(),
        "止时须晚于起时 the end is not after the start": said.end <= said.start,
        "一条标记最长 31 天 a mark covers at most 31 days": said.end - said.start > LONGEST_US,
        "只有启炉分冷热 only a start-up is cold or hot": bool(said.variant) and said.kind is not MarkKind.START_UP,
    }
    return next((problem for problem, is_so in problems.items() if is_so), "")


def _why_not_decide(mark: Mark, status: MarkStatus, by: str, why: str) -> str:
    if not by.strip():
        return "请说明经办人 say who (--by)"
    if not why.strip():
        return "请说明理由 say why (--why)"
    if mark.status is MarkStatus.WITHDRAWN:
        return "标记已撤回 the mark was taken back"
    if mark.status is status:
        return f"标记已是{status.zh} the mark is {status.value} already"
    return ""

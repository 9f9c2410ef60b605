"""Alerts about exceedances: a pure function of the verdicts of one (site, parameter, period).

An alert is a maximal group of exceeded windows that no met window separates; silence and windows that could not be judged
are neutral, so they never resolve anything. The id comes from the group's first window: late data in any order lead to
the same standing alerts. A person's closing ends the group at the last window known then.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from alerts.grading import grade_of_exceedance
from alerts.lifecycle import STANDING, Change, Reason, reopen, resolve, stepped, why_regraded, withdraw
from schemas.codes import AlertState, FindingKind, Period
from schemas.identity import content_id
from store.alert_port import Alert, Place, Window

KnownAt = Callable[[int], int]
"""When the verdict of a window was known: tick, µs."""
Marks = Mapping[int, list[dict[str, Any]]]
"""The marks that took data out of a window, by its start, as the finding told them."""


class Subject(Place):
    """A place whose exceeded windows make alerts."""

    def alert_id(self, first_start: int) -> UUID:
        """Return the id of the alert whose first window starts at `first_start`."""
        return content_id("alert", FindingKind.EXCEEDANCE, self.site, self.parameter, self.period, first_start)


@dataclass(frozen=True)
class Group:
    """Exceeded windows that belong together."""

    windows: tuple[Window, ...]
    met_at: int | None
    """Start of the met window that ends it."""

    @property
    def first(self) -> int:
        """Start of the first window."""
        return self.windows[0].start

    @property
    def last(self) -> int:
        """Start of the last exceeded window."""
        return self.windows[-1].start


def groups(timeline: Sequence[Window], cuts: Sequence[int] = ()) -> list[Group]:
    """Return the groups of an ascending timeline; a cut separates what starts after it from what starts at or before it."""
    found: list[Group] = []
    run: list[Window] = []
    for window in timeline:
        if run and (not window.exceeded or any(run[-1].start <= cut < window.start for cut in cuts)):
            found.append(Group(tuple(run), None if window.exceeded else window.start))
            run = []
        if window.exceeded:
            run.append(window)
    return [*found, Group(tuple(run), None)] if run else found


def reconcile(
    subject: Subject,
    alerts: Sequence[Alert],
    timeline: Sequence[Window],
    known_at: KnownAt,
    marks: Marks = MappingProxyType({}),
) -> list[Change]:
    """Return the changes that make `alerts` say what the timeline says, in the order in which they are to be told.

    A withdrawn alert names the marks that took its windows out of the judgement.
    `alerts` are all alerts whose first window lies within the timeline. A second call with the result changes nothing.
    """
    by_id = {alert.alert_id: alert for alert in alerts}
    closed, found = _with_closings(subject, alerts, timeline)
    wanted = {subject.alert_id(group.first): group for group in found if not _covered(subject, group, closed)}
    changes: list[Change] = []
    for alert_id, group in wanted.items():
        before = by_id.get(alert_id)
        if before is None or before.state is not AlertState.CLOSED:
            changes += _followed(subject, before, group, known_at)
    gone = [a for a in alerts if a.alert_id not in wanted and a.state is not AlertState.WITHDRAWN]
    return changes + [_withdrawn(alert, wanted, known_at, marks) for alert in gone]


def _with_closings(
    subject: Subject, alerts: Sequence[Alert], timeline: Sequence[Window]
) -> tuple[list[Alert], list[Group]]:
    """Return the closed alerts that still begin a group, and the groups they cut."""
    closed = [alert for alert in alerts if alert.state is AlertState.CLOSED]
    while True:
        found = groups(timeline, [alert.last_start for alert in closed if alert.last_start is not None])
        ids = {subject.alert_id(group.first) for group in found}
        if all(alert.alert_id in ids for alert in closed):
            return closed, found
        closed = [alert for alert in closed if alert.alert_id in ids]


def _covered(subject: Subject, group: Group, closed: Sequence[Alert]) -> bool:
    """Whether a person had these windows before them when they closed another alert (which has since fallen apart)."""
    return any(
        alert.alert_id != subject.alert_id(group.first)
        and (alert.first_start or 0) < group.first
        and group.last <= (alert.last_start or 0)
        for alert in closed
    )


def _withdrawn(alert: Alert, wanted: dict[UUID, Group], known_at: KnownAt, marks: Marks) -> Change:
    first, last = alert.first_start or 0, alert.last_start or 0
    heirs = [alert_id for alert_id, group in wanted.items() if group.first <= last and group.last >= first]
    named = {mark["mark_id"]: mark for start in sorted(marks) if first <= start <= last for mark in marks[start]}
    detail = ({"replaced_by": str(heirs[0])} if heirs else {}) | ({"marks": list(named.values())} if named else {})
    return withdraw(alert, known_at(first), **detail)


def _followed(subject: Subject, before: Alert | None, group: Group, known_at: KnownAt) -> list[Change]:
    """Return the steps from what was told to what the group says, window by window.

    The steps are the same whether the windows come one at a time or all at once after a delay.
    """
    changes: list[Change] = []
    alert = before
    if alert is None:
        changes.append(_raised(subject, group.windows[0], known_at))
        alert = changes[0].alert
    told = sum(window.start <= (alert.last_start or 0) for window in group.windows)
    if _stands_again(alert, group, told):
        changes.append(reopen(alert, known_at(group.last), detail=_kept(alert.detail)))
        alert = changes[-1].alert
    for change in _extended(alert, group, told, subject.period, known_at):
        changes.append(change)
        alert = change.alert
    if group.met_at is not None and alert.state in STANDING:
        detail = alert.detail | {"met_at": group.met_at}
        changes.append(resolve(alert, known_at(group.met_at), detail=detail))
    return changes


def _stands_again(alert: Alert, group: Group, told: int) -> bool:
    if alert.state is AlertState.RESOLVED:
        return group.met_at is None or len(group.windows) > told
    return alert.state is AlertState.WITHDRAWN


def _extended(alert: Alert, group: Group, told: int, period: Period, known_at: KnownAt) -> Iterator[Change]:
    for count in range(told, len(group.windows) + 1):
        windows = group.windows[:count]
        grade, detail = grade_of_exceedance(windows, period), figures(windows)
        reason = why_regraded(alert.grade, grade)
        if reason is Reason.UNCHANGED:
            reason = _why_refigured(alert, windows, detail)
        if reason is not Reason.UNCHANGED:
            last = windows[-1].start
            change = stepped(
                alert, reason, known_at(last), grade=grade, last_start=last, detail=_kept(alert.detail) | detail
            )
            yield change
            alert = change.alert


def _why_refigured(alert: Alert, windows: Sequence[Window], detail: dict[str, Any]) -> Reason:
    """Return whether a figure that people were told was corrected, or the group only went on."""
    if all(alert.detail.get(key) == value for key, value in detail.items()):
        return Reason.UNCHANGED
    told = alert.detail.get("worst")
    return Reason.EXTENDED if told in [_figure(window) for window in windows] else Reason.AMENDED


def _kept(detail: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in detail.items() if key not in ("met_at", "replaced_by", "marks")}


def _raised(subject: Subject, window: Window, known_at: KnownAt) -> Change:
    at = known_at(window.start)
    alert = Alert(
        alert_id=subject.alert_id(window.start),
        kind=FindingKind.EXCEEDANCE,
        state=AlertState.OPEN,
        grade=grade_of_exceedance([window], subject.period),
        raised_at=at,
        changed_at=at,
        site_id=subject.site,
        sites=(subject.site,),
        parameter=subject.parameter,
        period=subject.period,
        first_start=window.start,
        last_start=window.start,
        detail=figures([window]),
    )
    return Change(alert, Reason.RAISED)


def figures(windows: Sequence[Window]) -> dict[str, Any]:
    """Return the figures of exceeded windows: how many, the worst (the earliest of equals) and the last."""
    worst = max(windows, key=lambda window: (window.times_over or 0.0, -window.start))
    return {"windows": len(windows), "worst": _figure(worst), "last": _figure(windows[-1])}


def _figure(window: Window) -> dict[str, Any]:
    return {
        "start": window.start,
        "value": window.value,
        "limit_min": window.limit_min,
        "limit_max": window.limit_max,
        "times_over": window.times_over,
        "rule": window.rule,
        "binding": window.binding,
        "basis": window.basis,
    }

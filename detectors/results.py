"""From closed means to what is written and told: verdicts, indices, events, and findings where an exceedance begins, changes or ends."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
from pydantic_core import to_json

from detectors import findings
from detectors.air_index import station_indices
from detectors.directory import Directory
from detectors.draft import Draft
from detectors.marking import Marking
from detectors.verdicts import APART, Judge
from detectors.water import SINGLE_FACTOR
from schemas import topics
from schemas.codes import FindingStatus, NotJudged, Outcome
from schemas.columns import Means, Readings
from schemas.events import Finding
from schemas.periods import PERIODS, period_end
from store.port import OutboxEvent, Verdicts

_UNTOLD = (SINGLE_FACTOR, APART)
"""Bases of verdicts that are looked up, and never told: the class of water is told by its items, nitrogen is rated apart."""
_Key = tuple[int, int, int]


def verdict_keys(verdicts: Verdicts) -> dict[_Key, int]:
    """Return the row of each (series, period, start)."""
    keys = zip(verdicts.series.tolist(), verdicts.period.tolist(), verdicts.start.tolist(), strict=True)
    return {key: row for row, key in enumerate(keys)}


class Results:
    """Writes results of one partition's windows into a draft and remembers which exceedances are still going on."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._judge = Judge(directory)
        self._running: dict[tuple[int, int], int] = {}
        """Start of the latest exceeded window by (series, period), where no met one came after it."""
        self._ever: set[tuple[int, int]] = set()
        """(series, period) that were ever exceeded."""

    def load(self, latest: Verdicts, ever: set[tuple[int, int]]) -> None:
        """Take over what the store knows of earlier verdicts."""
        self._ever |= ever
        for (series, period, start), row in verdict_keys(latest).items():
            if latest.outcome[row] == Outcome.EXCEEDED:
                self._running[series, period] = start

    def judge(self, means: Means, readings: Readings | None = None, marking: Marking | None = None) -> Verdicts:
        """Return the verdicts on closed means, and on single readings where hours come with them."""
        return self._judge.verdicts(means, readings, marking)

    def tell(
        self,
        means: Means,
        verdicts: Verdicts,
        previous: Verdicts | None,
        now: int,
        draft: Draft,
        marking: Marking | None = None,
    ) -> None:
        """Add means, their verdicts, indices and events; `previous` are the verdicts that re-judged windows had (None: first closing).

        `marking` is what was left out of the windows, to be told with a finding.
        """
        if not len(means) and not len(verdicts):
            return
        draft.means.append(replace(means, closed_at=np.full(len(means), now)))
        draft.verdicts.append(verdicts)
        draft.indices.extend(station_indices(self._directory, means))
        draft.outbox.extend(self._events(means, now))
        was = verdict_keys(previous) if previous is not None else {}
        for key, row in verdict_keys(verdicts).items():
            if verdicts.basis[row].startswith(_UNTOLD):
                continue
            status = self._status(key, verdicts, row, previous, was.get(key))
            if status is not None:
                draft.findings.append(self._exceedance(key, verdicts, row, status, now, marking or Marking()))

    def _status(
        self, key: _Key, verdicts: Verdicts, row: int, previous: Verdicts | None, before: int | None
    ) -> FindingStatus | None:
        series, period, start = key
        outcome = verdicts.outcome[row]
        was = previous.outcome[before] if previous is not None and before is not None else None
        if outcome == Outcome.EXCEEDED:
            self._ever.add((series, period))
            self._running[series, period] = max(start, self._running.get((series, period), start))
            if was != Outcome.EXCEEDED:
                return FindingStatus.RAISED
            return FindingStatus.CHANGED if previous is not None and _changed(verdicts, row, previous, before) else None
        if was == Outcome.EXCEEDED:
            return FindingStatus.WITHDRAWN
        if was == Outcome.MET and outcome != was and (series, period) in self._ever:
            return FindingStatus.CHANGED
        return self._ends(key, outcome, previous is not None)

    def _ends(self, key: _Key, outcome: str, again: bool) -> FindingStatus | None:
        """A met window ends the run before it; one that comes late may split a run that is long over."""
        series, period, start = key
        if outcome != Outcome.MET:
            return None
        running = self._running.get((series, period))
        if running is not None and start > running:
            del self._running[series, period]
            return FindingStatus.ENDED
        return FindingStatus.ENDED if (again or running is not None) and (series, period) in self._ever else None

    def _exceedance(
        self, key: _Key, verdicts: Verdicts, row: int, status: FindingStatus, now: int, marking: Marking
    ) -> Finding:
        site, parameter = self._directory.series[key[0]]
        numbers = {name: getattr(verdicts, name)[row] for name in ("value", "limit_min", "limit_max", "times_over")}
        detail: dict[str, object] = {
            name: None if np.isnan(figure) else float(figure) for name, figure in numbers.items()
        }
        detail |= {name: getattr(verdicts, name)[row] for name in ("outcome", "reason", "rule", "binding", "basis")}
        marks = marking.told(site, parameter, key[2], period_end(PERIODS[key[1]], key[2]))
        detail |= {"marks": marks} if marks else {}
        return findings.exceedance(site, parameter, PERIODS[key[1]], key[2], status, now, detail)

    def _events(self, means: Means, now: int) -> list[OutboxEvent]:
        """Return one `means.v1` event for each site and window."""
        groups: dict[tuple[str, int, int], list[dict[str, object]]] = defaultdict(list)
        names = ("series", "period", "start", "value", "valid", "samples", "reason")
        for series, period, start, value, valid, samples, reason in zip(
            *(getattr(means, n).tolist() for n in names), strict=True
        ):
            site, parameter = self._directory.series[series]
            figure = None if value != value else value
            groups[site, period, start].append(
                {"parameter": parameter, "value": figure, "valid": valid, "samples": samples, "reason": reason}
            )
        return [self._event(*key, entries, now) for key, entries in groups.items()]

    def _event(self, site_id: str, period: int, start: int, entries: list[dict[str, object]], now: int) -> OutboxEvent:
        site = self._directory.registry.sites.get(site_id)
        city, organisation = (site.city, site.organisation) if site else (None, None)
        fields = {
            "type": topics.MEANS,
            "site_id": site_id,
            "site_kind": site.kind.value if site else "",
            "city": city,
            "organisation_id": organisation,
            "period": PERIODS[period].value,
            "start": start,
            "closed_at": now,
            "means": entries,
        }
        return OutboxEvent(topics.MEANS, city or organisation or site_id, to_json(fields))


def taken_back(gone: Verdicts) -> Verdicts:
    """Return what is said of windows that had these verdicts and have none any more: nothing limits them by now."""
    return Verdicts.of(
        series=gone.series,
        period=gone.period,
        start=gone.start,
        outcome=[Outcome.NOT_JUDGED.value] * len(gone),
        reason=[NotJudged.NOT_LIMITED.value] * len(gone),
        basis=gone.basis,
        **{name: np.full(len(gone), np.nan) for name in ("value", "limit_min", "limit_max", "times_over")},
        **{name: [""] * len(gone) for name in ("rule", "binding")},
    )


def _changed(verdicts: Verdicts, row: int, previous: Verdicts, before: int | None) -> bool:
    return before is not None and any(
        getattr(verdicts, name)[row] != getattr(previous, name)[before]
        for name in ("value", "limit_max", "rule", "binding")
    )

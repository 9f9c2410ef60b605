"""Episodes as findings: what is new, rose, ended or never was, compared with what was told before."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

from detectors.episodes import Episode, Step
from schemas.codes import FindingKind, FindingStatus, Period
from schemas.events import Finding
from schemas.identity import content_id
from standards.tables import rows_of
from store.port import IndexRow

KINDS: Final = (FindingKind.HEAVY_POLLUTION.value, FindingKind.HEALTH_NOTICE.value)
KnownAt = Callable[[int], int]
"""Tick at which the index of a position was known, by position."""


def episode_id(city: str, episode: Episode) -> UUID:
    """Return the natural id of an episode."""
    return content_id("finding", episode.kind, city, episode.onset)


@cache
def _rule_rows() -> dict[str, dict[str, str]]:
    return {row["rule_id"]: row for row in rows_of("heavy_pollution_thresholds")}


def _step(step: Step) -> dict[str, Any]:
    return {"position": step.position, "grade": step.grade.value, "aqi": step.aqi, "rules": list(step.rules)}


def finding_of(
    city: str, episode: Episode, status: FindingStatus, told: int, detected_at: int, index: IndexRow | None
) -> Finding:
    """Return the finding after `told` steps of an episode; `index` is the row of the position it is told at."""
    step = episode.steps[told - 1]
    rows = [_rule_rows()[rule] for rule in step.rules]
    ended = status is FindingStatus.ENDED
    detail = {
        "basis": "observed",
        "basis_zh": "实况依据",
        "aqi": index.aqi if index and ended else step.aqi,
        "primary": list(index.primary) if index else [],
        "grade": step.grade.value,
        "scheme": step.scheme,
        "rules": list(step.rules),
        "confidence": sorted({row["confidence"] for row in rows}),
        "source": sorted({row["source"] for row in rows}),
        "min_reduction_pct": _reduction(episode, rows),
        "reductions": episode.kind is FindingKind.HEAVY_POLLUTION,
        "onset": episode.onset,
        "position": episode.ended if ended else step.position,
        "steps": [_step(s) for s in episode.steps[:told]],
        "ended": episode.ended if ended else None,
    }
    return Finding(
        finding_id=episode_id(city, episode),
        kind=episode.kind,
        status=status,
        city=city,
        period=Period.RUNNING24,
        start=episode.onset,
        detected_at=detected_at,
        grade=step.grade,
        detail=detail,
    )


def _reduction(episode: Episode, rows: Sequence[dict[str, str]]) -> float | None:
    """Return the least cut of total emissions that the grade asks for; none where PM2.5 is not the cause."""
    if episode.kind is not FindingKind.HEAVY_POLLUTION:
        return None
    return max((float(row["min_reduction_pct"]) for row in rows if row["min_reduction_pct"]), default=None)


class Teller:
    """Says of one city's episodes what has changed since they were last told."""

    def __init__(self, city: str, index_at: Callable[[int], IndexRow | None], known_at: KnownAt) -> None:
        self.city = city
        self._index_at = index_at
        self._known_at = known_at

    def tell(self, episode: Episode, before: Finding | None) -> list[Finding]:
        """Return the findings that lead from what was told before to the episode as it is now, in order."""
        if before is None or before.status is FindingStatus.WITHDRAWN:
            return self._from(episode, 0) + self._end(episode)
        old, new = before.detail["steps"], [_step(step) for step in episode.steps]
        if old == new:
            last = self._end(episode) or [self._as_risen(episode)]
            return [] if last[0].detail == before.detail else last
        if old == new[: len(old)]:
            return self._from(episode, len(old)) + self._end(episode)
        # late data changed what had been told: say all of it as it is now
        return [self._as_risen(episode), *self._end(episode)]

    def _as_risen(self, episode: Episode) -> Finding:
        return self._finding(episode, FindingStatus.CHANGED, len(episode.steps), episode.steps[-1].position)

    def _from(self, episode: Episode, told: int) -> list[Finding]:
        return [
            self._finding(episode, FindingStatus.CHANGED if n else FindingStatus.RAISED, n + 1, step.position)
            for n, step in enumerate(episode.steps)
            if n >= told
        ]

    def _end(self, episode: Episode) -> list[Finding]:
        if episode.ended is None:
            return []
        return [self._finding(episode, FindingStatus.ENDED, len(episode.steps), episode.ended)]

    def _finding(self, episode: Episode, status: FindingStatus, told: int, position: int) -> Finding:
        return finding_of(self.city, episode, status, told, self._known_at(position), self._index_at(position))


def withdrawn(finding: Finding, detected_at: int) -> Finding:
    """Return the finding that an episode, with the data known now, never began at this onset."""
    return finding.model_copy(update={"status": FindingStatus.WITHDRAWN, "detected_at": detected_at})


def changes(
    found: Iterable[Episode], known: dict[UUID, Finding], since: int, until: int, teller: Teller, now: int
) -> list[Finding]:
    """Return the findings that bring what is `known` of onsets in [since, until) to the episodes found there."""
    episodes = {episode_id(teller.city, e): e for e in found}
    gone = [
        withdrawn(f, now)
        for i, f in known.items()
        if i not in episodes and f.status is not FindingStatus.WITHDRAWN and since <= (f.start or 0) < until
    ]
    return gone + [finding for i, e in episodes.items() for finding in teller.tell(e, known.get(i))]

"""Start, stop and fault time of a waste incinerator's furnace above 60 h in a natural year (启停故障超时, facts.md 6.5).

Said by the mark that makes it so, as it is entered, and taken back by the one that ends it: a pure function of the marks before and after.
Of two marks entered at the same instant each may miss the other; the next mark of the furnace counts both.
"""

from collections.abc import Sequence

from schemas.codes import FindingKind, FindingStatus
from schemas.events import Finding
from schemas.identity import content_id
from schemas.marks import Mark
from schemas.registry import Registry
from schemas.times import HOUR_US, to_cst
from standards.incineration import RULE_ID, YEARLY_LIMIT_US, Year, downtime_us, is_incinerator, year_of
from store.mark_port import MarkStore


def furnace_time(store: MarkStore, registry: Registry, mark: Mark) -> list[Finding]:
    """Return what a new version of a mark changes in the count of its years; `store` does not have it yet."""
    if not is_incinerator(registry, mark.site_id):
        return []
    first = year_of(mark.start)
    years = [first] if mark.end <= first[1] else [first, year_of(mark.end - 1)]
    found = (_of_year(store.marks_over([mark.site_id], *year), registry, mark, year) for year in years)
    return [finding for finding in found if finding is not None]


def _of_year(before: Sequence[Mark], registry: Registry, mark: Mark, year: Year) -> Finding | None:
    after = [m for m in before if m.mark_id != mark.mark_id] + [mark]
    was, is_now = (downtime_us(registry, mark.site_id, marks, year) for marks in (before, after))
    if is_now == was or max(was, is_now) <= YEARLY_LIMIT_US:
        return None
    status = FindingStatus.CHANGED if was > YEARLY_LIMIT_US else FindingStatus.RAISED
    return _finding(mark, year, is_now, status if is_now > YEARLY_LIMIT_US else FindingStatus.WITHDRAWN)


def _finding(mark: Mark, year: Year, downtime: int, status: FindingStatus) -> Finding:
    return Finding(
        finding_id=content_id("finding", FindingKind.FURNACE_TIME, mark.site_id, year[0]),
        kind=FindingKind.FURNACE_TIME,
        status=status,
        site_id=mark.site_id,
        start=year[0],
        detected_at=mark.recorded_at,
        detail={
            "year": to_cst(year[0]).year,
            "hours": downtime / HOUR_US,
            "limit_h": YEARLY_LIMIT_US / HOUR_US,
            "rule": RULE_ID,
            "mark_id": str(mark.mark_id),
            "by": mark.entered_by,
        },
    )

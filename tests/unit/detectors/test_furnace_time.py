"""More than 60 h of furnace downtime is told once, changed and taken back (facts.md 6.5)."""

from datetime import datetime

import pytest

from detectors.mark_desk import MarkDesk, Statement
from schemas.codes import FindingKind, FindingStatus
from schemas.events import Finding
from schemas.marks import Mark, MarkKind
from schemas.registry import Registry
from schemas.times import local_us
from store.memory import MemoryStore

REGISTRY = Registry.from_tables(
    {
        "site": [{"id": "furnace", "kind": "furnace"}],
        "binding": [
            {
                "site": "furnace",
                "standard": "GB 18484-2020",
                "category": "hazardous waste incinerator",
                "variant": "all",
                "effective_from": "2021-07-01",
                "reason": "permit",
            }
        ],
    }
)


class Desk:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self.desk = MarkDesk(self.store, lambda: (1, REGISTRY))

    def down(self, start: str, end: str) -> Mark:
        """Enter a shut-down at its end."""
        span = local_us(datetime.fromisoformat(start)), local_us(datetime.fromisoformat(end))
        return self.desk.add(Statement("furnace", MarkKind.SHUT_DOWN, *span, "operator"), span[1])

    def told(self) -> tuple[FindingStatus, float] | None:
        rows = (Finding.model_validate_json(row.payload) for row in self.store.tables.finding.values())
        return next(((f.status, f.detail["hours"]) for f in rows if f.kind is FindingKind.FURNACE_TIME), None)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_exactly_sixty_hours_are_allowed(desk: Desk) -> None:
    desk.down("2026-03-01T00:00", "2026-03-03T12:00")

    assert desk.told() is None


def test_the_mark_that_goes_beyond_tells_it_and_the_next_changes_it(desk: Desk) -> None:
    """60 h, then 1 h: 61; then 2 h: 63."""
    desk.down("2026-03-01T00:00", "2026-03-03T12:00")
    desk.down("2026-04-01T00:00", "2026-04-01T01:00")
    raised = desk.told()

    desk.down("2026-05-01T00:00", "2026-05-01T02:00")

    assert raised == (FindingStatus.RAISED, 61.0)
    assert desk.told() == (FindingStatus.CHANGED, 63.0)


def test_a_rejected_mark_takes_it_back(desk: Desk) -> None:
    desk.down("2026-03-01T00:00", "2026-03-03T12:00")
    last = desk.down("2026-04-01T00:00", "2026-04-01T01:00")

    desk.desk.review(last.mark_id, False, "authority", "it ran", last.entered_at + 1)

    assert desk.told() == (FindingStatus.WITHDRAWN, 60.0)

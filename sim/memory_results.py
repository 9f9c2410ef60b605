"""The results of an in-memory run, read from the twin's tables."""

import json
from datetime import date

from schemas.codes import FindingStatus
from schemas.events import Finding
from schemas.periods import PERIOD_CODE
from sim.results import AlertFound, FindingFound, IndexFound, MeanFound, NotificationFound, VerdictFound
from sim.told import alerts_of, notifications_of, sites_of
from store.memory import MemoryStore
from store.memory_tables import VerdictRow
from store.port import BookEntry

PERIODS = {period.value: code for period, code in PERIOD_CODE.items()}


class MemoryResults:
    """`Results` over a MemoryStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._tables = store.tables

    def mean(self, site: str, parameter: str, period: str, start: int) -> MeanFound | None:
        """Return the mean of a site's parameter."""
        series = self._tables.series.get((site, parameter), 0)
        timeline = self._tables.mean.get((series, PERIODS[period]))
        row = timeline.rows.get(start) if timeline else None
        return (
            None
            if row is None
            else MeanFound(row.valid, row.value, row.samples, row.reason, row.converted, row.mass_kg)
        )

    def verdicts(self, site: str, parameter: str, period: str, start: int) -> list[VerdictFound]:
        """Return all versions of a verdict in turn, the one in force last."""
        series = self._tables.series.get((site, parameter), 0)
        timeline = self._tables.verdict.get((series, PERIODS[period]))
        if timeline is None or start not in timeline.rows:
            return []
        before = self._tables.verdict_history.get((series, PERIODS[period], start), [])
        return [_verdict(row) for row in [*before, timeline.rows[start]]]

    def index(self, subject: str, *, is_city: bool, period: str, start: int) -> IndexFound | None:
        """Return the index of a site or a city."""
        row = self._tables.air_index.get((subject, is_city, period, start))
        return None if row is None else IndexFound(row.aqi, tuple(row.primary), json.loads(row.detail))

    def alerts(self) -> list[AlertFound]:
        """Return every alert that was ever raised."""
        return alerts_of(self._store)

    def findings(self) -> list[FindingFound]:
        """Return every finding that was not withdrawn."""
        told = [Finding.model_validate_json(row.payload) for row in self._tables.finding.values()]
        registry = self._store.registry()[1]
        return [
            FindingFound(f.kind, sites_of(f.kind, f.site_id, f.device_id, registry), f.city, f.device_id, f.parameter)
            for f in told
            if f.status is not FindingStatus.WITHDRAWN
        ]

    def notifications(self) -> list[NotificationFound]:
        """Return who was to be told what."""
        return notifications_of(self._store)

    def book(self, device_id: str, day: date) -> BookEntry | None:
        """Return the reports of a device and China Standard Time day."""
        return self._tables.book.get((device_id, day))


def _verdict(row: VerdictRow) -> VerdictFound:
    return VerdictFound(row.outcome, row.value, row.limit_min, row.limit_max, row.times_over, row.reason)

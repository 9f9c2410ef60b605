"""The final state from the in-memory twin."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from schemas.times import day_of
from store.alert_port import AlertFilter
from store.final_port import HIDDEN_KINDS, HIDDEN_REASON, HIDDEN_STATE, KIND_NAMES, PERIOD_NAMES, FinalRow, stable
from store.letter_port import KEPT
from store.memory_alerts import MemoryAlerts
from store.memory_tables import MemoryTables, SeriesPeriod, Timeline

_ALL = 2**31


class MemoryExport(MemoryAlerts):
    """`FinalStore` over dicts."""

    def final_rows(self) -> Iterator[tuple[str, FinalRow]]:
        """Yield (section, row), as PostgreSQL's twin does."""
        with self.tables.lock:
            sections = {
                "mean": _means(self.tables),
                "verdict": _verdicts(self.tables),
                "air_index": _indices(self.tables),
                "alert": self._standing(),
                "book": _books(self.tables),
            }
            for section, rows in sections.items():
                yield from ((section, row) for row in sorted(rows, key=_key_of))

    def _standing(self) -> Iterator[FinalRow]:
        for a in self.find_alerts(AlertFilter(limit=_ALL)):
            if a.kind not in HIDDEN_KINDS and a.state != HIDDEN_STATE:
                where = (a.site_id, a.city, a.device_id, a.parameter, a.period)
                yield (a.kind, *where, a.first_start, a.last_start, a.state, a.grade)


def _key_of(row: FinalRow) -> tuple[tuple[bool, Any], ...]:
    """Return a sort key for a whole row: None first."""
    return tuple((value is not None, "" if value is None else value) for value in row)


def _means(tables: MemoryTables) -> Iterator[FinalRow]:
    for key, start, row in _windows(tables, tables.mean):
        yield (
            *key,
            start,
            row.value,
            row.samples,
            KIND_NAMES[row.kind],
            row.valid,
            row.reason,
            row.converted,
            row.mass_kg,
        )


def _verdicts(tables: MemoryTables) -> Iterator[FinalRow]:
    for key, start, row in _windows(tables, tables.verdict):
        if row.reason != HIDDEN_REASON:
            figures = (row.value, row.limit_min, row.limit_max, row.times_over)
            yield (*key, start, row.outcome, *figures, row.reason, row.rule, row.binding, row.basis)


class _Window(NamedTuple):
    key: tuple[str, str, str]
    start: int
    row: Any


def _windows(tables: MemoryTables, of: Mapping[SeriesPeriod, Timeline[Any]]) -> Iterator[_Window]:
    for (series, period), timeline in of.items():
        key = (*tables.series_names[series], PERIOD_NAMES[period])
        for start, row in timeline.rows.items():
            yield _Window(key, start, row)


def _indices(tables: MemoryTables) -> Iterator[FinalRow]:
    for i in tables.air_index.values():
        natural = (i.subject, i.is_city, i.period, i.start)
        yield (*natural, i.standard, i.aqi, list(i.primary), stable(i.detail))


def _books(tables: MemoryTables) -> Iterator[FinalRow]:
    stored = {key: entry.stored for key, entry in tables.book.items() if entry.stored > 0}
    rejected = _distinct_rejections(tables)
    for device_id, day in stored.keys() | rejected.keys():
        yield (device_id, day.isoformat(), stored.get((device_id, day), 0), rejected[device_id, day])


def _distinct_rejections(tables: MemoryTables) -> Counter[tuple[str, date]]:
    first: dict[tuple[str, str, bytes], int] = {}
    for letter in tables.dead_letter.values():
        if letter.whole and letter.state == KEPT:
            key = (letter.device_id, letter.topic, letter.sha256)
            first[key] = min(first.get(key, letter.received_at), letter.received_at)
    return Counter((device_id, day_of(received_at)) for (device_id, _, _), received_at in first.items())

"""How the in-memory twin writes one batch of the worker: everything is checked first, then nothing can fail."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.bundle import Rejected
from schemas.columns import Means, Readings, Reports
from schemas.times import day_of
from store.counts import Counts
from store.memory_tables import (
    LetterRow,
    MeanRow,
    MemoryTables,
    RawRow,
    ReadingRow,
    ReportRow,
    SupersededRow,
    VerdictRow,
)
from store.port import BookEntry, Verdicts, WorkBatch
from store.rejections import LetterKey, dead_lettered, letters_of


def none_if_nan(column: NDArray[np.float64]) -> list[float | None]:
    """Return the values as Python floats, with None for NaN: what SQL calls NULL."""
    return [None if value != value else value for value in column.tolist()]


class MemoryWriter:
    """Writes one batch into the tables; the caller holds the lock and has checked the fence."""

    def __init__(self, tables: MemoryTables, batch: WorkBatch) -> None:
        self.tables = tables
        self.batch = batch
        self.leases = {advance.lease.partition: advance.lease for advance in batch.advances}
        self.letters = list(letters_of(batch, self.leases)) if batch.rejected else []
        self.numbers = self._report_numbers()
        self.first_bundle = len(tables.raw_bundle) + 1

    def _report_numbers(self) -> NDArray[np.int64]:
        """Return the numbers of new reports, then those of recalled ones, which are stored already."""
        first = len(self.tables.report) + 1
        new = np.arange(first, first + self.batch.reports.device.size, dtype=np.int64)
        if not self.batch.recalled.device.size:
            return new
        return np.concatenate([new, [self.tables.report_keys[key] for key in _report_keys(self.batch.recalled)]])

    def check(self) -> None:
        """Raise ValueError for what PostgreSQL's constraints would refuse: a defect of the worker, never a path."""
        if self.batch.reports.device.size:
            self._check_reports()
        if self.batch.readings.series.size:
            self._check_readings()
        if self.batch.winners.series.size:
            self._check_winners()

    def _check_reports(self) -> None:
        keys = list(_report_keys(self.batch.reports))
        if len(set(keys)) < len(keys) or not self.tables.report_keys.keys().isdisjoint(keys):
            raise ValueError("a report is stored twice")

    def _check_readings(self) -> None:
        seen = set()
        for series, kind, at in _keys(self.batch.readings):
            if (series, kind, at) in seen or at in self.tables.reading[series, kind].rows:
                raise ValueError(f"a reading is stored twice: series {series}, kind {kind}, {at}")
            seen.add((series, kind, at))

    def _check_winners(self) -> None:
        new = set(_keys(self.batch.readings))
        for series, kind, at in _keys(self.batch.winners):
            if (series, kind, at) not in new and at not in self.tables.reading[series, kind].rows:
                raise ValueError(f"nothing to supersede: series {series}, kind {kind}, {at}")

    def write(self) -> None:
        """Apply everything; parts that are empty cost a look."""
        batch = self.batch
        if batch.raws:
            self._write_raws()
        if batch.readings.series.size:
            self._write_readings()
        if batch.winners.series.size:
            self._write_winners()
        if batch.losers.series.size:
            self._write_losers()
        if batch.means.series.size:
            write_means(self.tables, batch.means)
        if batch.verdicts.series.size:
            write_verdicts(self.tables, batch.verdicts)
        self._write_small()

    def _write_raws(self) -> None:
        for number, (partition, offset, blob) in enumerate(self.batch.raws, self.first_bundle):
            lease = self.leases[partition]
            self.tables.raw_bundle[number] = RawRow(lease.log_id, lease.topic, partition, offset, blob)
        r = self.batch.reports
        columns = (r.device, r.observed_at, r.kind, r.sha256, r.sent_at, r.received_at)
        rows = zip(
            *(c.tolist() for c in columns), (r.bundle + self.first_bundle).tolist(), r.position.tolist(), strict=True
        )
        for number, row in zip(self.numbers.tolist(), rows, strict=False):
            self.tables.report[number] = ReportRow(*row)
        self.tables.report_keys.update(zip(_report_keys(r), self.numbers.tolist(), strict=False))
        self.tables.report_places.update(key[:3] for key in _report_keys(r))

    def _write_readings(self) -> None:
        for (series, kind, at), row in self._rows(self.batch.readings, self.batch.reading_report):
            self.tables.reading[series, kind].put(at, row)

    def _write_winners(self) -> None:
        for (series, kind, at), row in self._rows(self.batch.winners, self.batch.winner_report):
            timeline = self.tables.reading[series, kind]
            self.tables.reading_superseded.append(SupersededRow(series, kind, at, timeline.rows[at], row.report))
            timeline.put(at, row)

    def _write_losers(self) -> None:
        for (series, kind, at), row in self._rows(self.batch.losers, self.batch.loser_report):
            in_force = self.tables.reading[series, kind].rows[at]
            self.tables.reading_superseded.append(SupersededRow(series, kind, at, row, in_force.report))

    def _rows(self, readings: Readings, report: NDArray[np.int32]) -> Iterator[tuple[tuple[int, int, int], ReadingRow]]:
        """Return key and row of each reading; who sent it when is what its report says."""
        values = zip(none_if_nan(readings.value), readings.flag.tolist(), self.numbers[report].tolist(), strict=True)
        for key, (value, flag, number) in zip(_keys(readings), values, strict=True):
            source = self.tables.report[number]
            yield key, ReadingRow(value, flag, source.sent_at, int.from_bytes(source.sha256[:8], "big"), number)

    def _write_small(self) -> None:
        t, batch = self.tables, self.batch
        for key, rejected, raw in self.letters:
            self._keep_letter(key, rejected, raw)
        for letter_id, entry in batch.replayed:
            self._settle_letter(letter_id, entry)
        for entry in [*_entries(t, batch.counts), *batch.books]:
            self._add(entry)
        for bridge, partition, hour, messages in batch.booked:
            t.intake_booked[bridge, partition, hour] += messages
        for index in batch.indices:
            t.air_index[index.subject, index.is_city, index.period, index.start] = index
        for finding in batch.findings:
            t.finding[finding.finding_id] = finding
        for state in batch.devices.rows():
            t.device_state[state.device] = state
        for done in batch.rejudged:
            t.rejudge.pop(done, None)
        for rejudge in batch.rejudge:
            t.rejudge[rejudge.site, rejudge.start] = rejudge
        for partition, revision in batch.marks_followed.items():
            t.mark_followed[self.leases[partition].topic, partition] = revision
        for partition, version in batch.registry_followed.items():
            t.registry_followed[self.leases[partition].topic, partition] = version
        t.rejudge_stretch = {key: spans for key, spans in (t.rejudge_stretch | batch.stretches).items() if spans}
        for event in batch.outbox:
            t.send(event)

    def _keep_letter(self, key: LetterKey, rejected: Rejected, raw: bytes) -> None:
        t = self.tables
        if rejected.letter_id:
            if rejected.letter_id in t.dead_letter:
                before = t.dead_letter[rejected.letter_id]
                t.dead_letter[rejected.letter_id] = replace(before, reason=rejected.reason, detail=rejected.detail)
            return
        if key in t.letter_keys:
            return
        t.letter_keys.add(key)
        number = len(t.dead_letter) + 1
        r = rejected
        t.dead_letter[number] = LetterRow(
            number, r.topic, r.device_id, r.reason, r.detail, r.sha256, r.received_at, raw, r.whole, r.site_id
        )
        t.send(dead_lettered(number, rejected, raw))

    def _settle_letter(self, letter_id: int, entry: BookEntry) -> None:
        letter = self.tables.dead_letter.get(letter_id)
        if letter is None or letter.state != "kept":
            return
        self.tables.dead_letter[letter_id] = replace(letter, state="replayed")
        if letter.whole:
            self._add(BookEntry(letter.device_id, day_of(letter.received_at), received=-1, rejected=-1))
            self._add(entry)

    def _add(self, entry: BookEntry) -> None:
        key = (entry.device_id, entry.day)
        self.tables.book[key] = _added(self.tables.book.get(key), entry)


def write_means(tables: MemoryTables, means: Means) -> None:
    """Insert means, or a new version where the content differs; the superseded one goes into the history."""
    columns = (means.samples, means.kind, means.valid, means.reason)
    value, converted, mass_kg = (none_if_nan(c) for c in (means.value, means.converted, means.mass_kg))
    rows = zip(value, *(c.tolist() for c in columns), converted, mass_kg, means.closed_at.tolist(), strict=True)
    for (series, period, start), row in zip(_window_keys(means), rows, strict=True):
        timeline = tables.mean[series, period]
        before = timeline.rows.get(start)
        if before is None:
            timeline.put(start, MeanRow(1, *row))
        elif before[1:-1] != row[:-1]:
            tables.mean_history[series, period, start].append(before)
            timeline.put(start, MeanRow(before.version + 1, *row))


def write_verdicts(tables: MemoryTables, verdicts: Verdicts) -> None:
    """Insert verdicts, or a new version where the content differs; the superseded one goes into the history."""
    v = verdicts
    figures = (none_if_nan(c) for c in (v.value, v.limit_min, v.limit_max, v.times_over))
    words = ([str(word) for word in c] for c in (v.reason, v.rule, v.binding, v.basis))
    rows = zip([str(word) for word in v.outcome], *figures, *words, strict=True)
    for (series, period, start), row in zip(_window_keys(v), rows, strict=True):
        timeline = tables.verdict[series, period]
        before = timeline.rows.get(start)
        if before is None:
            timeline.put(start, VerdictRow(1, *row))
        elif before[1:] != row:
            tables.verdict_history[series, period, start].append(before)
            timeline.put(start, VerdictRow(before.version + 1, *row))


def _keys(readings: Readings) -> Iterator[tuple[int, int, int]]:
    return zip(readings.series.tolist(), readings.kind.tolist(), readings.observed_at.tolist(), strict=True)


def _window_keys(rows: Means | Verdicts) -> Iterator[tuple[int, int, int]]:
    return zip(rows.series.tolist(), rows.period.tolist(), rows.start.tolist(), strict=True)


def _report_keys(r: Reports) -> Iterator[Any]:
    return zip(r.device.tolist(), r.observed_at.tolist(), r.kind.tolist(), r.sha256.tolist(), strict=True)


def _entries(tables: MemoryTables, counts: Counts) -> list[BookEntry]:
    columns = (counts.device, counts.day, counts.received, counts.stored, counts.duplicate)
    device_ids = {number: device_id for device_id, number in tables.device.items()} if len(counts) else {}
    return [
        BookEntry(device_ids[device], day_of(day), *amounts)
        for device, day, *amounts in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _added(before: BookEntry | None, entry: BookEntry) -> BookEntry:
    if before is None:
        return entry
    return before._replace(
        received=before.received + entry.received,
        stored=before.stored + entry.stored,
        duplicate=before.duplicate + entry.duplicate,
        rejected=before.rejected + entry.rejected,
    )

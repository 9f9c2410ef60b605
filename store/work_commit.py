"""Writes one batch of the worker into PostgreSQL, inside a transaction that its caller opens and fences."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Means, Readings, Reports
from schemas.times import day_of, from_us, hour_start, to_us
from store import binary
from store.binary import (
    BOOL,
    FLOAT8,
    INSTANT,
    INT2,
    INT4,
    INT8,
    OPTIONAL_INSTANT,
    array,
    blob_array,
    word_array,
)
from store.device_states import DeviceStates
from store.ledger_rows import write_booked, write_books, write_counts
from store.numbers import Numbers, in_rounds
from store.port import BookEntry, FindingRow, IndexRow, OutboxEvent, Rejudge, Verdicts, WorkBatch
from store.postgres import Cursor
from store.rejections import dead_lettered, letters_of
from store.report_rows import Column, numbered, reading_columns, report_columns, report_keys, span
from store.sql import queries

SQL = queries("commit")
READ = queries("work")
Packed = bytes | dict[str, Any] | None
"""Rows for a table: a stream for COPY, or parameters where COPY is not to be had; None: there are none."""


class WorkWriter:
    """Writes the parts of one batch; a part that is empty sends no statement."""

    def __init__(self, cursor: Cursor, batch: WorkBatch, *, copy: bool) -> None:
        self.cursor = cursor
        self.batch = batch
        self.copy = copy

    def write(self, bundles: Numbers, reports: Numbers) -> None:
        """Write everything but the leases' advance."""
        batch = self.batch
        if batch.raws:
            self._write_reports(bundles.take(self.cursor, len(batch.raws)), reports)
        if batch.means.series.size:
            write_means(self.cursor, batch.means)
        if batch.verdicts.series.size:
            write_verdicts(self.cursor, batch.verdicts)
        write_indices(self.cursor, batch.indices)
        write_findings(self.cursor, batch.findings)
        _write_devices(self.cursor, batch.devices, batch.reports)
        _write_rejudge(self.cursor, batch.rejudge, batch.rejudged)
        letters = self._write_letters() if batch.rejected else []
        settled = self._settle_letters() if batch.replayed else []
        write_counts(self.cursor, batch.counts)
        write_books(self.cursor, [*batch.books, *settled])
        write_booked(self.cursor, batch.booked)
        write_outbox(self.cursor, [*letters, *batch.outbox])

    def _write_reports(self, bundles: NDArray[np.int64], numbers: Numbers) -> None:
        leases = {advance.lease.partition: advance.lease for advance in self.batch.advances}
        mine = [leases[partition] for partition, _, _ in self.batch.raws]
        self.cursor.execute(
            SQL["raw_bundles"],
            {
                "bundle": array(bundles, INT8),
                "log_id": word_array(lease.log_id for lease in mine),
                "topic": word_array(lease.topic for lease in mine),
                "partition": [lease.partition for lease in mine],
                "log_offset": [offset for _, offset, _ in self.batch.raws],
                "content": blob_array([blob for _, _, blob in self.batch.raws]),
            },
        )
        reports = self.batch.reports
        named = known = numbers.take(self.cursor, len(reports))
        if self.batch.recalled.device.size:
            known = np.concatenate([named, self._recalled()])
        order = np.lexsort((reports.observed_at, reports.device, hour_start(reports.observed_at)))
        columns = report_columns(reports.take(order), named[order], bundles)
        with self._appending("reports", self._packed(columns)):
            packed = self._packed_readings(known)  # while the server takes the reports in
        with self._appending("readings", packed):
            pass
        self._write_superseding(known)

    def _recalled(self) -> NDArray[np.int64]:
        self.cursor.execute(READ["recalled_reports"], report_keys(self.batch.recalled), binary=True)
        (numbers,) = binary.fetch_columns(self.cursor, INT8)
        if len(numbers) != len(self.batch.recalled):
            raise ValueError("a recalled report is not stored")
        return numbers

    def _packed_readings(self, reports: NDArray[np.int64]) -> Packed:
        readings = self.batch.readings
        # in the order of the index: neighbours meet the same page of it (1.6 times the rows a second)
        order = np.lexsort((readings.observed_at, readings.kind, readings.series, hour_start(readings.observed_at)))
        return self._packed(reading_columns(readings.take(order), reports[self.batch.reading_report[order]]))

    def _write_superseding(self, reports: NDArray[np.int64]) -> None:
        batch = self.batch
        if batch.winners.series.size:
            self._supersede(batch.winners, reports[batch.winner_report])
        if batch.losers.series.size:
            columns = reading_columns(batch.losers, reports[batch.loser_report])
            self.cursor.execute(SQL["losers"], numbered(columns) | span(batch.losers.observed_at))

    def _supersede(self, winners: Readings, reports: NDArray[np.int64]) -> None:
        columns = numbered(reading_columns(winners, reports))
        self.cursor.execute(SQL["winners"], columns | span(winners.observed_at))
        if self.cursor.rowcount != len(winners):
            raise ValueError("nothing to supersede")

    def _packed(self, columns: Sequence[Column]) -> Packed:
        if not len(columns[0][0]):
            return None
        return binary.copy_stream(columns) if self.copy else numbered(columns)

    @contextmanager
    def _appending(self, table: str, rows: Packed) -> Iterator[None]:
        """Append rows; what the body does goes on while the server takes them in, and must not ask it anything."""
        if isinstance(rows, bytes):
            with self.cursor.copy(SQL[f"copy_{table}"]) as copy:
                copy.write(rows)
                yield
            return
        if rows is not None:
            self.cursor.execute(SQL[f"insert_{table}"], rows)
        yield

    def _write_letters(self) -> list[OutboxEvent]:
        leases = {advance.lease.partition: advance.lease for advance in self.batch.advances}
        events = []
        for key, rejected, raw in letters_of(self.batch, leases):
            place = dict(zip(("log_id", "partition", "log_offset", "position", "part"), key, strict=True))
            known = vars(rejected) | place | {"raw": raw, "received_at": from_us(rejected.received_at)}
            if rejected.letter_id:
                self.cursor.execute(SQL["refuse_letter_again"], known)
                continue
            row = self.cursor.execute(SQL["keep_letter"], known).fetchone()
            if row is not None:
                events.append(dead_lettered(row[0], rejected, raw))
        return events

    def _settle_letters(self) -> list[BookEntry]:
        books = []
        for letter_id, entry in self.batch.replayed:
            row = self.cursor.execute(SQL["settle_letter"], {"letter_id": letter_id}).fetchone()
            if row is not None and row[2]:
                books += [BookEntry(row[0], day_of(to_us(row[1])), received=-1, rejected=-1), entry]
        return books


def write_means(cursor: Cursor, means: Means) -> None:
    """Insert means, or a new version where the content differs; the superseded one goes into the history."""

    def write(now: NDArray[np.bool_]) -> None:
        m = means.take(now)
        parameters = _window_keys(m) | {
            "value": array(m.value, FLOAT8),
            "samples": array(m.samples, INT4),
            "kind": array(m.kind, INT2),
            "valid": array(m.valid, BOOL),
            "reason": word_array(m.reason.tolist()),
            "converted": array(m.converted, FLOAT8),
            "mass_kg": array(m.mass_kg, FLOAT8),
            "closed_at": array(m.closed_at, OPTIONAL_INSTANT),
        }
        cursor.execute(SQL["means"], parameters)

    in_rounds((means.series, means.period, means.start), write)


def write_verdicts(cursor: Cursor, verdicts: Verdicts) -> None:
    """Insert verdicts, or a new version where the content differs; the superseded one goes into the history."""

    def write(now: NDArray[np.bool_]) -> None:
        v = verdicts.take(now)
        figures = ("value", "limit_min", "limit_max", "times_over")
        words = ("outcome", "reason", "rule", "binding", "basis")
        parameters = {name: array(getattr(v, name), FLOAT8) for name in figures}
        parameters |= {name: word_array(getattr(v, name).tolist()) for name in words}
        cursor.execute(SQL["verdicts"], parameters | _window_keys(v))

    in_rounds((verdicts.series, verdicts.period, verdicts.start), write)


def write_indices(cursor: Cursor, indices: Sequence[IndexRow]) -> None:
    """Insert indices, or the next version where the content differs; of one key the last row counts."""
    rows = list({(i.subject, i.is_city, i.period, i.start): i for i in indices}.values())
    if rows:
        parameters = {name: word_array(getattr(i, name) for i in rows) for name in ("subject", "period", "standard")}
        parameters |= {"detail": word_array(i.detail for i in rows), "start": _instants(i.start for i in rows)}
        others = {"is_city": [i.is_city for i in rows], "aqi": [i.aqi for i in rows]}
        primaries = {"primaries": word_array(" ".join(i.primary) for i in rows)}
        cursor.execute(SQL["indices"], parameters | others | primaries)


def write_findings(cursor: Cursor, findings: Sequence[FindingRow]) -> None:
    """Insert findings or replace them by id; of one id the last row counts."""
    rows = list({f.finding_id: f for f in findings}.values())
    if rows:
        names = ("finding_id", "kind", "site_id", "device_id", "city", "parameter")
        parameters: dict[str, Any] = {name: [getattr(f, name) for f in rows] for name in names}
        starts = [None if f.start is None else from_us(f.start) for f in rows]
        instants = {"start": starts, "detected_at": _instants(f.detected_at for f in rows)}
        cursor.execute(SQL["findings"], parameters | instants | {"payload": [f.payload.decode() for f in rows]})


def write_outbox(cursor: Cursor, events: Sequence[OutboxEvent]) -> None:
    """Append events to the outbox, in their order, and wake the relay at COMMIT."""
    if events:
        parameters = {name: word_array(getattr(e, name) for e in events) for name in ("topic", "key")}
        cursor.execute(SQL["outbox"], parameters | {"payload": blob_array([e.payload for e in events])})
        cursor.execute(SQL["notify_outbox"])


def _write_devices(cursor: Cursor, devices: DeviceStates, reports: Reports) -> None:
    if len(devices):
        first = np.zeros(int(max(devices.device.max(), reports.device.max(initial=0))) + 1, np.int64)
        first[reports.device] = np.iinfo(np.int64).max
        np.minimum.at(first, reports.device, reports.observed_at)
        parameters = {name: array(getattr(devices, name), OPTIONAL_INSTANT) for name in _DEVICE_INSTANTS}
        parameters |= {"device": array(devices.device, INT4), "silent": array(devices.silent, BOOL)}
        parameters["first_at"] = array(first[devices.device], OPTIONAL_INSTANT)
        cursor.execute(SQL["devices"], parameters | {"high": array(devices.high.ravel(), INT8)})


_DEVICE_INSTANTS: Final = ("frontier", "event_at", "heard_at")


def _write_rejudge(cursor: Cursor, open_ones: Sequence[Rejudge], done: Sequence[tuple[str, int]]) -> None:
    if done:
        sites = word_array(site for site, _ in done)
        cursor.execute(SQL["rejudged"], {"site_id": sites, "start": _instants(start for _, start in done)})
    rows = list({(r.site, r.start): r for r in open_ones}.values())
    if rows:
        parameters: dict[str, Any] = {"site_id": word_array(r.site for r in rows), "device": [r.device for r in rows]}
        instants = {"start": _instants(r.start for r in rows), "noted_at": _instants(r.noted_at for r in rows)}
        cursor.execute(SQL["rejudge"], parameters | instants)


def _window_keys(rows: Means | Verdicts) -> dict[str, Any]:
    return {
        "series": array(rows.series, INT4),
        "period": array(rows.period, INT2),
        "start": array(rows.start, INSTANT),
    }


def _instants(values: Any) -> binary.PackedArray:
    return array(np.fromiter(values, np.int64), INSTANT)

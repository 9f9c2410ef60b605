"""The worker's slice of the store in PostgreSQL.

Delivery: a batch's results, outbox and offsets are one fenced transaction. A crash before COMMIT repeats the batch from
the log; natural keys (report content, reading, window, finding id, place in the log) make the repeat harmless.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Means, Readings, Reports
from schemas.partitions import murmur2
from schemas.times import DAY_US, HOUR_US, from_us, to_us
from store import binary
from store.binary import BOOL, FLOAT8, INSTANT, INT2, INT4, INT8, SHA8, array, word_array
from store.device_states import DeviceState
from store.leases import PostgresLeases
from store.marks import PostgresMarkReader, follow_marks
from store.numbers import Numbers, kept_if_committed
from store.port import Rejudge, Verdicts, WorkBatch
from store.postgres import Database
from store.registry_reader import Revisions
from store.report_rows import report_keys, span
from store.sql import queries
from store.stretches import PostgresRegistryReader, write_followed
from store.work_commit import SQL as WRITE
from store.work_commit import WorkWriter

SQL = queries("work")


class PostgresWorkStore(PostgresLeases, PostgresMarkReader, PostgresRegistryReader):
    """`WorkStore` over one Database; see the port for what each call promises."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._bundles = Numbers("bundle_number", 100)
        self._reports = Numbers("report_number", 1000)
        self._months: set[int] = set()
        self._seen = Revisions()

    def device_numbers(self, device_ids: Sequence[str]) -> list[int]:
        """Return the surrogate numbers, made where they are missing."""
        asked = {"device_id": word_array(device_ids)}
        numbers = dict(self._rows("devices", asked))
        missing = sorted(set(device_ids) - numbers.keys())
        if missing:
            hashes = [murmur2(device_id.encode()) & 0x7FFFFFFF for device_id in missing]
            with self.database.transaction() as cursor:
                cursor.execute(SQL["make_devices"], {"device_id": word_array(missing), "key_hash": hashes})
            numbers = dict(self._rows("devices", asked))
        return [numbers[device_id] for device_id in device_ids]

    def series_numbers(self, pairs: Sequence[tuple[str, str]]) -> list[int]:
        """Return the series numbers of (site, parameter) pairs, made where they are missing."""
        asked = {"site_id": word_array(p[0] for p in pairs), "parameter": word_array(p[1] for p in pairs)}
        numbers = {(site, parameter): series for site, parameter, series in self._rows("series", asked)}
        if not numbers.keys() >= set(pairs):
            with self.database.transaction() as cursor:
                cursor.execute(SQL["make_series"], asked)
            numbers = {(site, parameter): series for site, parameter, series in self._rows("series", asked)}
        return [numbers[pair] for pair in pairs]

    def series_of_sites(self, sites: Sequence[str]) -> list[tuple[int, str, str]]:
        """Return (series, site, parameter) of all series of these sites, in order of their number."""
        return self._rows("series_of_sites", {"site_id": word_array(sites)})

    def device_states(self, partition: int, partitions: int) -> list[tuple[str, DeviceState]]:
        """Return (device_id, state) of the devices whose key falls into the partition."""
        rows = self._rows("device_states", {"partition": partition, "partitions": partitions})
        return [
            (device_id, DeviceState(device, _us(frontier), _us(event_at), _us(heard_at), tuple(high), silent))
            for device_id, device, frontier, event_at, heard_at, high, silent in rows
        ]

    def rejudge_open(self, devices: Sequence[int]) -> list[Rejudge]:
        """Return what is still to be judged again for these devices, by site and start."""
        rows = self._rows("rejudge_open", {"device": list(devices)})
        return [Rejudge(site, device, to_us(start), to_us(noted_at)) for site, device, start, noted_at in rows]

    def known_reports(self, reports: Reports) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return for each row whether it is stored already, and whether any of its (device, observed_at, kind) is; a commit under way is not seen."""
        known, met = np.zeros(len(reports), np.bool_), np.zeros(len(reports), np.bool_)
        if len(reports):
            order = np.lexsort((reports.device, reports.observed_at // HOUR_US))  # as the index is
            with self.database.read_beside() as cursor:
                cursor.execute(SQL["known_reports"], report_keys(reports.take(order)), binary=True)
                place, same = binary.fetch_columns(cursor, INT8, BOOL)
            at = order[place - 1]
            met[at] = True
            known[at[same.astype(np.bool_)]] = True
        return known, met

    def readings_at(self, keys: Readings) -> tuple[NDArray[np.bool_], Readings]:
        """Return, aligned with `keys`, whether each is stored, and the reading in force (zeros where not)."""
        if not len(keys):
            return np.empty(0, np.bool_), Readings.empty()
        order = np.lexsort((keys.observed_at, keys.kind, keys.series, keys.observed_at // HOUR_US))  # as the index is
        asked = {
            "series": array(keys.series[order], INT4),
            "kind": array(keys.kind[order], INT2),
            "observed_at": array(keys.observed_at[order], INSTANT),
        }
        columns = self._columns("readings_at", asked | span(keys.observed_at), INT8, FLOAT8, INT2, INSTANT, SHA8)
        at = order[columns[0] - 1]
        found = np.zeros(len(keys), np.bool_)
        found[at] = True
        there = {name: np.zeros(len(keys), Readings.DTYPES[name]) for name in ("value", "flag", "sent_at", "sha8")}
        for column, stored in zip(there.values(), columns[1:], strict=True):
            column[at] = stored
        return found, Readings(keys.series, keys.kind, keys.observed_at, **there)

    def window_readings(self, series: NDArray[np.int32], start: NDArray[np.int64], end: NDArray[np.int64]) -> Readings:
        """Return the readings in force of each (series, [start, end)), once each, sorted by series, kind, observed_at."""
        series, start, end = hour_by_hour(series, start, end)
        if not len(series):
            return Readings.empty()
        order = np.lexsort((series, start))  # as the index is
        asked = _windows(series[order], start[order], end[order])
        limits = {"earliest": from_us(int(start.min())), "latest": from_us(int(end.max()))}
        columns = self._columns("window_readings", asked | limits, INT4, INT2, INSTANT, FLOAT8, INT2)
        keys = dict(zip(("series", "kind", "observed_at", "value", "flag"), columns, strict=True))
        none = np.zeros(len(columns[0]))
        found = Readings.of(**keys, sent_at=none, sha8=none)
        found = found.take(np.lexsort((found.observed_at, found.kind, found.series)))
        return found.take(_first_of_each(found.series, found.kind, found.observed_at))

    def means_between(
        self, series: NDArray[np.int32], period: int, start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> Means:
        """Return the current means of each (series, [start, end)), once each, sorted by series, start."""
        if not len(series):
            return Means.empty()
        kinds = (INT4, INT2, INSTANT, FLOAT8, INT4, INT2, BOOL, None, FLOAT8, FLOAT8)
        columns = self._columns("means_between", _windows(series, start, end) | {"period": period}, *kinds)
        found = Means.of(**dict(zip(Means.DTYPES, columns, strict=False)))
        return found.take(_first_of_each(found.series, found.period, found.start))

    def verdicts_at(self, series: NDArray[np.int32], period: NDArray[np.uint8], start: NDArray[np.int64]) -> Verdicts:
        """Return the current verdicts of these keys (missing ones are absent), sorted by series, period, start."""
        keys = {"series": array(series, INT4), "period": array(period, INT2), "start": array(start, INSTANT)}
        found = _verdicts(self._rows("verdicts_at", keys)) if len(series) else Verdicts.empty()
        return found.take(_first_of_each(found.series, found.period, found.start))

    def verdicts_between(
        self, series: NDArray[np.int32], period: int, start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> Verdicts:
        """Return the current verdicts of each (series, [start, end)), once each, sorted by series, start."""
        if not len(series):
            return Verdicts.empty()
        found = _verdicts(self._rows("verdicts_between", _windows(series, start, end) | {"period": period}))
        return found.take(_first_of_each(found.series, found.period, found.start))

    def latest_verdicts(self, series: Sequence[int]) -> Verdicts:
        """Return the last met-or-exceeded verdict of each (series, period), sorted by series, period."""
        return _verdicts(self._rows("latest_verdicts", {"series": sorted(set(series))}))

    def ever_exceeded(self, series: Sequence[int]) -> set[tuple[int, int]]:
        """Return the (series, period) that have any exceeded verdict in force."""
        return set(self._rows("ever_exceeded", {"series": sorted(set(series))}))

    def findings_told(self, finding_ids: Sequence[str]) -> dict[str, bytes]:
        """Return those of these findings that were ever told: id → `Finding` as JSON, as it was told last."""
        rows = self._rows("findings_told", {"finding_id": list(finding_ids)}) if finding_ids else []
        return {finding_id: payload.encode() for finding_id, payload in rows}

    def commit_work(self, batch: WorkBatch) -> None:
        """Write everything or nothing; raises LeaseLost (nothing written) or Unavailable (outcome unknown)."""
        if batch.readings.observed_at.size:
            self._make_partitions(batch.readings.observed_at)
        numbers = (self._bundles, self._reports)
        with kept_if_committed(*numbers), self.database.transaction(batch.advances) as cursor:
            WorkWriter(cursor, batch, copy=self.database.copy).write(*numbers)
            if batch.marks_followed:
                follow_marks(cursor, batch.advances[0].lease.topic, batch.marks_followed)
            if batch.registry_followed or batch.stretches:
                write_followed(cursor, batch)

    def commit_later(self, batch: WorkBatch) -> None:
        """Commit in a thread of its own, and look at marks and registry after it."""
        self.database.later(partial(self._commit_and_look, batch))

    def land(self) -> None:
        """Wait for what `commit_later` has under way; raises LeaseLost or Unavailable."""
        self.database.land()

    def revisions(self) -> Revisions:
        """Return how far marks and registry go; while a commit is under way, as it was after the one before."""
        if not self.database.is_busy:
            self._look()
        return self._seen

    def _commit_and_look(self, batch: WorkBatch) -> None:
        self.commit_work(batch)
        self._look()

    def _look(self) -> None:
        self._seen = Revisions(self.mark_revision(), self.registry_version())

    def _make_partitions(self, observed_at: NDArray[np.int64]) -> None:
        """See to the months that this store has not met yet, before the transaction that writes."""
        days = np.unique(observed_at // DAY_US)
        months = days.astype("datetime64[D]").astype("datetime64[M]")
        unknown = sorted(set(months.astype(np.int64).tolist()) - self._months)
        if unknown:
            firsts = np.array(unknown, "datetime64[M]").astype("datetime64[us]").astype(np.int64)
            with self.database.transaction() as cursor:
                cursor.execute(WRITE["reading_partition"], {"at": array(firsts, INSTANT)})
            self._months.update(unknown)

    def _rows(self, name: str, parameters: dict[str, Any]) -> list[Any]:
        with self.database.read() as cursor:
            return cursor.execute(SQL[name], parameters).fetchall()

    def _columns(self, name: str, parameters: dict[str, Any], *kinds: binary.BinaryType | None) -> list[NDArray[Any]]:
        with self.database.read() as cursor:
            cursor.execute(SQL[name], parameters, binary=True)
            return binary.fetch_columns(cursor, *kinds)


def _windows(series: NDArray[np.int32], start: NDArray[np.int64], end: NDArray[np.int64]) -> dict[str, Any]:
    return {"series": array(series, INT4), "start": array(start, INSTANT), "end": array(end, INSTANT)}


def hour_by_hour(
    series: NDArray[np.int32], start: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return windows cut at the full hours, as the index of readings is; empty ones are left out."""
    first = start // HOUR_US
    hours = np.where(start < end, -(-end // HOUR_US) - first, 0)
    row = np.repeat(np.arange(len(series)), hours)
    hour = (first[row] + np.arange(len(row)) - np.repeat(np.cumsum(hours) - hours, hours)) * HOUR_US
    return series[row], np.maximum(start[row], hour), np.minimum(end[row], hour + HOUR_US)


def _first_of_each(*keys: NDArray[Any]) -> NDArray[np.bool_]:
    """Return a mask of sorted rows without the repeats that overlapping windows bring."""
    new = np.zeros(len(keys[0]), np.bool_)
    new[:1] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def _verdicts(rows: Sequence[tuple[Any, ...]]) -> Verdicts:
    if not rows:
        return Verdicts.empty()
    columns = dict(zip(Verdicts.DTYPES, zip(*rows, strict=True), strict=True))
    return Verdicts.of(**columns | {"start": [to_us(start) for start in columns["start"]]})


def _us(instant: Any) -> int:
    return to_us(instant) if instant is not None else 0

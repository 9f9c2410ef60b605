"""The worker's slice of the in-memory twin."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Means, Readings, Reports
from schemas.partitions import partition_of
from store.device_states import DeviceState
from store.memory_commit import MemoryWriter
from store.memory_registries import MemoryRegistries
from store.memory_tables import MeanRow, ReadingRow, VerdictRow
from store.port import Rejudge, Verdicts, WorkBatch


class MemoryWork(MemoryRegistries):
    """`WorkStore` over dicts; see the port for what each call promises."""

    def device_numbers(self, device_ids: Sequence[str]) -> list[int]:
        """Return the surrogate numbers, made where they are missing."""
        with self.tables.lock:
            numbers = self.tables.device
            return [numbers.setdefault(device_id, len(numbers) + 1) for device_id in device_ids]

    def series_numbers(self, pairs: Sequence[tuple[str, str]]) -> list[int]:
        """Return the series numbers of (site, parameter) pairs, made where they are missing."""
        with self.tables.lock:
            return [self._series_number(site, parameter) for site, parameter in pairs]

    def _series_number(self, site: str, parameter: str) -> int:
        number = self.tables.series.setdefault((site, parameter), len(self.tables.series) + 1)
        self.tables.series_names[number] = (site, parameter)
        return number

    def series_of_sites(self, sites: Sequence[str]) -> list[tuple[int, str, str]]:
        """Return (series, site, parameter) of all series of these sites, in order of their number."""
        wanted = set(sites)
        with self.tables.lock:
            return [(number, *name) for number, name in self.tables.series_names.items() if name[0] in wanted]

    def device_states(self, partition: int, partitions: int) -> list[tuple[str, DeviceState]]:
        """Return (device_id, state) of the devices whose key falls into the partition."""
        with self.tables.lock:
            known = [(name, self.tables.device_state.get(number)) for name, number in self.tables.device.items()]
        return [(name, s) for name, s in known if s is not None and partition_of(name, partitions) == partition]

    def rejudge_open(self, devices: Sequence[int]) -> list[Rejudge]:
        """Return what is still to be judged again for these devices, by site and start."""
        wanted = set(devices)
        with self.tables.lock:
            found = [r for r in self.tables.rejudge.values() if r.device in wanted]
        return sorted(found, key=lambda r: (r.site, r.start))

    def known_reports(self, reports: Reports) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return for each row whether it is stored already, and whether any of its (device, observed_at, kind) is."""
        columns = (reports.device, reports.observed_at, reports.kind, reports.sha256)
        rows = list(zip(*(c.tolist() for c in columns), strict=True))
        with self.tables.lock:
            known = [row in self.tables.report_keys for row in rows]
            met = [row[:3] in self.tables.report_places for row in rows]
        return np.array(known, np.bool_), np.array(met, np.bool_)

    def readings_at(self, keys: Readings) -> tuple[NDArray[np.bool_], Readings]:
        """Return, aligned with `keys`, whether each is stored, and the reading in force (zeros where not)."""
        columns = zip(keys.series.tolist(), keys.kind.tolist(), keys.observed_at.tolist(), strict=True)
        with self.tables.lock:
            rows = [self._reading(series, kind, at) for series, kind, at in columns]
        found = np.array([row is not None for row in rows], np.bool_)
        absent = ReadingRow(0.0, 0, 0, 0, 0)
        named = [
            (series, kind, at, row or absent)
            for series, kind, at, row in zip(keys.series, keys.kind, keys.observed_at, rows, strict=True)
        ]
        return found, _readings(named)

    def _reading(self, series: int, kind: int, at: int) -> ReadingRow | None:
        timeline = self.tables.reading.get((series, kind))
        return timeline.rows.get(at) if timeline else None

    def window_readings(self, series: NDArray[np.int32], start: NDArray[np.int64], end: NDArray[np.int64]) -> Readings:
        """Return the readings in force of each (series, [start, end)), once each, sorted by series, kind, observed_at."""
        found = {}
        with self.tables.lock:
            for number, first, last in zip(series.tolist(), start.tolist(), end.tolist(), strict=True):
                for kind in range(6):
                    timeline = self.tables.reading.get((number, kind))
                    if timeline is not None:
                        found.update({(number, kind, at): timeline.rows[at] for at in timeline.between(first, last)})
        rows = sorted(found.items(), key=lambda item: item[0])
        return _readings([(*key, row._replace(sent_at=0, sha8=0)) for key, row in rows])

    def means_between(
        self, series: NDArray[np.int32], period: int, start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> Means:
        """Return the current means of each (series, [start, end)), once each, sorted by series, start."""
        found = {}
        with self.tables.lock:
            for number, first, last in zip(series.tolist(), start.tolist(), end.tolist(), strict=True):
                timeline = self.tables.mean.get((number, period))
                if timeline is not None:
                    found.update({(number, period, at): timeline.rows[at] for at in timeline.between(first, last)})
        return _means(sorted(found.items(), key=lambda item: item[0]))

    def verdicts_at(self, series: NDArray[np.int32], period: NDArray[np.uint8], start: NDArray[np.int64]) -> Verdicts:
        """Return the current verdicts of these keys (missing ones are absent), sorted by series, period, start."""
        keys = sorted(set(zip(series.tolist(), period.tolist(), start.tolist(), strict=True)))
        with self.tables.lock:
            timelines = [(key, self.tables.verdict.get(key[:2])) for key in keys]
            return _verdicts([(key, t.rows[key[2]]) for key, t in timelines if t is not None and key[2] in t.rows])

    def verdicts_between(
        self, series: NDArray[np.int32], period: int, start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> Verdicts:
        """Return the current verdicts of each (series, [start, end)), once each, sorted by series, start."""
        found = {}
        with self.tables.lock:
            for number, first, last in zip(series.tolist(), start.tolist(), end.tolist(), strict=True):
                timeline = self.tables.verdict.get((number, period))
                if timeline is not None:
                    found.update({(number, period, at): timeline.rows[at] for at in timeline.between(first, last)})
        return _verdicts(sorted(found.items(), key=lambda item: item[0]))

    def latest_verdicts(self, series: Sequence[int]) -> Verdicts:
        """Return the last met-or-exceeded verdict of each (series, period), sorted by series, period."""
        with self.tables.lock:
            keys = [(number, period) for number in sorted(set(series)) for period in range(4)]
            found = [(key, self._last_judged(key)) for key in keys]
        return _verdicts([((*key, last[0]), last[1]) for key, last in found if last is not None])

    def _last_judged(self, key: tuple[int, int]) -> tuple[int, VerdictRow] | None:
        timeline = self.tables.verdict.get(key)
        if timeline is None:
            return None
        return next(((at, row) for at, row in timeline.latest_first() if row.outcome != "not_judged"), None)

    def ever_exceeded(self, series: Sequence[int]) -> set[tuple[int, int]]:
        """Return the (series, period) that have any exceeded verdict in force."""
        with self.tables.lock:
            timelines = {(n, p): self.tables.verdict.get((n, p)) for n in series for p in range(4)}
            return {
                key
                for key, timeline in timelines.items()
                if timeline is not None and any(row.outcome == "exceeded" for row in timeline.rows.values())
            }

    def findings_told(self, finding_ids: Sequence[str]) -> dict[str, bytes]:
        """Return those of these findings that were ever told: id → `Finding` as JSON, as it was told last."""
        with self.tables.lock:
            return {f: self.tables.finding[f].payload for f in finding_ids if f in self.tables.finding}

    def commit_work(self, batch: WorkBatch) -> None:
        """Write everything or nothing; raises LeaseLost."""
        with self.transaction(batch.advances) as tables:
            writer = MemoryWriter(tables, batch)
            writer.check()
            writer.write()

    def commit_later(self, batch: WorkBatch) -> None:
        """Commit at once; raises LeaseLost."""
        self.commit_work(batch)

    def land(self) -> None:
        """Wait for nothing."""


def _readings(rows: Sequence[tuple[int, int, int, ReadingRow]]) -> Readings:
    if not rows:
        return Readings.empty()
    series, kind, at, values = zip(*rows, strict=True)
    value, flag, sent_at, sha8, _ = zip(*values, strict=True)
    return Readings.of(series=series, kind=kind, observed_at=at, value=value, flag=flag, sent_at=sent_at, sha8=sha8)


def _means(rows: Sequence[tuple[tuple[int, int, int], MeanRow]]) -> Means:
    if not rows:
        return Means.empty()
    series, period, start = zip(*(key for key, _ in rows), strict=True)
    content = zip(*(row[1:] for _, row in rows), strict=True)
    return Means.of(
        series=series, period=period, start=start, **dict(zip(MeanRow._fields[1:-1], content, strict=False))
    )


def _verdicts(rows: Sequence[tuple[tuple[int, int, int], VerdictRow]]) -> Verdicts:
    if not rows:
        return Verdicts.empty()
    columns = zip(*((*key, *row) for key, row in rows), strict=True)
    names = ("series", "period", "start", "version", *(name for name in Verdicts.DTYPES if name not in _KEY))
    return Verdicts.of(**dict(zip(names, columns, strict=True)))


_KEY = ("series", "period", "start")

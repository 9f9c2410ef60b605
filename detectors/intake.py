"""Taking bundles in: what is new, what is in force, and what is to be told at once; nothing is judged before a tick."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors import findings
from detectors.books import keep_books
from detectors.conflicts import Settled, settle
from detectors.devices import DeviceTable
from detectors.directory import Directory
from detectors.draft import Draft, places_of
from detectors.means import period_ends, window_start
from detectors.segment import Segment, columns_of, first_of_each, repeats_a_key
from detectors.site_reporters import bundle_pairs
from schemas.bundle import Bundle
from schemas.codes import FLAG_ABOVE_RANGE, FindingKind, FindingStatus, Rejection
from schemas.columns import Readings
from schemas.times import HOUR_US, hour_start
from store.port import WorkStore


@dataclass(frozen=True)
class Taken:
    """What a segment left for the partition to remember."""

    readings: Readings
    """Those in force now."""
    device: NDArray[np.int32]
    """Device of each."""
    again: NDArray[np.bool_]
    """Which took the place of another one."""


class Intake:
    """Stages segments of one partition into a draft."""

    def __init__(self, directory: Directory, store: WorkStore, devices: DeviceTable) -> None:
        self._directory = directory
        self._store = store
        self._devices = devices

    def columns(self, bundles: Sequence[Bundle], first_raw: int) -> Segment:
        """Return the segment of bundles, with room for its devices."""
        segment = columns_of(bundles, self._directory, first_raw)
        self._devices.reserve(int(segment.reports.device.max(initial=-1)))
        return segment

    def must_follow(self, bundles: Sequence[Bundle], draft: Draft) -> bool:
        """Whether anything in bundles may meet what is drafted, or is being committed: then that must be stored before the store is asked."""
        late = [self._late_places(bundle) for bundle in bundles]
        return any(part is None or draft.may_hold(part) for part in late)

    def _late_places(self, bundle: Bundle) -> list[int] | None:
        """Return the places of reports that are not certainly new; None where other devices may have sent the same."""
        device = self._directory.devices(bundle.devices)[bundle.report_device]
        self._devices.reserve(int(device.max(initial=-1)))
        reporters, at, kind = self._directory.reporters, bundle.report_observed_at, bundle.report_kind
        reporters.note(bundle_pairs(bundle.sites, bundle.report_site, device))
        if (at < reporters.others_until_at(bundle.sites)[bundle.report_site]).any():
            return None
        late = np.flatnonzero(at <= self._devices.high[device, kind])
        return places_of(device[late], at[late], kind[late])

    def take(self, segment: Segment, bundles: Sequence[Bundle], draft: Draft, now: int) -> Taken:
        """Stage a segment: reports, readings, conflicts, rejections, books; return the readings that are in force."""
        new, met = self._new_reports(segment)
        keep_books(segment, new, bundles, draft)
        again = (segment.letter != 0) & ~new
        settled = self._stage_readings(segment, new, met, again, draft)
        self._hear(segment, new, now, draft)
        self._tell_of_values(segment, settled, draft, now)
        self._tell_of_rejections(bundles, draft, now)
        rows = np.sort(np.concatenate((settled.fresh, settled.winners)))
        again = _among(settled.winners, rows, len(segment.readings))
        return Taken(segment.readings.among(rows), segment.reading_device[rows], again)

    def _new_reports(self, segment: Segment) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which reports are new, and which share device, instant and kind with a stored one: only their readings can be stored too."""
        reports = segment.reports
        new = first_of_each(reports)
        met = np.zeros(len(reports), np.bool_)
        late = np.flatnonzero(reports.observed_at <= self._devices.high[reports.device, reports.kind])
        if len(late):
            known, met[late] = self._store.known_reports(reports.take(late))
            new[late] &= ~known
        return new, met

    def _stage_readings(
        self, segment: Segment, new: NDArray[np.bool_], met: NDArray[np.bool_], again: NDArray[np.bool_], draft: Draft
    ) -> Settled:
        """Reports get their row in the draft; a replayed report that is stored already brings only readings refused before."""
        kept = np.flatnonzero(new | again)
        row = np.zeros(len(segment.reports), dtype=np.int32)
        row[new] = np.arange(draft.report_count, draft.report_count + int(new.sum()), dtype=np.int32)
        recalled = sum(len(r) for r in draft.recalled)
        row[again] = -1 - np.arange(recalled, recalled + int(again.sum()), dtype=np.int32)
        mine = np.flatnonzero(_among(kept, segment.reading_report, len(segment.reports)))
        readings, report = segment.readings.among(mine), row[segment.reading_report[mine]]
        others = readings.observed_at < self._directory.reporters.others_until(readings.series)
        doubtful = met[segment.reading_report[mine]] | repeats_a_key(readings) | others
        settled = settle(readings, doubtful, self._store)
        for part, into in (
            (settled.fresh, draft.readings),
            (settled.winners, draft.winners),
            (settled.losers, draft.losers),
        ):
            if len(part):
                into.append((readings.among(part), report[part]))
        draft.add_reports(segment.reports.among(np.flatnonzero(new)))
        draft.recalled.append(segment.reports.take(again))
        return Settled(mine[settled.fresh], mine[settled.winners], mine[settled.losers], mine[settled.conflicting])

    def _hear(self, segment: Segment, new: NDArray[np.bool_], now: int, draft: Draft) -> None:
        """Note what devices said. A report that comes again says nothing: a broker may deliver it hours after a crash."""
        table, reports = self._devices, segment.reports.take(new)
        device, kind, observed = reports.device, reports.kind, reports.observed_at
        self._end_silence(np.unique(device), now, draft)
        np.maximum.at(table.heard_at, device, reports.received_at)
        table.dirty[device] = True
        first = table.frontier[device] == 0
        if first.any():
            for number in np.unique(device[first]).tolist():
                table.silent_after[number] = self._directory.patience_us(self._directory.device_ids[number])
            start = np.full(len(table.frontier), np.iinfo(np.int64).max)
            np.minimum.at(start, device[first], hour_start(observed[first]))
            met = start != np.iinfo(np.int64).max
            table.frontier[met] = start[met]
        np.maximum.at(table.event_at, device, period_ends(observed, kind))
        np.maximum.at(table.high, (device, kind), observed)

    def _end_silence(self, devices: NDArray[np.int32], now: int, draft: Draft) -> None:
        for number in devices[self._devices.silent[devices]].tolist():
            device_id = self._directory.device_ids[number]
            since = int(self._devices.heard_at[number])
            draft.findings.append(
                findings.silent(device_id, self._directory.sites_of(device_id), since, FindingStatus.ENDED, now)
            )
            self._devices.silent[number] = False

    def _tell_of_values(self, segment: Segment, settled: Settled, draft: Draft, now: int) -> None:
        above = settled.fresh[segment.readings.flag[settled.fresh] == FLAG_ABOVE_RANGE]
        above = np.concatenate((above, settled.winners[segment.readings.flag[settled.winners] == FLAG_ABOVE_RANGE]))
        for kind, rows in ((FindingKind.CONFLICTING_VALUES, settled.conflicting), (FindingKind.ABOVE_RANGE, above)):
            hours = {
                (int(s), int(h))
                for s, h in zip(segment.readings.series[rows], window_start(segment.readings.take(rows)), strict=True)
            }
            for series, hour in sorted(hours):
                site, parameter = self._directory.series[series]
                draft.findings.append(findings.of_hour(kind, site, parameter, hour, now, {"readings": len(rows)}))

    def _tell_of_rejections(self, bundles: Sequence[Bundle], draft: Draft, now: int) -> None:
        for refused in (r for bundle in bundles for r in bundle.rejected if not r.letter_id):
            if refused.reason == Rejection.FUTURE_DATED:
                hour = refused.received_at // HOUR_US * HOUR_US
                site = refused.site_id or next(iter(self._directory.sites_of(refused.device_id)), "")
                draft.findings.append(findings.device_clock(refused.device_id, site, hour, now, refused.detail))


def _among(wanted: NDArray[np.int64], rows: NDArray[np.integer], size: int) -> NDArray[np.bool_]:
    """Return which of these numbers below `size` are wanted."""
    table = np.zeros(size, dtype=bool)
    table[wanted] = True
    found: NDArray[np.bool_] = table[rows]
    return found

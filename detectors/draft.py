"""What a worker is about to commit: parts collected over many bundles and ticks, joined into one `WorkBatch` at the end."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import cast

import numpy as np
from numpy.typing import NDArray

from detectors.findings import finding_event, finding_row
from schemas.bundle import Rejected
from schemas.columns import Means, Readings, Reports
from schemas.events import Finding
from store.counts import Counts
from store.device_states import DeviceStates
from store.port import Advance, Booked, BookEntry, IndexRow, OutboxEvent, Rejudge, Verdicts, WorkBatch

_Rows = list[tuple[Readings, NDArray[np.int32]]]


@dataclass
class Draft:
    """Parts of one transaction; empty until something is added."""

    raws: list[tuple[int, int, bytes]] = field(default_factory=list)
    reports: list[Reports] = field(default_factory=list)
    report_count: int = 0
    places: set[int] = field(default_factory=set)
    """Of the reports: see `places_of`."""
    places_before: set[int] = field(default_factory=set)
    """Of those of the draft before, whose commit may be under way."""
    readings: _Rows = field(default_factory=list)
    winners: _Rows = field(default_factory=list)
    losers: _Rows = field(default_factory=list)
    recalled: list[Reports] = field(default_factory=list)
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)
    replayed: list[tuple[int, BookEntry]] = field(default_factory=list)
    books: dict[tuple[str, date], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))
    counts: list[Counts] = field(default_factory=list)
    booked: dict[tuple[str, int, int], int] = field(default_factory=lambda: defaultdict(int))
    means: list[Means] = field(default_factory=list)
    verdicts: list[Verdicts] = field(default_factory=list)
    indices: list[IndexRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    outbox: list[OutboxEvent] = field(default_factory=list)
    devices: list[DeviceStates] = field(default_factory=list)
    rejudge: dict[tuple[str, int], Rejudge] = field(default_factory=dict)
    rejudged: list[tuple[str, int]] = field(default_factory=list)
    marks_followed: dict[int, int] = field(default_factory=dict)
    registry_followed: dict[int, int] = field(default_factory=dict)
    stretches: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)

    def add_reports(self, reports: Reports) -> None:
        """Append new reports."""
        self.reports.append(reports)
        self.places.update(places_of(reports.device, reports.observed_at, reports.kind))
        self.report_count += len(reports)

    def may_hold(self, places: Collection[int]) -> bool:
        """Whether a report at any of these places may be here or in the draft before: then the store may not know it yet."""
        return not (self.places.isdisjoint(places) and self.places_before.isdisjoint(places))

    def next(self) -> "Draft":
        """Return an empty draft for what comes while this one is committed."""
        return Draft(places_before=self.places or self.places_before)

    def batch(self, advances: list[Advance]) -> WorkBatch:
        """Return everything as one batch."""
        readings, reading_report = self._joined(self.readings)
        winners, winner_report = self._joined(self.winners)
        losers, loser_report = self._joined(self.losers)
        rows = {finding.finding_id: finding_row(finding) for finding in self.findings}
        return WorkBatch(
            advances=advances,
            raws=self.raws,
            reports=Reports.concat(self.reports),
            readings=readings,
            reading_report=reading_report,
            winners=winners,
            winner_report=winner_report,
            losers=losers,
            loser_report=loser_report,
            recalled=Reports.concat(self.recalled),
            rejected=self.rejected,
            replayed=self.replayed,
            counts=_summed(Counts.concat(self.counts)),
            books=[BookEntry(device, day, *counts) for (device, day), counts in self.books.items()],
            booked=[Booked(*key, messages) for key, messages in self.booked.items()],
            means=Means.concat(self.means),
            verdicts=Verdicts.concat(self.verdicts),
            indices=self.indices,
            findings=list(rows.values()),
            outbox=[*self.outbox, *(finding_event(finding_row(f)) for f in self.findings)],
            devices=self._states(),
            rejudge=list(self.rejudge.values()),
            rejudged=self.rejudged,
            marks_followed=self.marks_followed,
            registry_followed=self.registry_followed,
            stretches={key: list(spans) for key, spans in self.stretches.items()},
        )

    def _states(self) -> DeviceStates:
        """Return the states, the last one of each device."""
        found = DeviceStates.concat(self.devices)
        if len(self.devices) < 2:
            return found
        _, from_the_end = np.unique(found.device[::-1], return_index=True)
        return found.take(len(found) - 1 - from_the_end)

    def _joined(self, parts: _Rows) -> tuple[Readings, NDArray[np.int32]]:
        """Return the parts as one; rows of recalled reports (drafted as -1 - row) come to stand behind the new reports."""
        if not parts:
            return Readings.empty(), np.empty(0, np.int32)
        report = np.concatenate([row for _, row in parts])
        return Readings.concat([rows for rows, _ in parts]), np.where(
            report < 0, self.report_count - 1 - report, report
        ).astype(np.int32)


def places_of(device: NDArray[np.int32], observed_at: NDArray[np.int64], kind: NDArray[np.uint8]) -> list[int]:
    """Return a number that is the same where device, instant and kind of reports are; others share one in 10^19 cases."""
    thing = device.astype(np.uint64) * np.uint64(8) + kind
    place = observed_at.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + thing * np.uint64(0xC2B2AE3D27D4EB4F)
    return cast(list[int], place.tolist())


def _summed(counts: Counts) -> Counts:
    """Return one row for each device and day."""
    if not len(counts):
        return counts
    days, day = np.unique(counts.day, return_inverse=True)
    found, place = np.unique(counts.device.astype(np.int64) * len(days) + day, return_inverse=True)
    received, stored = (np.bincount(place, column).astype(np.int64) for column in (counts.received, counts.stored))
    return Counts((found // len(days)).astype(np.int32), days[found % len(days)], received, stored)

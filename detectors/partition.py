"""One partition's state, and what a tick makes of it: hours close, days close, verdicts fall, silence is noticed."""

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors import findings
from detectors.converted import new_mismatches
from detectors.counted import counted
from detectors.days import day_means
from detectors.devices import DeviceTable
from detectors.directory import Directory
from detectors.draft import Draft
from detectors.early_warning import EarlyWarnings
from detectors.furnace import Furnaces
from detectors.gas import with_amounts
from detectors.intake import Intake, Taken
from detectors.mark_book import MarkBook
from detectors.means import hour_means, window_end
from detectors.months import last_hour, months_ended
from detectors.open_days import OpenDays
from detectors.open_readings import Due, OpenReadings
from detectors.reporters import Reporters
from detectors.results import Results
from detectors.touched_hours import TouchedHours
from schemas.bundle import Bundle
from schemas.codes import FindingStatus, Kind
from schemas.columns import Means, Readings
from schemas.times import HOUR_US, MINUTE_US, day_start, hour_start
from store.port import Lease, Rejudge, WorkStore

LATENESS_US: Final = 2 * MINUTE_US
"""An hour closes when its device's event time is this far past its end."""
DEADLINE_US: Final = 10 * MINUTE_US
"""An hour closes when the tick is this far past its end."""


@dataclass
class Partition:
    """State of one partition; a pure function of its log since the last commit and of what the store held then."""

    lease: Lease
    directory: Directory
    store: WorkStore
    devices: DeviceTable = field(default_factory=DeviceTable)
    touched: TouchedHours = field(default_factory=TouchedHours)
    series_device: Reporters = field(default_factory=Reporters)
    registry_followed: int = 0
    """Version of the registry up to which what it touches is in `stretches`."""
    stretches: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)
    """[start, end) by (site, device): closed windows that a change of the registry touched, not judged again yet."""
    wake_at: int = 0
    """Before this instant a tick changes nothing, unless something came in."""
    marks_followed: InitVar[int] = 0

    def __post_init__(self, marks_followed: int) -> None:
        self.tick_at = self.lease.tick_at
        self.next_offset = self.lease.next_offset
        self.open = OpenReadings(self.series_device)
        """Readings of hours (and days, for kind day) that are not closed."""
        self.open_days = OpenDays(self.series_device)
        """Hour means of days that are not closed."""
        self.intake = Intake(self.directory, self.store, self.devices)
        self.results = Results(self.directory)
        self.marks = MarkBook(self.directory, self.store, marks_followed)
        self.furnaces = Furnaces(self.directory, self.store, self.tick_at, self.admitted)
        self.warnings = EarlyWarnings(self.directory, self.store, self.tick_at, self.admitted)
        self._fresh: list[Readings] = []
        """Readings of open hours that no tick has looked at."""
        self._heard = False
        self.drafted = False
        self._committed = (self.next_offset, self.tick_at)

    def has_work(self) -> bool:
        """Whether anything was drafted or worked off since the last commit."""
        return self.drafted or (self.next_offset, self.tick_at) != self._committed

    def settle(self) -> None:
        """Note that everything so far is committed."""
        self.drafted = False
        self._committed = (self.next_offset, self.tick_at)

    def lease_now(self) -> Lease:
        """Return the lease as far as it was worked off."""
        return replace(self.lease, next_offset=self.next_offset, tick_at=self.tick_at)

    def take(self, bundles: Sequence[Bundle], draft: Draft) -> None:
        """Stage bundles; `draft.raws` already holds their blobs."""
        self.drafted = True
        segment = self.intake.columns(bundles, len(draft.raws) - len(bundles))
        received = int(segment.reports.received_at.max(initial=0))
        refused = max((r.received_at for bundle in bundles for r in bundle.rejected), default=0)
        taken = self.intake.take(segment, bundles, draft, max(self.tick_at, received, refused))
        self._remember(taken, draft)
        self._heard = True

    def _remember(self, taken: Taken, draft: Draft) -> None:
        readings = taken.readings
        self.series_device.note(readings.series, taken.device)
        late = window_end(readings) <= self.devices.frontier[taken.device]
        if not late.any():
            self.reopen(readings, taken.again)
            return
        self.reopen(readings.take(~late), taken.again[~late])
        self._touch_hours(readings.series[late], readings.observed_at[late], draft)

    def reopen(self, readings: Readings, again: NDArray[np.bool_] | None = None) -> None:
        """Remember readings of open hours; the next tick looks at them. Where `again` is true they replace one with their key."""
        self.open.add(readings, again)
        self._fresh.append(readings)

    def _touch_hours(self, series: NDArray[np.int32], instant: NDArray[np.int64], draft: Draft) -> None:
        hour, site = instant // HOUR_US, self.directory.reporters.places(series)
        _, first, count = np.unique(site << 32 | hour, return_index=True, return_counts=True)
        device = self.series_device.devices(series[first])
        columns = (site[first], hour[first] * HOUR_US, device, count)
        for place, start, number, readings in zip(*(column.tolist() for column in columns), strict=True):
            self.touch(self.directory.reporters.names[place], start, number, draft, readings=readings)

    def touch(
        self, site: str, start: int, device: int, draft: Draft, *, readings: int = 0, at_once: bool = False
    ) -> None:
        """Note that a closed hour must be judged again, since late readings came or (`at_once`) for another reason."""
        new = self.touched.touch((site, start), device, readings, at_once=at_once)
        shared = self.directory.reporters.is_shared(site)  # another partition may have judged it meanwhile
        if new or shared:
            draft.rejudge[site, start] = Rejudge(site, device, start, self.tick_at)

    def is_idle(self, now: int) -> bool:
        """Whether a tick at `now` would change nothing but the time."""
        return not self._heard and not self.touched and now < self.wake_at

    def tick(self, now: int, draft: Draft) -> None:
        """Work off a tick: close what is due, tell who is silent."""
        self.drafted = True
        before = self.devices.frontier
        self._advance(now)
        self._end_months(before, draft)
        due = self.open.closing(self.devices.frontier)
        self._watch(self.open.series(due), now, draft)
        self._close(due, now, draft)
        for number in self.devices.newly_silent(now).tolist():
            device_id = self.directory.device_ids[number]
            since = int(self.devices.heard_at[number])
            draft.findings.append(
                findings.silent(device_id, self.directory.sites_of(device_id), since, FindingStatus.RAISED, now)
            )
        self._heard = False
        self.wake_at = self._next_wake(now)

    def _end_months(self, before: NDArray[np.int64], draft: Draft) -> None:
        """Let the months of surface water be judged whose end the hours of their device have passed: from the store."""
        water = self.directory.registry.water_sites
        crossed = day_start(before) != day_start(self.devices.frontier)
        for device in np.flatnonzero(crossed).tolist() if water else ():
            sites = water.intersection(self.directory.sites_of(self.directory.device_ids[device]))
            for end in months_ended(int(before[device]), int(self.devices.frontier[device])) if sites else ():
                for site in sorted(sites):
                    self.touch(site, last_hour(end), device, draft, at_once=True)

    def _watch(self, closing: NDArray[np.int32], now: int, draft: Draft) -> None:
        """Look at hours before they close: furnaces that are too cold, means that can hardly stay below their limit."""
        fresh, self._fresh = Readings.concat(self._fresh), []
        furnaces = self.furnaces.watched(np.concatenate((fresh.series, closing)), now)
        if len(furnaces):
            rows = self.open.of(furnaces)
            frontier = self.devices.frontier[self.series_device.devices(rows.series)]
            draft.findings.extend(self.furnaces.look(rows, frontier, now))
        draft.findings.extend(self.warnings.look(self.open.of, fresh, now))
        draft.findings.extend(self.warnings.close(self._frontier_of, now))

    def admitted(self, readings: Readings) -> Readings:
        """Return readings as far as they may be judged: marks take some out."""
        return self.marks.on(readings).without_marked(readings, self.directory.series, self.directory.validity())

    def _frontier_of(self, series: int) -> int:
        return int(self.devices.frontier[self.series_device[series]])

    def _advance(self, now: int) -> None:
        """Move the devices' frontiers: late enough by event time or by the tick, or all that is open before it is complete."""
        table = self.devices
        met = table.frontier > 0
        past = np.maximum(hour_start(table.event_at - LATENESS_US), (now - DEADLINE_US) // HOUR_US * HOUR_US)
        frontier = np.where(met, np.maximum(table.frontier, past), 0)
        reached = np.where(met, hour_start(table.event_at), 0)
        if (reached > frontier).any():
            frontier = np.where(self.open.whole(frontier, reached), reached, frontier)
        table.dirty |= frontier != table.frontier
        table.frontier = frontier

    def _close(self, closing: Due, now: int, draft: Draft) -> None:
        told = [self._close_hours(block, now, draft) for block in self.open.blocks(closing) if closing.parts]
        days = self._close_days(Readings.concat(told), draft)
        if len(days):
            self.results.tell(days, self.results.judge(days), None, now, draft)

    def _close_hours(self, closing: Due, now: int, draft: Draft) -> Readings:
        """Judge the hours that close; return the devices' own values of days that do."""
        due = self._without_shared(self.open.take(closing), draft)
        marking = self.marks.on(due)
        due = counted(self.directory, due, marking)
        hours = with_amounts(self.directory, hour_means(due, self.directory.validity()))
        self.adopt(hours.series)
        self.open_days.put(hours)
        draft.findings.extend(new_mismatches(self.directory, due, hours, now))
        self.results.tell(hours, self.results.judge(hours, due, marking), None, now, draft, marking)
        return due.take(due.kind == Kind.DAY)

    def adopt(self, series: NDArray[np.int32]) -> None:
        """Note which device the series come from that no device sends but are made of others of their site."""
        for number in np.unique(series[~self.series_device.met(series)]).tolist():
            beside = self.directory.site_series[self.directory.series[number][0]].values()
            self.series_device[number] = next(self.series_device[n] for n in beside if n in self.series_device)

    def _without_shared(self, due: Readings, draft: Draft) -> Readings:
        """Windows that two devices may fill are judged from the store, which has the readings of both."""
        shared = self._is_shared(due.series, due.observed_at)
        if shared.any():
            self._touch_hours(due.series[shared], due.observed_at[shared], draft)
        return due.take(~shared)

    def _is_shared(self, series: NDArray[np.int32], at: NDArray[np.int64]) -> NDArray[np.bool_]:
        until = np.zeros(int(series.max(initial=-1)) + 1, np.int64)
        until[series] = 1
        met = np.flatnonzero(until).astype(np.int32)
        until[met] = self.directory.others_until(met, self.series_device.devices(met))
        shared: NDArray[np.bool_] = at < until[series]
        return shared

    def _close_days(self, told: Readings, draft: Draft) -> Means:
        hours = self.open_days.close(self.devices.frontier)
        if not len(hours) and not len(told):
            return Means.empty()
        shared = self._is_shared(hours.series, hours.start)
        self._touch_hours(hours.series[shared], hours.start[shared], draft)
        return day_means(hours.take(~shared), told, self.directory.validity())

    def _next_wake(self, now: int) -> int:
        """Return the next instant at which a tick can do something by itself."""
        hourly = (now - DEADLINE_US) // HOUR_US * HOUR_US + HOUR_US + DEADLINE_US
        return min(hourly, self.devices.next_silence(now))

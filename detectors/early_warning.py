"""Early warning (超标预警): while the hour is open, its mean can hardly stay below the limit any more.

Accumulates nothing: the open hour's readings are enough, projected by `projection.outlook`. A series is looked at when a new value is itself
above its level, so a fleet in order costs one comparison a reading, and a series that is coming down is left alone. One warning for each
site, parameter and hour; it ends with the hour. Bindings that ask for it (`warn_at_pct`) are warned at a share of the limit.
Blind to limits of days, to pH, and to sites that two loggers share. Share told in time and false warnings: docs/detection.md.
"""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.directory import OXYGEN, WATER_FLOW, Directory
from detectors.findings import of_hour
from detectors.furnace import Admitted
from detectors.projection import QUANTILE, RECENT_MIN, Outlook, outlook
from detectors.told import STANDING, told_before
from detectors.watched_limits import HourLimits, WatchedLimits
from schemas.codes import FLAG_NORMAL, FindingKind, FindingStatus, Kind
from schemas.columns import Readings
from schemas.events import Finding
from schemas.identity import content_id
from schemas.times import HOUR_US, MINUTE_US, day_start, hour_start
from standards.judgement import NOISE
from standards.parameters import CONVERTED, base_code
from store.port import WorkStore

NEAR: Final = "near"
"""The mean comes near the limit; told where a binding asks for it."""
OVER: Final = "over"
"""The mean can hardly stay below the limit."""
_Key = tuple[int, int]
RowsOf = Callable[[NDArray[np.int32], int], Readings]
"""Returns the readings of some series in an hour, as far as they have come."""


class EarlyWarnings:
    """Warns of the open hours of one partition; remembers only what it told of hours that are open."""

    def __init__(
        self, directory: Directory, store: WorkStore, since: int, admitted: Admitted, recent_min: int = RECENT_MIN
    ) -> None:
        """`since` is the tick at which the partition was taken over: hours that began before it may have been told of."""
        self._recent_min = recent_min
        self._directory = directory
        self._store = store
        self._admitted = admitted
        self._since = since
        self._limits = WatchedLimits(directory)
        self._told: dict[_Key, Finding] = {}
        self._asked: set[_Key] = set()
        """Hours from before the takeover of which the store was asked."""

    @property
    def remembered(self) -> int:
        """Return of how many open hours something is remembered."""
        return len(self._told) + len(self._asked)

    def look(self, rows_of: RowsOf, fresh: Readings, now: int) -> list[Finding]:
        """Return what is new at the tick `now`; `fresh` are the readings of open hours that came since the last tick."""
        high = self._high(fresh)
        if not len(high):
            return []
        self._recall(high)
        hour = now // HOUR_US * HOUR_US
        wanted = np.unique(high.series[hour_start(high.observed_at) == hour])
        if not len(wanted):
            return []
        limits = self._limits.at(hour)
        mine = self._admitted(rows_of(self._with_beside(wanted), hour))
        limits.meet(mine.series)
        found = outlook(mine, wanted, hour, limits, self._directory.validity(), self._recent_min)
        return list(self._news(found, limits, hour, now))

    def close(self, frontier_of: Callable[[int], int], now: int) -> list[Finding]:
        """Return the ends of the warnings whose hours are closed: `frontier_of` a series says up to when they are."""
        over = [key for key in self._told if key[1] + HOUR_US <= frontier_of(key[0])]
        ends = [self._told.pop(key) for key in over]
        if self._asked and now > self._since + 2 * HOUR_US:
            self._asked.clear()
        ended = {"status": FindingStatus.ENDED, "detected_at": now}
        return [finding.model_copy(update=ended) for finding in ends if finding.status in STANDING]

    def _high(self, fresh: Readings) -> Readings:
        """Return the new valid values above their level."""
        if not len(fresh):
            return fresh
        days = np.unique(day_start(np.array([fresh.observed_at.min(), fresh.observed_at.max()])))
        if len(days) == 1:
            return fresh.take(self._is_high(fresh))
        day = day_start(fresh.observed_at)
        parts = [fresh.take(day == one) for one in np.unique(day)]
        return Readings.concat([part.take(self._is_high(part)) for part in parts])

    def _is_high(self, rows: Readings) -> NDArray[np.bool_]:
        limits = self._limits.at(int(rows.observed_at[0]))
        limits.meet(rows.series)
        above = limits.converted(rows) > limits.level[rows.series] * (1 + NOISE)
        if above.any():
            above &= (rows.kind <= Kind.TEN_MINUTE) & (rows.flag == FLAG_NORMAL)
            above[above] = rows.observed_at[above] >= self._directory.reporters.others_until(rows.series[above])
        return above

    def _with_beside(self, wanted: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the series with the oxygen and the flow of their sites."""
        found = set(wanted.tolist())
        for number in wanted.tolist():
            beside = self._directory.site_series[self._directory.series[number][0]]
            found |= {beside[name] for name in (OXYGEN, WATER_FLOW) if name in beside}
        return np.array(sorted(found), dtype=np.int32)

    def _recall(self, high: Readings) -> None:
        """Ask the store once what was told, before the takeover, of hours that are still open."""
        pairs = set(zip(high.series.tolist(), hour_start(high.observed_at).tolist(), strict=True))
        unsure = {key for key in pairs - self._asked if key[1] <= self._since}
        if not unsure:
            return
        self._asked |= unsure
        ids = {self._finding_id(key): key for key in unsure if key not in self._told}
        self._told |= {ids[name]: finding for name, finding in told_before(self._store, list(ids)).items()}

    def _finding_id(self, key: _Key) -> str:
        site, parameter = self._directory.series[key[0]]
        return str(content_id("finding", FindingKind.EARLY_WARNING, site, base_code(parameter), key[1]))

    def _news(self, found: Outlook, limits: HourLimits, hour: int, now: int) -> Iterator[Finding]:
        level, maximum = limits.level[found.series], limits.maximum[found.series]
        due = found.judgeable & (found.projected > level * (1 + NOISE))
        for row in np.flatnonzero(due).tolist():
            key = (int(found.series[row]), hour)
            told = self._told.get(key)
            word = OVER if found.projected[row] > maximum[row] * (1 + NOISE) else NEAR
            if told is None or (word == OVER and told.detail.get("level") == NEAR):
                status = FindingStatus.RAISED if told is None else FindingStatus.CHANGED
                finding = self._finding(found, row, limits, word, hour, now)
                self._told[key] = finding.model_copy(update={"status": status})
                yield self._told[key]

    def _finding(self, found: Outlook, row: int, limits: HourLimits, word: str, hour: int, now: int) -> Finding:
        series = int(found.series[row])
        site, parameter = self._directory.series[series]
        limit = limits.limits[series]
        detail: dict[str, object] = {
            "level": word,
            "projected": float(found.projected[row]),
            "so_far": float(found.so_far[row]),
            "expected_rest": float(found.rest[row]),
            "quantile": QUANTILE,
            "samples": int(found.samples[row]),
            "minutes_left": (hour + HOUR_US - now) // MINUTE_US,
            "limit_max": limit.maximum,
            "rule": limit.rule_id,
            "binding": limit.binding_id,
            "basis": "converted" if limit.needs_conversion or parameter.endswith(CONVERTED) else "measured",
        }
        return of_hour(FindingKind.EARLY_WARNING, site, base_code(parameter), hour, now, detail)

"""A year of a fleet as the tables hold it, made as columns in the order in which it would have come, hour by hour.

So many readings as a benchmark fills in are few minutes of a large fleet. So devices take turns: one reports each minute of a whole
hour, then it is the turn of others. Every month has every device, and what is asked of one device lies scattered among all others'.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ecovigil.bench.fleet import AIR
from schemas.codes import FLAG_NORMAL, AlertState, FindingKind, Grade, Kind, Outcome, Period
from schemas.columns import PERIOD_HOUR, Means, Readings, Reports
from schemas.identity import content_id
from schemas.times import CST, DAY_US, HOUR_US, MINUTE_US, day_of, to_us
from store.alert_port import Alert
from store.counts import Counts
from store.port import Verdicts

BEGIN_US: Final = to_us(datetime(2025, 4, 1, 8, tzinfo=CST))
"""The first hour: the first of a month as the partitions have it (UTC)."""
DAYS: Final = 364
"""So that the last month is nearly full, and what comes next belongs to it."""
PARAMETERS: Final = tuple(sorted(AIR))
MINUTES: Final = 60
DAY_H: Final = 24
OPEN_ALERTS: Final = 100
CLOSED_SHARE: Final = 1 / 300
"""Alerts an hour mean: one mean of a hundred is above its limit, and three in a row are one alert."""
LIMIT: Final = 100.0
EXCEEDED_SHARE: Final = 0.01


@dataclass(frozen=True)
class Archive:
    """What is in the tables; the same archive gives the same rows."""

    devices: int = 2000
    every_h: int = 52
    """A device reports in every so manieth hour."""
    days: int = DAYS
    lone: bool = False
    """All that `asked` needs is there, and nothing else: what the whole archive is compared with."""

    @classmethod
    def of(cls, readings: int) -> Self:
        """Return a year that holds so many readings, or a little more."""
        whole = cls()
        return cls(every_h=max(1, whole.devices * whole.hours * MINUTES * len(PARAMETERS) // readings))

    @property
    def hours(self) -> int:
        """Hours from the first to the last."""
        return self.days * DAY_H

    @property
    def end_us(self) -> int:
        """End of the last hour: now."""
        return self.hour_us(self.hours)

    @property
    def asked(self) -> int:
        """The device that is asked for: it also reports all through the last day, and has a mean for every hour."""
        return self.devices // 3

    @property
    def book_day(self) -> date:
        """The day whose books are asked for; every device has some."""
        return day_of(self.hour_us(self.hours // 2))

    def hour_us(self, hour: int) -> int:
        """Return the start of an hour, µs."""
        return BEGIN_US + hour * HOUR_US

    def months(self) -> list[range]:
        """Return the hours of each month of the partitions."""
        days = np.arange(self.days) + BEGIN_US // DAY_US
        month = days.astype("datetime64[D]").astype("datetime64[M]")
        firsts = [0, *(np.flatnonzero(month[1:] != month[:-1]) + 1).tolist(), self.days]
        return [range(first * DAY_H, last * DAY_H) for first, last in pairwise(firsts)]

    def reporting(self, hour: int) -> NDArray[np.int64]:
        """Return the devices that report in an hour, ascending."""
        turn = np.arange(hour % self.every_h, self.devices, self.every_h)
        if hour >= self.hours - DAY_H:
            turn = np.union1d(turn, [self.asked])
        return turn[turn == self.asked] if self.lone else turn

    @cached_property
    def first_report(self) -> NDArray[np.int64]:
        """Number of the first report of each hour; behind the last hour: the first that is free."""
        counts = [len(self.reporting(hour)) * MINUTES for hour in range(self.hours)]
        return np.concatenate([[1], 1 + np.cumsum(counts, dtype=np.int64)])

    @property
    def readings(self) -> int:
        """All readings."""
        return int(self.first_report[-1] - 1) * len(PARAMETERS)

    def reports_of(self, hours: range) -> tuple[Reports, NDArray[np.int64]]:
        """Return the reports of some hours with their numbers."""
        parts = [(self.reporting(hour), self.hour_us(hour)) for hour in hours]
        device = np.concatenate([np.tile(devices, MINUTES) for devices, _ in parts])
        minutes = np.arange(MINUTES) * MINUTE_US
        at = np.concatenate([np.repeat(start + minutes, len(devices)) for devices, start in parts])
        count = len(device)
        digests = np.random.default_rng(hours.start).bytes(32 * count)
        reports = Reports.of(
            device=device + 1, observed_at=at, kind=np.full(count, Kind.MINUTE), sha256=np.frombuffer(digests, "V32"),
            sent_at=at + MINUTE_US, received_at=at + MINUTE_US, bundle=np.zeros(count), position=np.arange(count),
        )  # fmt: skip
        return reports, self.first_report[hours.start] + np.arange(count)

    def readings_of(self, hours: range) -> tuple[Readings, NDArray[np.int64]]:
        """Return the readings of some hours with the numbers of their reports."""
        reports, numbers = self.reports_of(hours)
        series, at = _series(reports.device - 1), np.repeat(reports.observed_at, len(PARAMETERS))
        count = len(series)
        readings = Readings.of(
            series=series, kind=np.full(count, Kind.MINUTE), observed_at=at, value=np.sin(series + at / MINUTE_US),
            flag=np.full(count, FLAG_NORMAL), sent_at=at, sha8=np.zeros(count),
        )  # fmt: skip
        return readings, np.repeat(numbers, len(PARAMETERS))

    def means_of(self, hours: range) -> Means:
        """Return the hour means of some hours."""
        devices = [np.union1d(self.reporting(hour), [self.asked]) for hour in hours]
        series = _series(np.concatenate(devices))
        counts = [len(each) * len(PARAMETERS) for each in devices]
        start = np.repeat([self.hour_us(hour) for hour in hours], counts)
        count = len(series)
        value = np.random.default_rng(hours.start).uniform(0.0, LIMIT / (1 - EXCEEDED_SHARE), count)
        return Means.of(
            series=series, period=np.full(count, PERIOD_HOUR), start=start, value=value, samples=np.full(count, MINUTES),
            kind=np.full(count, Kind.MINUTE), valid=np.ones(count), reason=_word("", count), closed_at=start + 2 * HOUR_US,
        )  # fmt: skip

    def counts_of(self, day: int) -> Counts:
        """Return the books of a day, counted from the first."""
        at = self.hour_us(day * DAY_H)
        devices = self.devices if not self.lone or day_of(at) == self.book_day else 0
        return Counts.of(
            device=np.arange(devices) + 1, day=np.full(devices, at), received=np.full(devices, 1440),
            stored=np.full(devices, 1440),
        )  # fmt: skip

    def alerts(self) -> list[Alert]:
        """Return all alerts in the order in which they were raised: those that stand, spread over the last month, among those that are over."""
        over = 0 if self.lone else int(self.readings / MINUTES * CLOSED_SHARE)
        turns = [(number, False) for number in np.linspace(0, self.hours - 1, over).astype(int).tolist()]
        last = np.linspace(max(0, self.hours - 30 * DAY_H), self.hours - 1, OPEN_ALERTS).astype(int).tolist()
        turns += [(hour, True) for hour in last]
        return [self._alert(number, hour, stands) for number, (hour, stands) in enumerate(sorted(turns))]

    def _alert(self, number: int, hour: int, stands: bool) -> Alert:
        site, at = f"b{number % self.devices:06d}", self.hour_us(hour)
        parameter = PARAMETERS[number % len(PARAMETERS)]
        closed_at = None if stands else at + 3 * HOUR_US
        return Alert(
            alert_id=content_id("bench", number, stands), kind=FindingKind.EXCEEDANCE,
            state=AlertState.OPEN if stands else AlertState.RESOLVED, grade=Grade.YELLOW, raised_at=at,
            changed_at=closed_at or at, site_id=site, sites=(site,), parameter=parameter, period=Period.HOUR,
            first_start=at, last_start=at, closed_at=closed_at, detail={"value": 120.0, "limit_max": LIMIT, "times_over": 0.2},
            text_zh=f"{site} {parameter} 小时均值 120 超过限值 {LIMIT}，超标 0.2 倍",
            text_en=f"{site} {parameter} hour mean 120 above its limit {LIMIT}, 0.2 times over",
        )  # fmt: skip


def verdicts_on(means: Means) -> Verdicts:
    """Return what is said of these means: above `LIMIT` is exceeded."""
    count, over = len(means), means.value > LIMIT
    none = np.full(count, np.nan)
    return Verdicts.of(
        series=means.series, period=means.period, start=means.start, value=means.value, limit_min=none,
        limit_max=np.full(count, LIMIT), times_over=np.where(over, means.value / LIMIT - 1, np.nan),
        outcome=np.where(over, _word(Outcome.EXCEEDED.value, count), _word(Outcome.MET.value, count)),
        reason=_word("", count), rule=_word("GB13223-2011-009", count), binding=_word("GB13223-2011-new", count),
        basis=_word("measured", count),
    )  # fmt: skip


def _series(devices: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the numbers of the series of devices, ten each, from 1 as new tables number them."""
    first = devices.astype(np.int64)[:, None] * len(PARAMETERS) + 1
    return (first + np.arange(len(PARAMETERS))).ravel()


def _word(word: str, count: int) -> NDArray[np.object_]:
    return np.full(count, word, dtype=np.object_)


def pairs(device_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return (site, parameter) of all series of devices, in the order of their numbers."""
    return [(device_id, parameter) for device_id in device_ids for parameter in PARAMETERS]

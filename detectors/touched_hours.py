"""Closed hours that are to be judged again, and when each of them is looked at.

One late report is judged at the ticks that follow. A backfill in random order touches every hour of its days again and again: to read each of them at
every tick, and judge it whenever it was left alone for two, would cost more than all else. So an hour is looked at again when as many readings
came as it lacked, and while its device goes on sending late data an incomplete one waits until it was left alone for ten minutes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

from schemas.times import MINUTE_US, SECOND_US

QUIET_TICKS: Final = 2
"""A touched hour that stays incomplete is judged when this many ticks, a second apart or more, have left it alone."""
RUN_GAP_US: Final = QUIET_TICKS * SECOND_US
"""A device that sent nothing late for so long has paused."""
LONGEST_WAIT_US: Final = 10 * MINUTE_US
"""An incomplete hour that was left alone so long is judged, though its device goes on."""
SITE_HOURS_AT_ONCE = 500
"""A slice takes whole sites until it has so many hours."""
Window = tuple[str, int]
"""(site, start of the hour)."""


@dataclass
class Touched:
    """A closed hour of a site that late data, or a mark, touched."""

    device: int
    at_once: bool = False
    """A mark touched it: there is nothing to wait for."""
    came: int = 0
    """Late readings since it was last looked at."""
    lacks: int = 0
    """Readings that it lacked then; 0: nobody has looked at it."""
    ticks: int = 0
    """Ticks since it was last touched: the first, and those that count."""
    quiet_from: int = 0
    """The first of them, µs."""
    ripe: bool = False
    """It is judged though it is incomplete."""


class TouchedHours:
    """The touched hours of one partition."""

    def __init__(self) -> None:
        self._hours: dict[Window, Touched] = {}
        self._fresh: set[Window] = set()
        """Touched since the last tick."""
        self._counted_at = 0
        """The last tick that counted, µs: they are a second apart or more."""
        self._late: dict[int, int] = {}
        """The last tick, µs, before which a device had sent something late; only devices that have touched hours."""

    def __len__(self) -> int:
        """Return how many hours are touched."""
        return len(self._hours)

    def touch(self, window: Window, device: int, readings: int = 0, *, at_once: bool = False) -> bool:
        """Note that late readings, or a mark, touched an hour; return whether it was not touched yet."""
        self._fresh.add(window)
        hour = self._hours.get(window)
        if hour is None:
            self._hours[window] = Touched(device, at_once, readings)
            return True
        hour.device, hour.at_once = device, hour.at_once or at_once
        hour.came, hour.ticks = hour.came + readings, 0
        return False

    def asked(self, now: int, *, marked_only: bool = False) -> list[list[Window]]:
        """Return the hours to look at at the tick `now`, in slices of whole sites: a day is judged once, and memory stays bounded after a long outage.

        `marked_only`: between ticks, only what marks touched.
        """
        if marked_only:
            return _slices(window for window, hour in self._hours.items() if hour.at_once)
        fresh, self._fresh = self._fresh & self._hours.keys(), set()
        self._late |= {self._hours[window].device: now for window in fresh}
        looked_at: Iterable[Window] = fresh
        if now - self._counted_at >= SECOND_US:
            self._counted_at, looked_at = now, self._hours
        return _slices([window for window in looked_at if self._is_asked(self._hours[window], now)])

    def device_of(self, window: Window) -> int:
        """Return the device that touched an hour last."""
        return self._hours[window].device

    def is_ripe(self, window: Window) -> bool:
        """Whether an hour that was asked for is judged though it is incomplete."""
        hour = self._hours[window]
        return hour.ripe or hour.at_once

    def lacks(self, window: Window, readings: int) -> None:
        """Note that an hour lacks so many readings: it is looked at when they came, or when it is ripe."""
        hour = self._hours[window]
        hour.came, hour.lacks = 0, readings

    def judged(self, window: Window) -> None:
        """Forget an hour."""
        del self._hours[window]
        if not self._hours:
            self._late.clear()

    def _is_asked(self, hour: Touched, now: int) -> bool:
        if not hour.ticks:
            hour.quiet_from = now
        hour.ticks += 1
        hour.ripe = hour.ticks > QUIET_TICKS and self._has_waited(hour, now)
        return hour.at_once or hour.ripe or (hour.ticks == 1 and hour.came >= hour.lacks)

    def _has_waited(self, hour: Touched, now: int) -> bool:
        return now - self._late[hour.device] >= RUN_GAP_US or now - hour.quiet_from >= LONGEST_WAIT_US


def _slices(windows: Iterable[Window]) -> list[list[Window]]:
    slices: list[list[Window]] = []
    for _, group in groupby(sorted(windows), key=itemgetter(0)):
        if not slices or len(slices[-1]) >= SITE_HOURS_AT_ONCE:
            slices.append([])
        slices[-1].extend(group)
    return slices

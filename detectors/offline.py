"""Judges columns of readings without any server: the same means, conversions and verdicts as a worker makes of them.

All windows are taken as closed: what is there is all there is. Nothing is told to anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.counted import counted
from detectors.days import day_means
from detectors.directory import Directory
from detectors.gas import with_amounts
from detectors.marking import Marking
from detectors.means import hour_means
from detectors.months import month_means
from detectors.verdicts import Judge
from schemas.codes import KIND_LENGTH_S, Kind
from schemas.columns import Means, Readings
from schemas.errors import InvalidConfiguration
from schemas.periods import PERIODS
from schemas.registry import Registry
from schemas.times import HOUR_US, SECOND_US, day_start
from standards.parameters import is_known, to_canonical
from store.memory import MemoryStore
from store.port import Verdicts

_LENGTH_US: Final = np.array(KIND_LENGTH_S, np.int64) * SECOND_US
Key = tuple[str, str, str, int]
"""(site, parameter, period, start)."""


@dataclass(frozen=True)
class Recording:
    """Readings as they were recorded, n rows; for two rows of one (channel, kind, observed_at) the later row is in force."""

    channels: Sequence[tuple[str, str]]
    """(site, parameter)."""
    channel: NDArray[np.int32]
    """Position in `channels`."""
    kind: NDArray[np.uint8]
    observed_at: NDArray[np.int64]
    """Any instant of the period, µs; hours as the site's source labels them."""
    value: NDArray[np.float64]
    """Finite, in the unit registered for the channel."""
    flag: NDArray[np.uint8]
    """`ord` of the flag letter."""


@dataclass(frozen=True)
class Judged:
    """What came of a recording."""

    names: dict[int, tuple[str, str]]
    """(site, parameter) by series."""
    means: Means
    """Hours, days, months, each by series and start."""
    verdicts: Verdicts

    def mean_rows(self) -> dict[Key, int]:
        """Return the row in `means` of each (site, parameter, period, start)."""
        return self._rows(self.means)

    def verdict_rows(self) -> dict[Key, int]:
        """Return the row in `verdicts` of each (site, parameter, period, start) that a rule has something to say about."""
        return self._rows(self.verdicts)

    def _rows(self, of: Means | Verdicts) -> dict[Key, int]:
        keys = zip(of.series.tolist(), of.period.tolist(), of.start.tolist(), strict=True)
        return {
            (*self.names[series], PERIODS[period].value, start): row for row, (series, period, start) in enumerate(keys)
        }


def judge_readings(registry: Registry, recording: Recording) -> Judged:
    """Return the means and verdicts of a recording; raises InvalidConfiguration for channels that are not registered."""
    units = _to_canonical(registry, recording.channels)
    directory = _directory(registry)
    readings = counted(directory, _readings(registry, directory, recording, units), Marking())
    validity = directory.validity()
    hours = with_amounts(directory, hour_means(readings, validity))
    days = day_means(hours, readings.take(readings.kind == Kind.DAY), validity)
    months = month_means(directory, hours)
    judge = Judge(directory)
    verdicts = [judge.verdicts(hours, readings), judge.verdicts(days), judge.verdicts(months)]
    return Judged(dict(directory.series), Means.concat([hours, days, months]), Verdicts.concat(verdicts))


def _directory(registry: Registry) -> Directory:
    store = MemoryStore()
    store.import_registry(registry, "offline", 0)
    directory = Directory(store)
    directory.refresh()
    return directory


def _to_canonical(registry: Registry, channels: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """Return what the values of each channel are multiplied by."""
    problems = [
        f"没有点位 no site {site!r}" for site in dict.fromkeys(s for s, _ in channels) if site not in registry.sites
    ]
    problems += [
        f"未知因子 {parameter!r} is no HJ 212-2017 code that we know"
        for parameter in dict.fromkeys(p for _, p in channels)
        if not is_known(parameter)
    ]
    if problems:
        raise InvalidConfiguration(problems)
    return np.array([_factor(registry, *channel) for channel in channels], np.float64)


def _factor(registry: Registry, site: str, parameter: str) -> float:
    registered = registry.channels.get((site, parameter))
    if registered is None:
        return 1.0
    try:
        return to_canonical(registry.sites[site].kind, parameter, registered.unit)
    except ValueError as error:
        raise InvalidConfiguration(f"channel {site} {parameter}: {error}") from None


def _readings(registry: Registry, directory: Directory, recording: Recording, units: NDArray[np.float64]) -> Readings:
    rows, n = recording, len(recording.channel)
    if not n:
        return Readings.empty()
    by_end = np.array([registry.sites[site].hour_label == "end" for site, _ in rows.channels], dtype=bool)
    label = HOUR_US * (by_end[rows.channel] & (rows.kind == Kind.HOUR))
    return Readings(
        directory.channels(rows.channels)[rows.channel],
        rows.kind,
        _period_start(rows.observed_at, rows.kind) - label,
        rows.value * units[rows.channel],
        rows.flag,
        np.arange(n, dtype=np.int64),
        np.zeros(n, np.uint64),
    )


def _period_start(observed_at: NDArray[np.int64], kind: NDArray[np.uint8]) -> NDArray[np.int64]:
    length = np.where(kind == Kind.REALTIME, 1, _LENGTH_US[kind])
    found: NDArray[np.int64] = np.where(kind == Kind.DAY, day_start(observed_at), observed_at // length * length)
    return found

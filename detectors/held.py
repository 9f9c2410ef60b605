"""What a worker holds in memory, for people: counted when somebody looks, never while it works."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from detectors.partition import Partition
from schemas.columns import Readings
from schemas.times import HOUR_US


@dataclass(frozen=True)
class Held:
    """Sizes of what is in memory."""

    readings: int = 0
    """Readings whose hour (day, for daily ones) is not closed."""
    windows: int = 0
    """(series, hour) that have such a reading."""
    pending: int = 0
    """Closed hours of sites that are to be judged again."""
    ticks: dict[int, int] = field(default_factory=dict)
    """Last tick that was worked off by partition, µs; 0 = none yet."""


def held_by(partitions: Mapping[int, Partition]) -> Held:
    """Return what these partitions hold."""
    owned = partitions.values()
    readings = Readings.concat([rows for partition in owned for rows in partition.open])
    return Held(
        readings=len(readings),
        windows=_windows(readings),
        pending=sum(len(partition.pending) for partition in owned),
        ticks={number: partition.tick_at for number, partition in partitions.items()},
    )


def _windows(readings: Readings) -> int:
    if not len(readings):
        return 0
    # one bit a series and hour: a sort of all readings would cost ten times as much
    hour = readings.observed_at // HOUR_US
    hour -= hour.min()
    seen = np.zeros((int(hour.max()) + 1, int(readings.series.max()) + 1), dtype=np.bool_)
    seen[hour, readings.series] = True
    return int(seen.sum())

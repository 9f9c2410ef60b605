"""What a worker holds in memory, for people: counted when somebody looks, never while it works."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from detectors.partition import Partition


@dataclass(frozen=True)
class Held:
    """Sizes of what is in memory."""

    readings: int = 0
    """Readings whose hour (day, for daily ones) is not closed."""
    windows: int = 0
    """(series, kind, hour or day) that have such a reading."""
    pending: int = 0
    """Closed hours of sites that are to be judged again."""
    ticks: dict[int, int] = field(default_factory=dict)
    """Last tick that was worked off by partition, µs; 0 = none yet."""


def held_by(partitions: Mapping[int, Partition]) -> Held:
    """Return what these partitions hold."""
    owned = partitions.values()
    return Held(
        readings=sum(len(partition.open) for partition in owned),
        windows=sum(partition.open.windows for partition in owned),
        pending=sum(len(partition.touched) for partition in owned),
        ticks={number: partition.tick_at for number, partition in partitions.items()},
    )

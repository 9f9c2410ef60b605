"""How far devices have come, one by one and as columns: all that a worker remembers of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Columns


class DeviceState(NamedTuple):
    """How far a device has come; the worker's whole memory of it."""

    device: int
    """Surrogate number."""
    frontier: int
    """Hours that end at or before this instant are closed."""
    event_at: int
    """Latest end of a period (or instant) that it reported, µs; 0 = none."""
    heard_at: int
    """Latest `received_at`, µs; 0 = none."""
    high: tuple[int, int, int, int, int, int]
    """Greatest observed_at by kind; 0 = none. What lies above is certainly new."""
    silent: bool
    """A silence was told and has not ended."""


@dataclass(frozen=True)
class DeviceStates(Columns):
    """States of many devices, once each."""

    device: NDArray[np.int32]
    frontier: NDArray[np.int64]
    event_at: NDArray[np.int64]
    heard_at: NDArray[np.int64]
    high: NDArray[np.int64]
    """(n, 6)."""
    silent: NDArray[np.bool_]

    DTYPES: ClassVar[dict[str, Any]] = {
        "device": np.int32,
        "frontier": np.int64,
        "event_at": np.int64,
        "heard_at": np.int64,
        "high": np.dtype((np.int64, 6)),
        "silent": np.bool_,
    }

    @classmethod
    def of_rows(cls, rows: Sequence[DeviceState]) -> Self:
        """Return the columns of states."""
        columns = dict(zip(DeviceState._fields, zip(*rows, strict=True), strict=True))
        high = np.array(columns.pop("high"), np.int64).reshape(-1, 6)
        return cls(high=high, **{name: np.array(column, cls.DTYPES[name]) for name, column in columns.items()})

    def rows(self) -> list[DeviceState]:
        """Return the states one by one."""
        columns = (getattr(self, name).tolist() for name in DeviceState._fields)
        return [DeviceState(a, b, c, d, tuple(high), silent) for a, b, c, d, high, silent in zip(*columns, strict=True)]

"""The columns of the hot path: numpy arrays for a whole micro-batch, never an object per reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Columns:
    """Arrays of equal length that are cut, joined and indexed together."""

    DTYPES: ClassVar[dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.DTYPES))))

    def take(self, index: NDArray[Any] | slice) -> Self:
        """Return the rows at `index` (positions, mask or slice)."""
        return type(self)(**{name: getattr(self, name)[index] for name in self.DTYPES})

    def among(self, index: NDArray[Any]) -> Self:
        """Return the rows at `index`, different positions in ascending order; where these are all rows nothing is copied."""
        return self if len(index) == len(self) else self.take(index)

    @classmethod
    @cache
    def empty(cls) -> Self:
        """Return columns without rows."""
        return cls(**{name: np.empty(0, dtype=dtype) for name, dtype in cls.DTYPES.items()})

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of all `parts`, in their order."""
        if not parts:
            return cls.empty()
        if len(parts) == 1:
            return parts[0]
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.DTYPES})

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Return columns from plain sequences, each with the dtype of its column."""
        return cls(**{name: np.asarray(values[name], dtype=dtype) for name, dtype in cls.DTYPES.items()})


@dataclass(frozen=True)
class Readings(Columns):
    """Readings of stored series."""

    series: NDArray[np.int32]
    """Surrogate number of (site, parameter)."""
    kind: NDArray[np.uint8]
    observed_at: NDArray[np.int64]
    """Start of the period, µs UTC."""
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]
    """`ord` of the flag letter."""
    sent_at: NDArray[np.int64]
    """Device's sending time, µs; with `sha8` it decides which of two values is in force."""
    sha8: NDArray[np.uint64]
    """First eight bytes (big-endian) of the report's SHA-256."""

    DTYPES: ClassVar[dict[str, Any]] = {
        "series": np.int32,
        "kind": np.uint8,
        "observed_at": np.int64,
        "value": np.float64,
        "flag": np.uint8,
        "sent_at": np.int64,
        "sha8": np.uint64,
    }


@dataclass(frozen=True)
class Reports(Columns):
    """Reports as stored: one row each."""

    device: NDArray[np.int32]
    """Surrogate number of the device."""
    observed_at: NDArray[np.int64]
    kind: NDArray[np.uint8]
    sha256: NDArray[np.void]
    """32 bytes, dtype V32."""
    sent_at: NDArray[np.int64]
    received_at: NDArray[np.int64]
    bundle: NDArray[np.int32]
    """Index into the batch's raw blobs."""
    position: NDArray[np.int32]
    """Position of the report in its bundle's raw blob."""

    DTYPES: ClassVar[dict[str, Any]] = {
        "device": np.int32,
        "observed_at": np.int64,
        "kind": np.uint8,
        "sha256": np.dtype("V32"),
        "sent_at": np.int64,
        "received_at": np.int64,
        "bundle": np.int32,
        "position": np.int32,
    }


@dataclass(frozen=True)
class Means(Columns):
    """Closed hour and day values of series."""

    series: NDArray[np.int32]
    period: NDArray[np.uint8]
    """0 hour, 1 day, 2 month (`schemas.periods.PERIODS`)."""
    start: NDArray[np.int64]
    value: NDArray[np.float64]
    """NaN where there is none."""
    samples: NDArray[np.int32]
    """Valid samples that made the value (minutes, ten-minute values, hours …, by `kind`)."""
    kind: NDArray[np.uint8]
    """The kind of reading the mean was made from; for a day made of hour means: hour."""
    valid: NDArray[np.bool_]
    reason: NDArray[np.object_]
    """"" where valid, else a `NotJudged` value."""
    converted: NDArray[np.float64]
    """The value at baseline oxygen (gas), NaN where no rule asks for it or oxygen does not allow it."""
    mass_kg: NDArray[np.float64]
    """Mass discharged in the period, kg, from the unconverted concentration and the flow; NaN where flow is not measured."""
    closed_at: NDArray[np.int64]
    """Tick at which it was closed, µs; 0 = it is not yet, or that is not known."""

    DTYPES: ClassVar[dict[str, Any]] = {
        "series": np.int32,
        "period": np.uint8,
        "start": np.int64,
        "value": np.float64,
        "samples": np.int32,
        "kind": np.uint8,
        "valid": np.bool_,
        "reason": np.object_,
        "converted": np.float64,
        "mass_kg": np.float64,
        "closed_at": np.int64,
    }

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Return means from plain sequences; without `converted`, `mass_kg` or `closed_at` there are none."""
        none, unknown = np.full(len(values["series"]), np.nan), np.zeros(len(values["series"]), np.int64)
        return super().of(**({"converted": none, "mass_kg": none, "closed_at": unknown} | values))


PERIOD_HOUR = 0
PERIOD_DAY = 1
PERIOD_MONTH = 2
PERIOD_INSTANT = 3
"""A single reading; verdicts only."""

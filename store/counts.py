"""The plain part of the books as columns."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Columns


@dataclass(frozen=True)
class Counts(Columns):
    """Reports of devices with a number by China Standard Time day, none of them rejected; the key is (device, day)."""

    device: NDArray[np.int32]
    day: NDArray[np.int64]
    """Start of the day, µs."""
    received: NDArray[np.int64]
    stored: NDArray[np.int64]

    DTYPES: ClassVar[dict[str, Any]] = {
        "device": np.int32,
        "day": np.int64,
        "received": np.int64,
        "stored": np.int64,
    }

    @property
    def duplicate(self) -> NDArray[np.int64]:
        """Those that were stored before."""
        return self.received - self.stored

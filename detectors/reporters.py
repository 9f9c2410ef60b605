"""Which device each series of a partition comes from; every series has a slot, so that tables of a partition are as long as its series are many."""

from collections.abc import Iterator, MutableMapping

import numpy as np
from numpy.typing import NDArray


class Reporters(MutableMapping[int, int]):
    """Device number by series number, as arrays: 8 bytes a series, and 4 for each number up to the greatest."""

    def __init__(self) -> None:
        self._slot = np.empty(0, np.int32)
        """By series; -1 = not met."""
        self._series = np.empty(0, np.int32)
        self._device = np.empty(0, np.int32)
        self._used = 0

    @property
    def series(self) -> NDArray[np.int32]:
        """Return the series by slot."""
        return self._series[: self._used]

    @property
    def device(self) -> NDArray[np.int32]:
        """Return the devices by slot."""
        return self._device[: self._used]

    def note(self, series: NDArray[np.int32], device: NDArray[np.int32]) -> None:
        """Note the devices of series; where one stands twice the last counts."""
        self._reserve(int(series.max(initial=-1)))
        slot = self._slot[series]
        if slot.min(initial=0) < 0:
            self._add(np.unique(series[slot < 0]))
            slot = self._slot[series]
        self._device[slot] = device

    def met(self, series: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which series were met."""
        found = series < len(self._slot)
        found[found] = self._slot[series[found]] >= 0
        return found

    def slots(self, series: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the slots of series; raises KeyError for those that are not met."""
        if series.max(initial=-1) >= len(self._slot) or (self._slot[series] < 0).any():
            raise KeyError("a series whose device is not known")
        return self._slot[series]

    def devices(self, series: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the devices of series; raises KeyError for those that are not met."""
        return self._device[self.slots(series)]

    def __getitem__(self, series: int) -> int:
        """Return the device of a series."""
        if not 0 <= series < len(self._slot) or self._slot[series] < 0:
            raise KeyError(series)
        return int(self._device[self._slot[series]])

    def __setitem__(self, series: int, device: int) -> None:
        """Note the device of a series."""
        self.note(np.array([series], np.int32), np.array([device], np.int32))

    def __delitem__(self, series: int) -> None:
        """Refuse: a slot is never given away again."""
        raise NotImplementedError("a series that was met stays")

    def __iter__(self) -> Iterator[int]:
        """Yield the series that were met."""
        return iter(self.series.tolist())

    def __len__(self) -> int:
        """Return how many series were met."""
        return self._used

    def _reserve(self, top: int) -> None:
        more = top + 1 - len(self._slot)
        if more > 0:
            self._slot = np.concatenate((self._slot, np.full(max(more, len(self._slot) // 4), -1, np.int32)))

    def _add(self, series: NDArray[np.int32]) -> None:
        end = self._used + len(series)
        if end > len(self._series):
            room = np.zeros(max(len(series), len(self._series) // 4), np.int32)
            self._series, self._device = np.concatenate((self._series, room)), np.concatenate((self._device, room))
        self._series[self._used : end] = series
        self._slot[series] = np.arange(self._used, end, dtype=np.int32)
        self._used = end

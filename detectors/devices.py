"""What a worker remembers of each device, as arrays indexed by the device's number; and who has gone silent."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from schemas.codes import KIND_LENGTH_S, Kind
from schemas.times import MINUTE_US
from store.device_states import DeviceState, DeviceStates

_SILENT_AFTER_MIN = {
    Kind.REALTIME: 30,
    Kind.MINUTE: 30,
    Kind.FIVE_MINUTE: 30,
    Kind.TEN_MINUTE: 60,
    Kind.HOUR: 150,
    Kind.DAY: 3000,
}
"""How long the finest kind that a device sends may fail to come, unless the registry says otherwise."""
_KINDS = len(KIND_LENGTH_S)
_SILENT_AFTER_US = np.array([_SILENT_AFTER_MIN[Kind(k)] * MINUTE_US for k in range(_KINDS)], dtype=np.int64)


class DeviceTable:
    """State of the devices of one partition; grows as devices are met."""

    def __init__(self) -> None:
        self.frontier = np.zeros(0, dtype=np.int64)
        self.event_at = np.zeros(0, dtype=np.int64)
        self.heard_at = np.zeros(0, dtype=np.int64)
        self.high = np.zeros((0, _KINDS), dtype=np.int64)
        self.silent = np.zeros(0, dtype=bool)
        self.dirty = np.zeros(0, dtype=bool)
        self.silent_after = np.zeros(0, dtype=np.int64)
        """As registered, µs; 0 = by kind."""

    def reserve(self, top: int) -> None:
        """Make room for device numbers up to `top`."""
        more = top + 1 - len(self.frontier)
        if more <= 0:
            return
        more = max(more, len(self.frontier))
        for name in ("frontier", "event_at", "heard_at", "silent", "dirty", "silent_after"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate((old, np.zeros(more, old.dtype))))
        self.high = np.concatenate((self.high, np.zeros((more, _KINDS), np.int64)))

    def load(self, states: Iterable[DeviceState]) -> None:
        """Take over what the store remembers."""
        for state in states:
            self.reserve(state.device)
            at = state.device
            self.frontier[at], self.event_at[at], self.heard_at[at] = state.frontier, state.event_at, state.heard_at
            self.high[at], self.silent[at] = state.high, state.silent

    def is_met(self, number: int) -> bool:
        """Whether a device has reported in this partition."""
        return number < len(self.frontier) and self.frontier[number] > 0

    def take_dirty(self) -> DeviceStates:
        """Return the states that changed since the last call."""
        changed = np.flatnonzero(self.dirty)
        self.dirty[:] = False
        columns = {name: getattr(self, name)[changed] for name in DeviceStates.DTYPES if name != "device"}
        return DeviceStates(device=changed.astype(np.int32), **columns)

    def newly_silent(self, now: int) -> NDArray[np.int64]:
        """Return the devices that have just been silent for too long at the tick `now`; each is told once."""
        found: NDArray[np.int64] = np.flatnonzero(
            (self.heard_at > 0) & ~self.silent & (now - self.heard_at > self._patience())
        )
        self.silent[found] = True
        self.dirty[found] = True
        return found

    def next_silence(self, now: int) -> int:
        """Return the earliest instant after `now` at which a device would count as silent."""
        waiting = (self.heard_at > 0) & ~self.silent
        due = (self.heard_at + self._patience())[waiting]
        return int(due.min(initial=np.iinfo(np.int64).max)) + 1

    def _patience(self) -> NDArray[np.int64]:
        by_kind = _SILENT_AFTER_US[np.argmax(self.high > 0, axis=1)]
        return np.where(self.silent_after > 0, self.silent_after, by_kind)

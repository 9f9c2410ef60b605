"""Tables with a row for each of those series of a partition that have something to keep in it."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_FEW: Final = 64
"""Rows below which packing is not worth a thought."""


class SlotRows:
    """Matrices of equal shape, a row a slot (see `Reporters`): rows are made when first asked for."""

    def __init__(self, dtypes: Mapping[str, Any], width: int) -> None:
        self.columns: dict[str, NDArray[Any]] = {name: _blank((0, width), dtype) for name, dtype in dtypes.items()}
        self.width = width
        self.count = np.empty(0, np.int32)
        """By row: how much of it is filled, for those who fill rows from the front."""
        self.slot = np.empty(0, np.int32)
        """Slot by row; -1 = free."""
        self._row = np.empty(0, np.int32)
        self._used = 0
        self._free = 0

    def __len__(self) -> int:
        """Return how many rows hold something."""
        return self._used - self._free

    @property
    def nbytes(self) -> int:
        """Return how many bytes the arrays take."""
        return sum(array.nbytes for array in (*self.columns.values(), self.count, self.slot, self._row))

    def rows(self) -> NDArray[np.int64]:
        """Return all rows that hold something."""
        return np.flatnonzero(self.slot[: self._used] >= 0)

    def find(self, slots: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the rows of slots, -1 where there is none."""
        found = np.full(len(slots), -1, np.int32)
        near = slots < len(self._row)
        found[near] = self._row[slots[near]]
        return found

    def made(self, slots: NDArray[np.int32], most: int) -> NDArray[np.int32]:
        """Return the rows of slots, made where they are missing; there will never be more than `most` slots."""
        if most > len(self._row):
            self._row = np.concatenate((self._row, np.full(most - len(self._row), -1, np.int32)))
        row = self._row[slots]
        if row.min(initial=0) < 0:
            self._add(np.unique(slots[row < 0]), most)
            row = self._row[slots]
        return row

    def free(self, rows: NDArray[Any]) -> None:
        """Forget rows; all others stay where they are until `pack`."""
        self._row[self.slot[rows]] = -1
        self.slot[rows] = -1
        self._free += len(rows)

    def widen(self, width: int) -> None:
        """Make rows longer."""
        self.width = width
        for name, column in self.columns.items():
            self.columns[name] = _blank((len(column), width), column.dtype)
            self.columns[name][:, : column.shape[1]] = column

    def _add(self, slots: NDArray[np.int32], most: int) -> None:
        end = self._used + len(slots)
        if end > len(self.slot):
            self._resize(max(end, min(end + end // 2, most)))
        self.slot[self._used : end] = slots
        self.count[self._used : end] = 0
        self._row[slots] = np.arange(self._used, end, dtype=np.int32)
        self._used = end

    def _resize(self, size: int) -> None:
        self.slot, self.count = _resized(self.slot, size), _resized(self.count, size)
        self.columns = {name: _resized(column, size) for name, column in self.columns.items()}

    def pack(self) -> None:
        """Give room back where most rows are free; rows move."""
        if self._used <= _FEW or 2 * self._free <= self._used:
            return
        kept = self.rows()
        self.slot, self.count = self.slot[kept], self.count[kept]
        self.columns = {name: column[kept] for name, column in self.columns.items()}
        self._row[self.slot] = np.arange(len(kept), dtype=np.int32)
        self._used, self._free = len(kept), 0


def _blank(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    return np.full(shape, np.nan, dtype) if np.dtype(dtype).kind == "f" else np.zeros(shape, dtype)


def _resized(column: NDArray[Any], size: int) -> NDArray[Any]:
    made = _blank((size, *column.shape[1:]), column.dtype)
    made[: len(column)] = column
    return made

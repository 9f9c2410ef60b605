"""Row numbers in blocks from sequences, so that a COPY needs no round trip for them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.postgres import Cursor


class Numbers:
    """Numbers of one sequence whose every value grants a block; a rolled-back batch leaves a gap, which is harmless.

    A grant counts only when its transaction has committed: after a crash the server grants again what was not (use it
    inside `kept_if_committed`).
    """

    def __init__(self, sequence: str, block: int) -> None:
        self.sequence = sequence
        self.block = block
        self._free = np.empty(0, np.int64)

    def take(self, cursor: Cursor, count: int) -> NDArray[np.int64]:
        """Return `count` numbers that nobody else has or will have."""
        missing = count - len(self._free)
        if missing > 0:
            blocks = -(-missing // self.block)
            cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [self.sequence, blocks])
            firsts = np.array([row[0] for row in cursor.fetchall()], np.int64)
            granted = (firsts[:, None] + np.arange(self.block, dtype=np.int64)).ravel()
            self._free = np.concatenate([self._free, granted])
        taken, self._free = self._free[:count], self._free[count:]
        return taken

    def forget(self) -> None:
        """Let go of what was granted and not used."""
        self._free = np.empty(0, np.int64)


@contextmanager
def kept_if_committed(*numbers: Numbers) -> Iterator[None]:
    """Let go of what is granted where the transaction inside fails, or its outcome is unknown."""
    committed = False
    try:
        yield
        committed = True
    finally:
        for each in () if committed else numbers:
            each.forget()


def occurrences(*keys: NDArray[Any]) -> NDArray[np.int64]:
    """Return for each row how many rows before it have the same key."""
    order = np.lexsort(keys[::-1])
    same = np.ones(len(order), np.bool_)
    for key in keys:
        same[1:] &= key[order][1:] == key[order][:-1]
    same[:1] = False
    place = np.arange(len(order))
    first = np.maximum.accumulate(np.where(same, 0, place))
    counted = np.empty(len(order), np.int64)
    counted[order] = place - first
    return counted


def in_rounds(keys: tuple[NDArray[Any], ...], write: Callable[[NDArray[np.bool_]], None]) -> None:
    """Call `write` with masks so that no key is twice in one call and the order of a key's rows is kept."""
    times = occurrences(*keys)
    for turn in range(int(times.max(initial=-1)) + 1):
        write(times == turn)

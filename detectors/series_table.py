"""Series numbers by site and parameter as a matrix: a bundle names each site and parameter once, its readings are looked up as columns."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


class SeriesTable:
    """A row a site, a column a parameter; -1 where no series is known."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._columns: dict[str, int] = {}
        self._numbers = np.empty((0, 0), np.int32)

    def put(self, series: Iterable[tuple[int, str, str]]) -> None:
        """Enter (number, site, parameter)."""
        known = [(n, self._place(self._rows, site), self._place(self._columns, code)) for n, site, code in series]
        self._grow()
        if known:
            number, row, column = np.array(known).T
            self._numbers[row, column] = number

    def number(self, site: str, parameter: str) -> int:
        """Return the number of a series, -1 where none is known."""
        row, column = self._rows.get(site, -1), self._columns.get(parameter, -1)
        return int(self._numbers[row, column]) if row >= 0 and column >= 0 else -1

    def numbers(
        self, sites: Sequence[str], parameters: Sequence[str], site: NDArray[np.int32], parameter: NDArray[np.uint16]
    ) -> NDArray[np.int32]:
        """Return the number of each reading's series; `site` and `parameter` are places in the names."""
        if not len(site):
            return np.empty(0, np.int32)
        rows = np.array([self._place(self._rows, name) for name in sites], np.intp)
        columns = np.array([self._place(self._columns, code) for code in parameters], np.intp)
        self._grow()
        width = self._numbers.shape[1]
        found: NDArray[np.int32] = self._numbers.ravel().take((rows * width)[site] + columns[parameter])
        return found

    @staticmethod
    def _place(places: dict[str, int], name: str) -> int:
        at = places.get(name)
        return places.setdefault(name, len(places)) if at is None else at

    def _grow(self) -> None:
        height, width = self._numbers.shape
        if len(self._rows) <= height and len(self._columns) <= width:
            return
        shape = (_size(height, len(self._rows)), _size(width, len(self._columns)))
        grown = np.full(shape, -1, np.int32)
        grown[:height, :width] = self._numbers
        self._numbers = grown


def _size(has: int, needs: int) -> int:
    return has if needs <= has else max(needs, has + has // 2)

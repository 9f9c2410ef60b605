"""Hour means of days that are not closed, a row a series and day: 648 bytes for the 24 hours of a series."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.reporters import Reporters
from detectors.slot_rows import SlotRows
from schemas.codes import NotJudged
from schemas.columns import PERIOD_HOUR, Means
from schemas.times import DAY_US, HOUR_US, day_start

_HOURS: Final = 24
_REASONS: Final = np.array(["", *(reason.value for reason in NotJudged)], dtype=object)
_CODE: Final = {reason: code for code, reason in enumerate(_REASONS.tolist())}
_DTYPES: Final = {
    "value": np.float64,
    "converted": np.float64,
    "mass_kg": np.float64,
    "samples": np.uint8,
    "kind": np.uint8,
    "state": np.uint8,
}
"""`state`: 0 = no mean, else 1 + 2 × number of the reason + (1 where valid)."""


class OpenDays:
    """The hour means of the open days of one partition; of two for one hour the later one stands."""

    def __init__(self, reporters: Reporters) -> None:
        self._reporters = reporters
        self._days: dict[int, SlotRows] = {}

    @property
    def nbytes(self) -> int:
        """Return how many bytes the arrays take."""
        return sum(table.nbytes for table in self._days.values())

    def put(self, means: Means) -> None:
        """Keep hour means of known series."""
        day = day_start(means.start)
        for start in np.unique(day).tolist():
            part = means.take(day == start)
            table = self._days.setdefault(start, SlotRows(_DTYPES, _HOURS))
            row = table.made(self._reporters.slots(part.series), len(self._reporters))
            at = (part.start - start) // HOUR_US
            for name in ("value", "converted", "mass_kg", "samples", "kind"):
                table.columns[name][row, at] = getattr(part, name)
            code = np.array([_CODE[reason] for reason in part.reason.tolist()], np.uint8)
            table.columns["state"][row, at] = 1 + 2 * code + part.valid

    def of(self, series: NDArray[np.int32]) -> Means:
        """Return the hour means that are kept of some series."""
        parts = []
        for start, table in self._days.items():
            rows = table.rows()
            parts.append(self._means(start, table, rows[np.isin(self._reporters.series[table.slot[rows]], series)]))
        return Means.concat(parts)

    def close(self, frontier: NDArray[np.int64]) -> Means:
        """Return and forget the means of days that end at or before the frontiers of their devices, by series and start."""
        parts = []
        for start in [s for s in self._days if s + DAY_US <= frontier.max(initial=0)]:
            table = self._days[start]
            rows = table.rows()
            rows = rows[start + DAY_US <= frontier[self._reporters.device[table.slot[rows]]]]
            parts.append(self._means(start, table, rows))
            table.free(rows)
            if not len(table):
                del self._days[start]
        found = Means.concat(parts)
        return found.take(np.lexsort((found.start, found.series)))

    def _means(self, start: int, table: SlotRows, rows: NDArray[np.int64]) -> Means:
        of: dict[str, NDArray[Any]] = {name: column[rows] for name, column in table.columns.items()}
        there = of["state"] > 0
        state = of["state"][there] - 1
        series = np.repeat(self._reporters.series[table.slot[rows]], np.count_nonzero(there, axis=1))
        hour = np.broadcast_to(np.arange(_HOURS), there.shape)[there]
        return Means(
            series, np.full(len(series), PERIOD_HOUR, np.uint8), start + hour * HOUR_US, of["value"][there],
            of["samples"][there].astype(np.int32), of["kind"][there], (state & 1).astype(bool), _REASONS[state >> 1],
            of["converted"][there], of["mass_kg"][there],
        )  # fmt: skip

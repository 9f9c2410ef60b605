"""Which readings marks take out of the judgement: a pure function of the readings, the stretches left out and what a mean needs.

A reading of up to ten minutes is left out when its period meets a stretch; the device's own hour or day value when too little
of its period stays outside to make a valid mean. Readings that are left out keep their place (an hour stays complete), with a flag of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.means import Validity
from schemas.codes import FLAG_MARKED, FLAG_NORMAL, KIND_LENGTH_S, Kind
from schemas.columns import Readings
from schemas.times import HOUR_US, MINUTE_US, SECOND_US, cst_text
from standards.marks import LeftOut, Span, merged

Series = Mapping[int, tuple[str, str]]
"""(site, parameter) by series."""


@dataclass(frozen=True)
class Marking:
    """What is left out at some sites in some time; empty: nothing."""

    stretches: dict[str, list[LeftOut]] = field(default_factory=dict)
    """By site."""

    def without_marked(self, readings: Readings, series: Series, validity: Validity) -> Readings:
        """Return the readings; normal ones that are left out carry FLAG_MARKED."""
        flag = readings.flag
        for number in np.unique(readings.series).tolist() if self.stretches else ():
            spans = self._spans(*series[number])
            if spans:
                mine = (readings.series == number) & (readings.flag == FLAG_NORMAL)
                hit = is_left_out(readings.take(mine), spans, validity)
                flag = flag.copy() if flag is readings.flag else flag
                flag[np.flatnonzero(mine)[hit]] = FLAG_MARKED
        return replace(readings, flag=flag)

    def _spans(self, site: str, parameter: str) -> list[Span]:
        return merged((part.start, part.end) for part in self.stretches.get(site, ()) if part.covers(parameter))

    def told(self, site: str, parameter: str, start: int, end: int) -> list[dict[str, Any]]:
        """Return the marks that leave out data of a parameter in [start, end), as JSON values for people."""
        parts = [p for p in self.stretches.get(site, ()) if p.start < end and p.end > start and p.covers(parameter)]
        return list({part.mark.mark_id: _words(part) for part in parts}.values())


def _words(part: LeftOut) -> dict[str, Any]:
    mark = part.mark
    return {
        "mark_id": str(mark.mark_id),
        "version": mark.version,
        "kind": mark.kind.value,
        "by": mark.entered_by,
        "from": cst_text(mark.start),
        "to": cst_text(mark.end),
        "entered_at": cst_text(mark.entered_at, seconds=True),
    }


def is_left_out(readings: Readings, spans: Sequence[Span], validity: Validity) -> NDArray[np.bool_]:
    """Return which readings of one series are left out by spans that do not touch, in order of time."""
    starts, ends = np.array(spans, dtype=np.int64).T
    length = np.array(KIND_LENGTH_S, dtype=np.int64)[readings.kind] * SECOND_US
    # a realtime reading is an instant: it is left out when the microsecond that it stands in is
    length = np.where(readings.kind == Kind.REALTIME, 1, length)
    covered = _before(readings.observed_at + length, starts, ends) - _before(readings.observed_at, starts, ends)
    needed = np.where(readings.kind == Kind.HOUR, validity.min_minutes[readings.series] * MINUTE_US, length)
    needed = np.where(readings.kind == Kind.DAY, validity.min_hours[readings.series] * HOUR_US, needed)
    found: NDArray[np.bool_] = (covered > 0) & (length - covered < needed)
    return found


def _before(instant: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how much time before each instant the spans cover."""
    total = np.concatenate(([0], np.cumsum(ends - starts)))
    begun = np.searchsorted(starts, instant, side="right")
    beyond = np.where(begun > 0, np.maximum(ends[np.maximum(begun - 1, 0)] - instant, 0), 0)
    covered: NDArray[np.int64] = total[begun] - beyond
    return covered

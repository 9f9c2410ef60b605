"""A city's index: from its stations' means to concentrations, and from those to real-time, running 24-hour and daily AQI.

Hour and day: the mean of the stations' values, valid with 75 % of the registered stations (HJ 663, facts.md 2.2); the day value of
ozone is the mean of the stations' daily maximum 8-h means. Running 24 h: per pollutant the mean of the city's hourly
concentrations with at least 20 valid hours; ozone by its running maximum 8-h mean. An index is never a mean of indices.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from detectors.city_grid import CODES, OZONE
from schemas.codes import AqiStandard, Period
from schemas.registry import Binding
from standards.air_quality import NEEDED, Averaging, aqi_of, standard_at
from standards.ambient import city_mean, mean_24h, running_maximum_8h
from store.port import IndexRow

WINDOW_H = 24
SO2 = CODES.index("a21026")


class Concentrations(NamedTuple):
    """Concentrations of n periods by pollutant, with how many values made each."""

    value: NDArray[np.float64]
    """Shape (n, 6), µg/m³ (CO mg/m³); NaN where it is not valid."""
    values: NDArray[np.int64]
    """Shape (n, 6): how many made each: stations of an hour or day, hours of a running value."""

    def take(self, index: NDArray[np.int64]) -> "Concentrations":
        """Return some of the periods."""
        return Concentrations(self.value[index], self.values[index])


def of_stations(values: NDArray[np.float64]) -> Concentrations:
    """Return the city's concentrations from station values, shape (n, stations, 6), NaN = none."""
    n, stations, codes = values.shape
    mean, valid = city_mean(values.transpose(1, 0, 2).reshape(stations, n * codes), stations)
    return Concentrations(np.where(valid, mean, np.nan).reshape(n, codes), np.isfinite(values).sum(axis=1))


def running(hours: NDArray[np.float64]) -> Concentrations:
    """Return the 24-hour concentrations of the windows that end with hours 23, 24 …; `hours` has shape (n + 23, 6)."""
    windows = sliding_window_view(hours, WINDOW_H, axis=0)
    value, valid = mean_24h(windows.reshape(-1, WINDOW_H))
    value, valid = value.reshape(windows.shape[:2]), valid.reshape(windows.shape[:2])
    value[:, OZONE], valid[:, OZONE] = running_maximum_8h(windows[:, OZONE])
    return Concentrations(np.where(valid, value, np.nan), np.isfinite(windows).sum(axis=2))


def standard_for(bindings: Sequence[Binding], instant_us: int) -> AqiStandard:
    """Return the index standard that the city's binding names, else the one in force by date."""
    named = (binding.aqi for binding in bindings if binding.aqi and binding.covers(instant_us))
    return next(named, None) or standard_at(instant_us)


class Indices(NamedTuple):
    """The subject and law of a city's rows."""

    city: str
    bindings: Sequence[Binding]

    def rows(
        self,
        period: Period,
        starts: NDArray[np.int64],
        made_of: Concentrations,
        so2_24h: NDArray[np.float64] | None = None,
    ) -> list[IndexRow]:
        """Return the index rows of n periods; `so2_24h` (n,) stands in for 1-hour SO2 above 800 (HJ 633-2012)."""
        standards = [standard_for(self.bindings, int(start)) for start in starts]
        found: dict[int, IndexRow] = {}
        for standard in dict.fromkeys(standards):
            at = np.array([i for i, s in enumerate(standards) if s is standard])
            some = self._of_standard(
                standard, period, starts[at], made_of.take(at), None if so2_24h is None else so2_24h[at]
            )
            found |= dict(zip(at.tolist(), some, strict=True))
        return [found[i] for i in range(len(standards))]

    def _of_standard(
        self,
        standard: AqiStandard,
        period: Period,
        starts: NDArray[np.int64],
        made_of: Concentrations,
        so2_24h: NDArray[np.float64] | None,
    ) -> list[IndexRow]:
        averaging: Averaging = "hour" if period is Period.HOUR else "day"
        given = dict(zip(NEEDED[averaging], made_of.value.T, strict=True))
        if so2_24h is not None:
            given["so2_24h"] = so2_24h
        index = aqi_of(standard, averaging, given)
        word = "hours" if period is Period.RUNNING24 else "stations"
        iaqi = index.iaqi[: len(CODES)].T.tolist()
        figures = zip(starts.tolist(), made_of.value.tolist(), iaqi, made_of.values.tolist(), strict=True)
        return [
            IndexRow(
                self.city,
                True,
                period.value,
                start,
                standard.value,
                index.aqi_at(row),
                index.primary_codes(row) if not np.isnan(index.aqi[row]) else (),
                _detail(value, iaqi_of_row, count, word),
            )
            for row, (start, value, iaqi_of_row, count) in enumerate(figures)
        ]


def _detail(value: list[float], iaqi: list[float], count: list[int], word: str) -> str:
    return json.dumps(
        {
            "value": {code: round(v, 4) for code, v in zip(CODES, value, strict=True) if v == v},
            "iaqi": {code: int(i) for code, i in zip(CODES, iaqi, strict=True) if i == i},
            word: dict(zip(CODES, count, strict=True)),
        },
        separators=(",", ":"),
        sort_keys=True,
    )

"""What an hour of stack gas, or of discharged water, amounts to: its value at baseline oxygen, and the mass discharged.

C = C' (21 - O2 baseline) / (21 - O2 measured) on the hour's means (GB 13271-2014, GB 18484-2020, HJ 75-2017 annex C; facts.md 6.1); the
order of averaging is not prescribed (facts.md 6.2), so a device's own converted mean goes before ours. G = C Q 10^-6 kg/h with the unconverted
concentration (HJ 212-2017 annex D).
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.beside import Neighbours, beside
from detectors.directory import Directory
from detectors.period_limits import limits_of
from schemas.columns import PERIOD_DAY, PERIOD_HOUR, Means
from standards import gas_formulas
from standards.limits import Limit, limits_for

OXYGEN_GUARD_PCT: Final = 20.5
"""At and above it nothing is converted: the divisor vanishes, the unit is not burning (facts.md 5)."""
_Figures = NDArray[np.float64]
_HOUR_S: Final = 3600


def with_amounts(directory: Directory, hours: Means) -> Means:
    """Return closed hour means with `converted` and `mass_kg` filled where the site's oxygen and flow of the hour allow it."""
    if not len(hours):
        return hours
    near, neighbours, series = beside(directory), Neighbours(hours), hours.series
    measured = hours.valid & ~near.is_told[series]
    flow = neighbours.valid(near.flow[series])
    weighed = measured & (near.is_stack[series] | near.is_effluent[series]) & (flow >= 0)
    mass = np.where(weighed, gas_formulas.mass_kg_h(hours.value, flow * _HOUR_S), hours.mass_kg)
    oxygen = neighbours.valid(near.oxygen[series])
    rows = np.flatnonzero(measured & near.is_stack[series] & (oxygen < OXYGEN_GUARD_PCT))
    converted = hours.converted.copy()
    converted[rows] = at_baseline(
        hours.value[rows], oxygen[rows], _baselines(directory, series[rows], hours.start[rows])
    )
    return replace(hours, converted=converted, mass_kg=mass)


def _baselines(directory: Directory, series: NDArray[np.int32], start: NDArray[np.int64]) -> _Figures:
    """Return the baseline oxygen of the limits in force, of the hour's or else of the day's; NaN where neither names one."""
    found: _Figures = limits_of(directory, series, PERIOD_HOUR, start)["baseline"]
    rest = np.flatnonzero(np.isnan(found))
    if len(rest):
        found[rest] = limits_of(directory, series[rest], PERIOD_DAY, start[rest])["baseline"]
    return found


def converted_limit(directory: Directory, site: str, parameter: str, start: int) -> Limit | None:
    """Return the limit for converted values in force at `start`: the hour's, or else the day's; None where there is none."""
    limits: list[Limit | None] = [
        limits_for(directory.registry, site, parameter, period, start).limit for period in ("hour", "day")
    ]
    return next((limit for limit in limits if limit is not None and limit.needs_conversion), None)


def at_baseline(value: _Figures, oxygen_pct: _Figures, baseline_pct: _Figures | float) -> _Figures:
    """Return C' (21 - O2 baseline) / (21 - O2 measured) of samples; NaN where oxygen is missing or at the guard."""
    allowed = oxygen_pct < OXYGEN_GUARD_PCT
    oxygen = np.where(allowed, oxygen_pct, 0.0)
    return np.where(allowed, gas_formulas.at_baseline(value, oxygen, baseline_pct), np.nan)

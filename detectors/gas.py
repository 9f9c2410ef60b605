"""What an hour of stack gas, or of discharged water, amounts to: its value at baseline oxygen, and the mass discharged.

C = C' (21 - O2 baseline) / (21 - O2 measured) on the hour's means (GB 13271-2014, GB 18484-2020, HJ 75-2017 annex C; facts.md 6.1); the
order of averaging is not prescribed (facts.md 6.2), so a device's own converted mean goes before ours. G = C Q 10^-6 kg/h with the unconverted
concentration (HJ 212-2017 annex D).
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.directory import WATER_FLOW, Directory
from schemas.codes import SiteKind
from schemas.columns import Means
from standards import gas_formulas
from standards.limits import Limit, limits_for
from standards.parameters import AUXILIARY, CONVERTED

OXYGEN: Final = "a19001"
GAS_FLOW: Final = "a00000"
OXYGEN_GUARD_PCT: Final = 20.5
"""At and above it nothing is converted: the divisor vanishes, the unit is not burning (facts.md 5)."""
_Figures = NDArray[np.float64]
_HOUR_S: Final = 3600
_FLOW = {SiteKind.STACK: GAS_FLOW, SiteKind.EFFLUENT: WATER_FLOW}


def with_amounts(directory: Directory, hours: Means) -> Means:
    """Return closed hour means with `converted` and `mass_kg` filled where the site's oxygen and flow of the hour allow it."""
    rows = {key: row for row, key in enumerate(zip(hours.series.tolist(), hours.start.tolist(), strict=True))}
    converted, mass = hours.converted.copy(), hours.mass_kg.copy()
    for (series, start), row in rows.items():
        site_id, parameter = directory.series[series]
        site = directory.registry.sites.get(site_id)
        if site is None or site.kind not in _FLOW or parameter in AUXILIARY or not hours.valid[row]:
            continue
        beside = directory.site_series[site_id]
        flow = _valid(hours, rows, beside.get(_FLOW[site.kind]), start)
        if flow is not None and flow >= 0 and not parameter.endswith(CONVERTED):
            mass[row] = gas_formulas.mass_kg_h(float(hours.value[row]), flow * _HOUR_S)
        if site.kind is SiteKind.STACK:
            oxygen = _valid(hours, rows, beside.get(OXYGEN), start)
            baseline = _baseline(directory, site_id, parameter, start)
            if oxygen is not None and baseline is not None and oxygen < OXYGEN_GUARD_PCT:
                converted[row] = gas_formulas.at_baseline(float(hours.value[row]), oxygen, baseline)
    return replace(hours, converted=converted, mass_kg=mass)


def _valid(hours: Means, rows: dict[tuple[int, int], int], series: int | None, start: int) -> float | None:
    row = rows.get((series, start)) if series is not None else None
    return float(hours.value[row]) if row is not None and hours.valid[row] else None


def _baseline(directory: Directory, site: str, parameter: str, start: int) -> float | None:
    """Return the baseline oxygen of the limit in force, of the hour's or else of the day's; `-Zs` values are converted already."""
    limit = None if parameter.endswith(CONVERTED) else converted_limit(directory, site, parameter, start)
    return limit.baseline_o2_pct if limit is not None else None


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

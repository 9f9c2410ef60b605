"""Formulas of flue gas, HJ 75-2017 annex C as HJ 212-2017 annex D repeats them (facts.md 6.1); pure, on numbers or columns alike.

The standard state of a gas is 273 K and 101,325 Pa, dry.
"""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Figures = TypeVar("Figures", float, NDArray[np.float64])

STANDARD_PRESSURE_PA: Final = 101_325.0
KELVIN: Final = 273.0
AIR_O2_PCT: Final = 21.0
MOLAR_VOLUME_L: Final = 22.4
MOLAR_MASS_G: Final = {"a21026": 64.06, "a21003": 30.006, "a21004": 46.005, "a21002": 46.005}
"""By HJ 212 code: SO2, NO, NO2, and NOx, which is counted as NO2."""
NO2_OF_NO: Final = MOLAR_MASS_G["a21004"] / MOLAR_MASS_G["a21003"]


def of_ppm(parameter: str) -> float:
    """Return how many mg/m³ at standard state are one ppm of a gas, M/22.4; raises KeyError where the law gives no molar mass."""
    return MOLAR_MASS_G[parameter] / MOLAR_VOLUME_L


def nox_as_no2(no: Figures, no2: Figures) -> Figures:
    """Return NOx as NO2 from NO and NO2, all mg/m³: C(NO) M(NO2)/M(NO) + C(NO2)."""
    return no * NO2_OF_NO + no2


def at_standard_state(actual: Figures, gas_degc: Figures, air_pa: Figures, static_pa: Figures) -> Figures:
    """Return a concentration at standard state: Cs 101325/(Ba + Ps) (273 + ts)/273; `static_pa` is relative to the air."""
    return actual * STANDARD_PRESSURE_PA / (air_pa + static_pa) * (KELVIN + gas_degc) / KELVIN


def dry(wet: Figures, moisture_pct: Figures) -> Figures:
    """Return a concentration in dry gas: Cwet/(1 − Xsw)."""
    return wet / (1 - moisture_pct / 100)


def at_baseline(measured: Figures, o2_pct: Figures, baseline_pct: Figures | float) -> Figures:
    """Return C' (21 − O2 baseline)/(21 − O2 measured); meaningless at and above the guard of 20.5 %."""
    return measured * (AIR_O2_PCT - baseline_pct) / (AIR_O2_PCT - o2_pct)


def standard_flow_m3_s(
    velocity_m_s: Figures,
    section_m2: Figures,
    gas_degc: Figures,
    air_pa: Figures,
    static_pa: Figures,
    moisture_pct: Figures,
) -> Figures:
    """Return the dry flow at standard state, m³/s: F Vs 273/(273 + ts) (Ba + Ps)/101325 (1 − Xsw)."""
    wet = section_m2 * velocity_m_s
    return wet * KELVIN / (KELVIN + gas_degc) * (air_pa + static_pa) / STANDARD_PRESSURE_PA * (1 - moisture_pct / 100)


def mass_kg_h(measured_mg_m3: Figures, flow_m3_h: Figures) -> Figures:
    """Return the emission rate G = C Qsn 10⁻⁶, kg/h, of the measured concentration, never of the converted one."""
    return measured_mg_m3 * flow_m3_h * 1e-6

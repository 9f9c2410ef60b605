"""Parameters (监测因子): HJ 212 codes, their names, the unit each has at a kind of site, and unit conversion."""

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from schemas.codes import SiteKind
from standards.gas_formulas import MOLAR_MASS_G, of_ppm
from standards.tables import rows_of

CONVERTED: Final = "-Zs"
"""Suffix of a value converted to the baseline oxygen, for example a21026-Zs."""

AUXILIARY: Final = frozenset(
    {
        "a00000",  # flow of gas
        "a01001",  # air temperature
        "a01002",  # air humidity
        "a01006",  # air pressure
        "a01007",  # wind speed
        "a01008",  # wind direction
        "a01010",  # Ringelmann blackness: an observation, no mean of it is judged
        "a01011",  # velocity
        "a01012",  # flue gas temperature
        "a01013",  # flue gas pressure
        "a01014",  # flue gas humidity
        "a01015",  # cooler temperature
        "a01016",  # duct cross-section
        "a01017",  # dynamic pressure
        "a01901",  # furnace temperature: judged by its five-minute means
        "a01902",  # furnace temperature of the control system
        "a19001",  # oxygen
        "w00000",  # flow of water
        "w01010",  # water temperature
    }
)
"""What helps to judge others and is not a pollutant: no verdict is made of it, not even `no_binding`."""

_UNITS: Final[dict[str, dict[str, float]]] = {
    "mass in gas": {"ng/m3": 1e-6, "ug/m3": 1e-3, "mg/m3": 1.0, "g/m3": 1e3},
    "mass in water": {"ng/L": 1e-6, "ug/L": 1e-3, "mg/L": 1.0, "g/L": 1e3},
    "flow": {"L/min": 1 / 60_000, "m3/h": 1 / 3600, "L/s": 1e-3, "m3/min": 1 / 60, "m3/s": 1.0},
    "pressure": {"Pa": 1e-3, "hPa": 0.1, "kPa": 1.0, "MPa": 1e3},
    "velocity": {"m/s": 1.0, "km/h": 1 / 3.6},
    "conductivity": {"uS/cm": 1.0, "mS/cm": 1e3, "mS/m": 10.0},
    "radioactivity": {"Bq/L": 1.0},
    "mass equivalent": {"ng TEQ/m3": 1.0},
    "bacteria": {"count/L": 1.0, "count/mL": 1e3},
    "temperature": {"degC": 1.0},
    "share": {"%": 1.0},
    "angle or colour": {"degree": 1.0},
    "dilution": {"times": 1.0},
    "area": {"m2": 1.0},
    "level": {"dB": 1.0},
    "blackness": {"grade": 1.0},
    "dustfall": {"t/(km2.month)": 1.0},
    "parts of volume": {"ppm": 1.0},
    "none": {"-": 1.0},
}
"""By dimension: each unit in the dimension's base unit."""

_PLACE: Final = {
    unit.lower(): (dimension, unit, size) for dimension, units in _UNITS.items() for unit, size in units.items()
}
_SPELLINGS: Final = {
    "μ": "u",
    "°C": "degC",
    "℃": "degC",
    "Nm3": "m3",
    "倍": "times",
    "个/L": "count/L",
    "无量纲": "-",
    "umol/mol": "ppm",
}
_OURS: Final = {"water_class": ("水质类别", "class of water")}
"""What no device sends and is rated all the same."""
_AS_LIMITED: Final = {"w01002": "times", "a01010": "grade"}
"""Where the emission tables limit another quantity than HJ 212 prints."""


@dataclass(frozen=True)
class Parameter:
    """One code of the table, as printed."""

    code: str
    medium: str
    name_zh: str
    name_en: str
    unit: str
    """Unit as printed in HJ 212-2017; practice at a kind of site: `canonical_unit`."""


@cache
def parameters() -> dict[str, Parameter]:
    """Return the known parameters by code: table B of HJ 212-2017 and ozone (a05024, HJ 524)."""
    return {
        r["code"]: Parameter(r["code"], r["medium"], r["name_zh"], r["name_en"], r["unit_concentration_printed"] or "-")
        for r in rows_of("hj212_pollutants")
        if r["medium"] in ("water", "air", "noise")
    }


def base_code(parameter: str) -> str:
    """Return the code without the suffix of a converted value."""
    return parameter.removesuffix(CONVERTED)


def is_known(parameter: str) -> bool:
    """Return whether a code is in the table; `-Zs` goes with concentrations in gas only."""
    found = parameters().get(base_code(parameter))
    if found is None:
        return False
    return not parameter.endswith(CONVERTED) or _dimension(found.unit) == "mass in gas"


def names_of(parameter: str) -> tuple[str, str]:
    """Return (Chinese, English) name of a parameter; the code itself where the table has none."""
    found = parameters().get(base_code(parameter))
    if found is None:
        return _OURS.get(parameter, (parameter, parameter))
    zh, en = found.name_zh or found.code, found.name_en or found.name_zh or found.code
    return (f"{zh}(折算)", f"{en} (converted)") if parameter.endswith(CONVERTED) else (zh, en)


@lru_cache(maxsize=1024)
def unit_name(unit: str) -> str | None:
    """Return the spelling we use of a unit (`μg/m³` → `ug/m3`), None for an unknown one."""
    text = unicodedata.normalize("NFKC", unit).replace(" ", "")
    for theirs, ours in _SPELLINGS.items():
        text = text.replace(theirs, ours)
    found = _PLACE.get(text.lower()) or _PLACE.get(unit.lower())
    return found[1] if found else None


def _dimension(unit: str) -> str | None:
    name = unit_name(unit)
    return _PLACE[name.lower()][0] if name else None


def canonical_unit(site_kind: SiteKind, parameter: str) -> str:
    """Return the unit of means and verdicts of a parameter at a kind of site; also what a channel sends unless it is registered.

    Ambient stations send µg/m³ (CO mg/m³), stacks mg/m³: the ng/m³ that HJ 212 prints for some is never meant.
    Others as printed; an unknown parameter has "-".
    """
    code = base_code(parameter)
    found = parameters().get(code)
    if found is None:
        return "-"
    if _dimension(found.unit) == "mass in gas":
        return "ug/m3" if site_kind is SiteKind.AMBIENT_AIR and code != "a21005" else "mg/m3"
    return _AS_LIMITED.get(code, found.unit)


def limit_unit(site_kind: SiteKind, parameter: str) -> str:
    """Return the unit in which permits state figures: that of the emission tables (mg/L for all matter in water)."""
    unit = canonical_unit(site_kind, parameter)
    return "mg/L" if _dimension(unit) == "mass in water" else unit


def factor(from_unit: str, to_unit: str) -> float:
    """Return what a value in `from_unit` is multiplied by; raises ValueError where the one can't become the other."""
    ours, theirs = unit_name(from_unit), unit_name(to_unit)
    if ours is None or theirs is None or _dimension(ours) != _dimension(theirs):
        raise ValueError(f"{from_unit} can't be converted to {to_unit}")
    return _PLACE[ours.lower()][2] / _PLACE[theirs.lower()][2]


def to_canonical(site_kind: SiteKind, parameter: str, unit: str) -> float:
    """Return what a channel's values in `unit` are multiplied by to be in the canonical unit; raises ValueError where that can't be.

    ppm is mg/m³ at standard state in a stack only (M/22.4, facts.md 6.1): ambient air is stated at another temperature.
    """
    code, ours = base_code(parameter), canonical_unit(site_kind, parameter)
    if unit_name(unit) != "ppm":
        return factor(unit, ours)
    if site_kind is not SiteKind.STACK or code not in MOLAR_MASS_G:
        raise ValueError(f"ppm of {code} can't be converted to {ours}")
    return of_ppm(code) * factor("mg/m3", ours)

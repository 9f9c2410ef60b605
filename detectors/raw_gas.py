"""Stack gas as the monitor states it, brought to standard state (273 K, 101.325 kPa) and dry, sample by sample (HJ 75-2017 annex C).

A channel says in its registration in which state it states a concentration or flow; without a word it is standard and dry, as practice has it. The
flow of a stack that sends none is made of its velocity and section. Every figure comes from the same instant: temperature a01012, static pressure
a01013 against the air, pressure of the air a01006, moisture a01014. A sample that lacks one is no valid value.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.directory import GAS_FLOW, Directory
from detectors.means import in_force
from detectors.weighting import values_beside
from schemas.codes import FLAG_NORMAL, FLAG_UNCONVERTED, KIND_LENGTH_S, SiteKind
from schemas.columns import Readings
from schemas.registry import GasState
from schemas.times import hour_start
from standards.gas_formulas import at_standard_state, dry, standard_flow_m3_s

TEMPERATURE: Final = "a01012"
STATIC_PRESSURE: Final = "a01013"
AIR_PRESSURE: Final = "a01006"
MOISTURE: Final = "a01014"
VELOCITY: Final = "a01011"
SECTION: Final = "a01016"
_FLOW_OF: Final = (VELOCITY, SECTION, TEMPERATURE, STATIC_PRESSURE, AIR_PRESSURE, MOISTURE, GAS_FLOW)
_PA_PER_KPA: Final = 1000.0
_Figures = NDArray[np.float64]


def at_standard(directory: Directory, readings: Readings) -> Readings:
    """Return readings of which those of channels in another state are brought to standard state and dry."""
    turned = readings
    for (site, parameter), state in directory.registry.gas_states.items():
        number = directory.site_series.get(site, {}).get(parameter)
        if number is not None:
            turned = _turned(directory, site, parameter, state, number, turned)
    return turned


def _turned(
    directory: Directory, site: str, parameter: str, state: GasState, number: int, readings: Readings
) -> Readings:
    at = np.flatnonzero((readings.series == number) & (readings.flag == FLAG_NORMAL))
    if not len(at):
        return readings
    beside = _Beside(directory, site, readings.take(at), readings)
    one = np.ones(len(at))
    share = beside.at_standard(one) if state.startswith("actual") else one
    share = dry(share, beside.of(MOISTURE)) if state.endswith("wet") else share
    share = 1.0 / share if parameter == GAS_FLOW else share
    value, flag = readings.value.copy(), readings.flag.copy()
    value[at] = np.where(np.isfinite(share), readings.value[at] * share, readings.value[at])
    flag[at] = np.where(np.isfinite(share), FLAG_NORMAL, FLAG_UNCONVERTED)
    return replace(readings, value=value, flag=flag)


def made_flow(directory: Directory, readings: Readings) -> Readings:
    """Return the dry flow at standard state, m³/s, of the stacks that send velocity and section and no flow."""
    sites = directory.sites_with(VELOCITY, SECTION, readings.series)
    if not sites:
        return Readings.empty()
    asked = [directory.site_series[site].get(code, -1) for site in sites for code in _FLOW_OF]
    rows = readings.take(np.isin(readings.series, asked))
    return Readings.concat([_flow_of(directory, site, rows) for site in sites])


def _flow_of(directory: Directory, site_id: str, readings: Readings) -> Readings:
    site = directory.registry.sites.get(site_id)
    if site is None or site.kind is not SiteKind.STACK:
        return Readings.empty()
    series = directory.site_series[site_id]
    rows = in_force(readings.take(readings.series == series[VELOCITY]))
    own = readings.take(readings.series == series.get(GAS_FLOW, -1))
    rows = rows.take(~np.isin(hour_start(rows.observed_at), hour_start(own.observed_at)))
    if not len(rows):
        return rows
    beside = _Beside(directory, site_id, rows, readings)
    flow = standard_flow_m3_s(rows.value, beside.of(SECTION), *beside.gas(), beside.of(MOISTURE))
    flag = np.where(np.isfinite(flow), rows.flag, np.where(rows.flag == FLAG_NORMAL, FLAG_UNCONVERTED, rows.flag))
    number = int(directory.channels([(site_id, GAS_FLOW)])[0])
    value = np.where(np.isfinite(flow), flow, 0.0)
    return replace(rows, series=np.full(len(rows), number, np.int32), value=value, flag=flag.astype(np.uint8))


class _Beside:
    """The valid values of other parameters of a site at the instants of some rows."""

    def __init__(self, directory: Directory, site: str, rows: Readings, readings: Readings) -> None:
        self._series, self._rows, self._readings = directory.site_series[site], rows, readings

    def of(self, parameter: str) -> _Figures:
        """Return the values of a parameter, NaN where there is no valid one."""
        wanted = self._series.get(parameter, -1)
        both = Readings.concat([self._rows, in_force(self._readings.take(self._readings.series == wanted))])
        asked = np.where(np.arange(len(both)) < len(self._rows), wanted, -1)
        instant = both.observed_at * len(KIND_LENGTH_S) + both.kind
        return values_beside(both.series, instant, both.value, both.flag == FLAG_NORMAL, asked)[: len(self._rows)]

    def gas(self) -> tuple[_Figures, _Figures, _Figures]:
        """Return temperature, °C, and the pressures of the air and of the gas against it, Pa."""
        return self.of(TEMPERATURE), self.of(AIR_PRESSURE) * _PA_PER_KPA, self.of(STATIC_PRESSURE) * _PA_PER_KPA

    def at_standard(self, actual: _Figures) -> _Figures:
        """Return concentrations at standard state."""
        return at_standard_state(actual, *self.gas())

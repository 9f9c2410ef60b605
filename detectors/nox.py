"""NOx where a monitor sends NO and NO2 instead: counted as NO2, sample by sample (HJ 75-2017 annex C, facts.md 6.1).

A sample needs both gases at one instant; where one of them is no valid value the sample carries its flag, so that nothing is dropped
silently. In an hour in which the device sends NOx itself, that is used. Open hours are not warned of: early warning sees what devices send.
"""

from typing import Final

import numpy as np

from detectors.directory import Directory
from detectors.means import in_force
from schemas.codes import FLAG_NORMAL, KIND_LENGTH_S, SiteKind
from schemas.columns import Readings
from schemas.times import hour_start
from standards.gas_formulas import nox_as_no2

NO: Final = "a21003"
NO2: Final = "a21004"
NOX: Final = "a21002"


def made_nox(directory: Directory, readings: Readings) -> Readings:
    """Return NOx of the stacks that have NO and NO2 among `readings`."""
    pairs = [site for site in directory.sites_with(NO, NO2, readings.series) if _is_stack(directory, site)]
    if not pairs:
        return Readings.empty()
    asked = [directory.site_series[site].get(code, -1) for site in pairs for code in (NO, NO2, NOX)]
    rows = readings.take(np.isin(readings.series, asked))
    return Readings.concat([_of_site(directory, site, rows) for site in pairs])


def _is_stack(directory: Directory, site: str) -> bool:
    registered = directory.registry.sites.get(site)
    return registered is not None and registered.kind is SiteKind.STACK


def _of_site(directory: Directory, site: str, readings: Readings) -> Readings:
    beside = directory.site_series[site]
    no, no2 = (in_force(readings.take(readings.series == beside[code])) for code in (NO, NO2))
    own = readings.take(readings.series == beside.get(NOX, -1))
    _, left, right = np.intersect1d(_instants(no), _instants(no2), assume_unique=True, return_indices=True)
    fresh = ~np.isin(hour_start(no.observed_at[left]), hour_start(own.observed_at))
    no, no2 = no.take(left[fresh]), no2.take(right[fresh])
    if not len(no):
        return Readings.empty()
    number = int(directory.channels([(site, NOX)])[0])
    flag = np.where(no.flag == FLAG_NORMAL, no2.flag, no.flag)
    value = nox_as_no2(no.value, no2.value)
    sent_at = np.maximum(no.sent_at, no2.sent_at)
    return Readings(np.full(len(no), number, np.int32), no.kind, no.observed_at, value, flag, sent_at, no.sha8)


def _instants(rows: Readings) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return rows.observed_at * len(KIND_LENGTH_S) + rows.kind

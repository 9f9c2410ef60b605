"""Single readings against limits for single samples (GB 18918-2002 as amended from 2026-03-01, facts.md 5.2), beside the day mean.

The national figures (table 4 of the amendment) are not known here: a permit says them, `averaging = "single_sample"`. A single reading is what
the device sent for an instant, the finest kind where there are several: its own hours where it sends nothing else. So it does not depend on what
else came when. One that is no valid value is not judged.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detectors.directory import OXYGEN, Directory
from detectors.gas import OXYGEN_GUARD_PCT, at_baseline
from detectors.means import in_force
from detectors.rulings import Key, Ruling, compared, not_judged
from detectors.weighting import flow_beside
from schemas.codes import FLAG_MARKED, FLAG_NORMAL, KIND_LENGTH_S, Kind, NotJudged, SiteKind
from schemas.columns import PERIOD_INSTANT, Readings
from schemas.registry import Registry
from standards.limits import limits_for
from standards.parameters import AUXILIARY, CONVERTED
from standards.rules import PERIOD_OF_AVERAGING, rules

_KINDS = frozenset({SiteKind.STACK, SiteKind.EFFLUENT})


class Samples:
    """Judges single readings; costs a set look-up a site where no such limit is bound."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._version = -1
        self._sites: frozenset[str] = frozenset()

    def rulings(self, readings: Readings) -> Iterator[tuple[Key, Ruling]]:
        """Yield what is to be said of the readings of closed hours, as far as a limit for single ones is bound."""
        if self._version != self._directory.version:
            self._version, self._sites = self._directory.version, _limited_sites(self._directory.registry)
        if not self._sites:
            return
        for number in np.unique(readings.series).tolist():
            if self._directory.series[number][0] in self._sites:
                yield from self._of_series(number, _finest(readings.take(readings.series == number)), readings)

    def _of_series(self, number: int, rows: Readings, readings: Readings) -> Iterator[tuple[Key, Ruling]]:
        site, parameter = self._directory.series[number]
        if parameter in AUXILIARY or parameter.endswith(CONVERTED):
            return
        oxygen = self._oxygen(site, rows, readings)
        for row, at in enumerate(rows.observed_at.tolist()):
            limit = limits_for(self._directory.registry, site, parameter, "instant", at).limit
            if limit is None:
                continue
            value, basis, reason = float(rows.value[row]), "measured", ""
            if limit.needs_conversion:
                basis, o2 = "converted", oxygen[row : row + 1]
                value = float(at_baseline(rows.value[row : row + 1], o2, limit.baseline_o2_pct or 0.0)[0])
                reason = "" if value == value else _why_unconverted(float(o2[0]))
            reason = _why_invalid(int(rows.flag[row])) or reason
            key = (number, PERIOD_INSTANT, at)
            yield key, not_judged(limit, limit.binding_id, reason, basis) if reason else compared(value, limit, basis)

    def _oxygen(self, site: str, rows: Readings, readings: Readings) -> NDArray[np.float64]:
        """Return the valid oxygen of the same instant beside each row, NaN where there is none."""
        oxygen = self._directory.site_series[site].get(OXYGEN, -1)
        both = Readings.concat([rows, in_force(readings.take(readings.series == oxygen))])
        instant = both.observed_at * len(KIND_LENGTH_S) + both.kind
        beside = np.where(both.series == oxygen, -1, oxygen)
        return flow_beside(both.series, instant, both.value, both.flag == FLAG_NORMAL, beside)[: len(rows)]


def _finest(rows: Readings) -> Readings:
    """Return one reading of a series for each instant, of the finest kind; the device's own day values are none."""
    rows = in_force(rows.take(rows.kind <= Kind.HOUR))
    rows = rows.take(np.lexsort((rows.kind, rows.observed_at)))
    first = np.ones(len(rows), dtype=bool)
    first[1:] = rows.observed_at[1:] != rows.observed_at[:-1]
    return rows.take(first)


def _limited_sites(registry: Registry) -> frozenset[str]:
    """Return the sites that have any limit for single samples, at whatever time."""
    standards = {rule.standard for rule in rules() if rule.period == "instant"}
    permits = {p.site for p in registry.permit if PERIOD_OF_AVERAGING.get(p.averaging or "") == "instant"}
    bound = {b.site for b in registry.binding if b.site and b.standard in standards}
    return frozenset(site for site in permits | bound if site in registry.sites and registry.sites[site].kind in _KINDS)


def _why_invalid(flag: int) -> str:
    if flag == FLAG_NORMAL:
        return ""
    return NotJudged.MARKED.value if flag == FLAG_MARKED else NotJudged.TOO_FEW_SAMPLES.value


def _why_unconverted(o2_pct: float) -> str:
    return (NotJudged.OXYGEN_GUARD if o2_pct >= OXYGEN_GUARD_PCT else NotJudged.CONVERSION_MISSING).value

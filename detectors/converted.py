"""Converted values that do not follow from what the device itself measured (折算异常).

The device's hour mean of a `-Zs` value is held against both orders of averaging, the converted mean and the mean of converted samples:
HJ 212 D.2.3 prescribes neither (facts.md 6.2). Off both by more than 2 % it is a finding: a wrong baseline, a frozen oxygen, or tampering.
Blind where oxygen is at the guard of 20.5 %, where no limit names a baseline, and to differences below a thousandth of the limit (rounding).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.beside import Neighbours, beside
from detectors.directory import OXYGEN, Directory
from detectors.findings import of_hour
from detectors.gas import at_baseline, converted_limit
from detectors.means import in_force
from schemas.codes import FLAG_NORMAL, FindingKind
from schemas.columns import Means, Readings
from schemas.events import Finding
from schemas.identity import content_id
from schemas.times import hour_start
from standards.judgement import NOISE
from standards.limits import Limit
from standards.parameters import CONVERTED

TOLERANCE: Final = 0.02
"""Share by which an honest converted mean may be off."""
ROUNDING: Final = 0.001
"""Differences below this share of the limit are the rounding of what is sent."""


@dataclass(frozen=True)
class Pair:
    """A measured hour mean and the device's own converted one."""

    site: str
    parameter: str
    start: int
    measured: int
    """Row of the measured mean."""
    told: int
    """Row of the `-Zs` mean."""
    oxygen: int
    """Series of the oxygen."""

    @property
    def finding_id(self) -> str:
        """The natural id of what there is to say of it."""
        return str(content_id("finding", FindingKind.CONVERTED_MISMATCH, self.site, self.parameter, self.start))


def mismatches(directory: Directory, readings: Readings, hours: Means, now: int) -> dict[str, Finding | None]:
    """Return, by finding id, what is to be said of each hour that has a measured and a converted mean (None: nothing).

    `hours` are the closed means of `readings`, with `converted` filled; all series of a site and hour are among them.
    """
    return _compared(directory, readings, hours, list(_pairs(directory, hours)), now)


def new_mismatches(directory: Directory, readings: Readings, hours: Means, now: int) -> list[Finding]:
    """Return what is to be said of hours that close, of which nothing was said before."""
    pairs = list(_suspects(directory, hours)) if len(hours) else []
    return [finding for finding in _compared(directory, readings, hours, pairs, now).values() if finding is not None]


def _suspects(directory: Directory, hours: Means) -> Iterator[Pair]:
    """Yield the pairs whose means are not the same within the tolerance."""
    near, neighbours = beside(directory), Neighbours(hours)
    measured = neighbours.rows(near.measured[hours.series])
    ours = np.where(measured >= 0, hours.converted[measured], np.nan)
    apart = hours.valid & (np.abs(hours.value - ours) > (TOLERANCE + NOISE) * np.abs(ours))
    for told in np.flatnonzero(apart).tolist():
        series = int(hours.series[told])
        site, name = directory.series[series]
        oxygen, start = int(near.oxygen[series]), int(hours.start[told])
        yield Pair(site, name.removesuffix(CONVERTED), start, int(measured[told]), told, oxygen)


def _compared(
    directory: Directory, readings: Readings, hours: Means, pairs: Sequence[Pair], now: int
) -> dict[str, Finding | None]:
    found: dict[str, Finding | None] = {pair.finding_id: None for pair in pairs}
    suspects = [(pair, limit) for pair in pairs if (limit := _limit_missed(directory, pair, hours)) is not None]
    if suspects:
        samples = _samples(readings, hours, [pair for pair, _ in suspects])
        for pair, limit in suspects:
            detail = _mismatch(pair, limit, hours, samples)
            if detail:
                found[pair.finding_id] = of_hour(
                    FindingKind.CONVERTED_MISMATCH, pair.site, pair.parameter, pair.start, now, detail
                )
    return found


def _pairs(directory: Directory, hours: Means) -> Iterator[Pair]:
    converted = [s for s in np.unique(hours.series).tolist() if directory.series[s][1].endswith(CONVERTED)]
    if not converted:
        return
    rows = {key: row for row, key in enumerate(zip(hours.series.tolist(), hours.start.tolist(), strict=True))}
    for told in np.flatnonzero(np.isin(hours.series, converted)).tolist():
        site, name = directory.series[int(hours.series[told])]
        start, beside, parameter = int(hours.start[told]), directory.site_series[site], name.removesuffix(CONVERTED)
        measured = rows.get((beside.get(parameter, -1), start))
        if measured is not None and OXYGEN in beside:
            yield Pair(site, parameter, start, measured, told, beside[OXYGEN])


def _limit_missed(directory: Directory, pair: Pair, hours: Means) -> Limit | None:
    """Return the limit whose oxygen the converted mean does not follow from; None where it does, or cannot be compared."""
    told, ours = float(hours.value[pair.told]), float(hours.converted[pair.measured])
    if not hours.valid[pair.told] or np.isnan(ours):
        return None
    limit = converted_limit(directory, pair.site, pair.parameter, pair.start)
    return None if limit is None or _agrees(told, ours, limit) else limit


def _agrees(told: float, ours: float, limit: Limit) -> bool:
    difference = abs(told - ours)
    return difference <= (TOLERANCE + NOISE) * abs(ours) or difference <= ROUNDING * (limit.maximum or 0.0)


def _samples(readings: Readings, hours: Means, pairs: Sequence[Pair]) -> Readings:
    """Return the valid readings of the pairs' measured values and oxygen, sorted by series, kind and instant."""
    asked = {int(hours.series[pair.measured]) for pair in pairs} | {pair.oxygen for pair in pairs}
    rows = in_force(readings.take(np.isin(readings.series, np.array(sorted(asked), np.int32))))
    return rows.take(rows.flag == FLAG_NORMAL)


def _mismatch(pair: Pair, limit: Limit, hours: Means, samples: Readings) -> dict[str, object]:
    """Return the figures of a mismatch, nothing where the other order of averaging explains the hour."""
    told, ours, baseline = float(hours.value[pair.told]), float(hours.converted[pair.measured]), limit.baseline_o2_pct
    other = _mean_of_converted(pair, hours, samples, baseline or 0.0)
    if other is not None and _agrees(told, other, limit):
        return {}
    nearest = min((ours, ours if other is None else other), key=lambda figure: abs(told - figure))
    return {
        "told": told,
        "converted_mean": ours,
        "mean_of_converted": other,
        "off_pct": 100 * (told / nearest - 1) if nearest else None,
        "measured": float(hours.value[pair.measured]),
        "baseline_o2_pct": baseline,
        "rule": limit.rule_id,
        "binding": limit.binding_id,
    }


def _mean_of_converted(pair: Pair, hours: Means, samples: Readings, baseline_pct: float) -> float | None:
    """Return the mean of the hour's samples, each converted with the oxygen of its own instant."""
    kind = int(hours.kind[pair.measured])
    measured = _of_hour(samples, int(hours.series[pair.measured]), kind, pair.start)
    oxygen = _of_hour(samples, pair.oxygen, kind, pair.start)
    _, mine, its = np.intersect1d(measured.observed_at, oxygen.observed_at, return_indices=True)
    converted = at_baseline(measured.value[mine], oxygen.value[its], baseline_pct)
    converted = converted[~np.isnan(converted)]
    return float(converted.mean()) if len(converted) else None


def _of_hour(samples: Readings, series: int, kind: int, start: int) -> Readings:
    first, end = np.searchsorted(samples.series, [series, series + 1])
    rows = samples.take(slice(int(first), int(end)))
    return rows.take((rows.kind == kind) & (hour_start(rows.observed_at) == start))

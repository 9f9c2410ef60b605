"""Verdicts: a mean against the limit in force; each limit only ever meets the mean its averaging names.

The permit's figure goes first (facts.md 5.1). A limit for converted values meets the device's own converted mean (`-Zs`), else the mean
converted here; where neither is there the verdict is `not_judged`, never a wrong one. A device that sends nothing but converted values is
judged by them, under the name of the measured parameter.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Final

import numpy as np

from detectors.directory import OXYGEN, Directory
from detectors.gas import OXYGEN_GUARD_PCT
from detectors.marking import Marking
from detectors.plain_verdicts import PlainVerdicts
from detectors.rulings import Key, Ruling, columns, compared, not_judged
from detectors.samples import Samples
from detectors.start_stop import start_stop_rulings
from detectors.water import class_rulings
from schemas.codes import NotJudged, SiteKind
from schemas.columns import Means, Readings
from standards.limits import PERMIT, Limit, LimitDecision, limits_for
from standards.parameters import AUXILIARY, CONVERTED, base_code
from standards.rules import LimitPeriod
from standards.surface_water import nitrogen
from store.port import Verdicts

WATER_TEMPERATURE = "w01010"
APART = "apart"
"""Basis of a verdict that has no say in the class of its water."""
_JUDGED_KINDS = frozenset({SiteKind.STACK, SiteKind.EFFLUENT, SiteKind.SURFACE_WATER})
_LIMIT_PERIODS: Final[tuple[LimitPeriod, ...]] = ("hour", "day", "month")


@dataclass
class _Window:
    """The means of a batch by (series, period, start), so that a rule can look at its neighbours."""

    means: Means

    @cached_property
    def rows(self) -> dict[Key, int]:
        """Row of each (series, period, start)."""
        keys = zip(self.means.series.tolist(), self.means.period.tolist(), self.means.start.tolist(), strict=True)
        return {key: row for row, key in enumerate(keys)}

    def valid_value(self, series: int | None, key: Key) -> float | None:
        """Return the valid mean of another series in the window of `key`."""
        row = self.rows.get((series, key[1], key[2])) if series is not None else None
        return float(self.means.value[row]) if row is not None and self.means.valid[row] else None


class Judge:
    """Judges closed means of stacks, effluents and surface water; ambient air is rated by its index, not by limits.

    All means of a site and window must come in one call: a rule looks at the converted value or the water's temperature beside.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._samples = Samples(directory)

    def verdicts(self, means: Means, readings: Readings | None = None, marking: Marking | None = None) -> Verdicts:
        """Return one verdict for each mean that a rule, or the lack of any, has something to say about.

        With the `readings` that hour means were made of, and what is left out of them: also those on single readings, and on hours of start and stop.
        """
        single = () if readings is None else self._samples.rulings(readings)
        others = columns(chain(class_rulings(self._directory, means), single))
        of_means = self._of_means(means) if len(means) else Verdicts.empty()
        if readings is not None and marking is not None:
            of_means = _instead(of_means, start_stop_rulings(self._directory, readings, means, marking))
        return Verdicts.concat([of_means, others])

    def _of_means(self, means: Means) -> Verdicts:
        """Return the verdicts on means in the order of these: most by columns, the others one by one."""
        plain = PlainVerdicts(self._directory, means)
        rows, verdicts = plain.verdicts()
        rest = np.ones(len(means), dtype=bool)
        rest[plain.rows] = rest[plain.beside_measured] = False
        window, ruled = _Window(means), []
        for row in np.flatnonzero(rest).tolist():
            key = self._subject(window, row)
            ruling = None if key is None else self._verdict(window, key)
            if key is not None and ruling is not None:
                ruled.append((row, (key, ruling)))
        if not ruled:
            return verdicts
        order = np.argsort(np.concatenate((rows, [row for row, _ in ruled])), kind="stable")
        return Verdicts.concat([verdicts, columns(found for _, found in ruled)]).take(order)

    def _subject(self, window: _Window, row: int) -> Key | None:
        """Return what is judged at a row: a measured series, or one of which a device sends nothing but the converted value."""
        means = window.means
        series, period, start = int(means.series[row]), int(means.period[row]), int(means.start[row])
        judged = self._judged_as(series)
        if judged is None or (judged != series and (judged, period, start) in window.rows):
            return None
        return judged, period, start

    def _judged_as(self, series: int) -> int | None:
        """Return the series that a verdict on a series is about, None where nothing is judged."""
        parameter, site = self._directory.series[series][1], self._directory.site_of(series)
        if site is None or site.kind not in _JUDGED_KINDS or parameter in AUXILIARY:
            return None
        if not parameter.endswith(CONVERTED):
            return series
        return int(self._directory.channels([(site.id, base_code(parameter))])[0])

    def _verdict(self, window: _Window, key: Key) -> Ruling | None:
        decision = self._decision(window, key)
        limit, binding = decision.limit, decision.binding_id
        if limit is None:
            return not_judged(None, binding, decision.reason) if decision.reason else None
        site, parameter = self._directory.series[key[0]]
        beside = self._directory.site_series[site]
        told = window.rows.get((beside.get(parameter + CONVERTED, -1), *key[1:]))
        row = window.rows.get(key)
        if row is None:
            return _as_told(window.means, told, limit, binding)
        if limit.needs_conversion:
            return _converted(window, key, told, beside.get(OXYGEN), limit, binding)
        if not window.means.valid[row]:
            return not_judged(limit, binding, str(window.means.reason[row]))
        return compared(float(window.means.value[row]), limit, self._basis(key))

    def _basis(self, key: Key) -> str:
        """Return what a figure is taken for: the total nitrogen of a lake is rated apart."""
        site = self._directory.site_of(key[0])
        apart = site is not None and site.kind is SiteKind.SURFACE_WATER
        return APART if apart and self._directory.series[key[0]][1] == nitrogen().code else "measured"

    def _decision(self, window: _Window, key: Key) -> LimitDecision:
        site, parameter = self._directory.series[key[0]]
        water = self._directory.site_series[site].get(WATER_TEMPERATURE)
        return limits_for(
            self._directory.registry,
            site,
            parameter,
            _LIMIT_PERIODS[key[1]],
            key[2],
            water_temperature=window.valid_value(water, key),
        )


def _instead(verdicts: Verdicts, found: dict[Key, Ruling]) -> Verdicts:
    """Return verdicts with other rulings in the place of those of the same key."""
    if not found:
        return verdicts
    keys = zip(verdicts.series.tolist(), verdicts.period.tolist(), verdicts.start.tolist(), strict=True)
    kept = np.array([key not in found for key in keys], dtype=bool)
    return Verdicts.concat([verdicts.take(kept), columns(found.items())])


def _as_told(means: Means, told: int | None, limit: Limit, binding: str) -> Ruling | None:
    """Judge what a device says that sends converted values only."""
    if told is None:
        return None
    reason = str(means.reason[told])
    if not limit.needs_conversion and limit.standard != PERMIT:
        reason = NotJudged.MEASURED_MISSING.value
    if reason:
        return not_judged(limit, binding, reason, "converted")
    return compared(float(means.value[told]), limit, "converted")


def _converted(window: _Window, key: Key, told: int | None, oxygen: int | None, limit: Limit, binding: str) -> Ruling:
    """Judge the device's own converted mean, else ours."""
    means, row = window.means, window.rows[key]
    if told is not None and means.valid[told]:
        return compared(float(means.value[told]), limit, "converted")
    if not means.valid[row]:
        return not_judged(limit, binding, str(means.reason[row]), "converted")
    if not np.isnan(means.converted[row]):
        return compared(float(means.converted[row]), limit, "converted")
    measured = window.valid_value(oxygen, key)
    guarded = measured is not None and measured >= OXYGEN_GUARD_PCT
    reason = NotJudged.OXYGEN_GUARD if guarded else NotJudged.CONVERSION_MISSING
    return not_judged(limit, binding, reason, "converted")

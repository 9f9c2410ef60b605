"""Verdicts: a mean against the limit in force; each limit only ever meets the mean its averaging names.

The permit's figure goes first (facts.md 5.1). A limit for converted values meets the device's own converted mean (`-Zs`), else the mean
converted here; where neither is there the verdict is `not_judged`, never a wrong one. A device that sends nothing but converted values is
judged by them, under the name of the measured parameter.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from detectors.directory import Directory
from detectors.gas import OXYGEN, OXYGEN_GUARD_PCT
from schemas.codes import NotJudged, Outcome, SiteKind
from schemas.columns import PERIOD_HOUR, Means
from standards.judgement import judge
from standards.limits import PERMIT, Limit, LimitDecision, limits_for
from standards.parameters import AUXILIARY, CONVERTED, base_code
from store.port import Verdicts

WATER_TEMPERATURE = "w01010"
_JUDGED_KINDS = frozenset({SiteKind.STACK, SiteKind.EFFLUENT})
_NAN = float("nan")
_Key = tuple[int, int, int]


@dataclass(frozen=True)
class _Verdict:
    outcome: Outcome
    limit: Limit | None
    binding: str
    value: float = _NAN
    times_over: float = _NAN
    reason: str = ""
    basis: str = "measured"


@dataclass
class _Window:
    """The means of a batch by (series, period, start), so that a rule can look at its neighbours."""

    means: Means

    @cached_property
    def rows(self) -> dict[_Key, int]:
        """Row of each (series, period, start)."""
        keys = zip(self.means.series.tolist(), self.means.period.tolist(), self.means.start.tolist(), strict=True)
        return {key: row for row, key in enumerate(keys)}

    def valid_value(self, series: int | None, key: _Key) -> float | None:
        """Return the valid mean of another series in the window of `key`."""
        row = self.rows.get((series, key[1], key[2])) if series is not None else None
        return float(self.means.value[row]) if row is not None and self.means.valid[row] else None


class Judge:
    """Judges closed means of stacks and effluents; ambient air is rated by its index, not by limits.

    All means of a site and window must come in one call: a rule looks at the converted value or the water's temperature beside.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def verdicts(self, means: Means) -> Verdicts:
        """Return one verdict for each mean that a rule, or the lack of any, has something to say about."""
        window = _Window(means)
        return _columns((key, self._verdict(window, key)) for key in self._subjects(window))

    def subjects(self, means: Means) -> list[_Key]:
        """Return (series, period, start) of all that may be judged of means."""
        return list(self._subjects(_Window(means)))

    def _subjects(self, window: _Window) -> Iterator[_Key]:
        """Yield what is judged: measured series, and those of which a device sends nothing but the converted value."""
        known = {series: self._judged_as(series) for series in np.unique(window.means.series).tolist()}
        any_judged = any(judged is not None for judged in known.values())
        for key in window.rows if any_judged else ():
            judged = known[key[0]]
            if judged is not None and (judged == key[0] or (judged, *key[1:]) not in window.rows):
                yield judged, *key[1:]

    def _judged_as(self, series: int) -> int | None:
        """Return the series that a verdict on a series is about, None where nothing is judged."""
        parameter, site = self._directory.series[series][1], self._directory.site_of(series)
        if site is None or site.kind not in _JUDGED_KINDS or parameter in AUXILIARY:
            return None
        if not parameter.endswith(CONVERTED):
            return series
        return int(self._directory.channels([(site.id, base_code(parameter))])[0])

    def _verdict(self, window: _Window, key: _Key) -> _Verdict | None:
        decision = self._decision(window, key)
        limit, binding = decision.limit, decision.binding_id
        if limit is None:
            return _Verdict(Outcome.NOT_JUDGED, None, binding, reason=decision.reason) if decision.reason else None
        site, parameter = self._directory.series[key[0]]
        beside = self._directory.site_series[site]
        told = window.rows.get((beside.get(parameter + CONVERTED, -1), *key[1:]))
        row = window.rows.get(key)
        if row is None:
            return _as_told(window.means, told, limit, binding)
        if limit.needs_conversion:
            return _converted(window, key, told, beside.get(OXYGEN), limit, binding)
        if not window.means.valid[row]:
            return _Verdict(Outcome.NOT_JUDGED, limit, binding, reason=str(window.means.reason[row]))
        return _compared(float(window.means.value[row]), limit, binding, "measured")

    def _decision(self, window: _Window, key: _Key) -> LimitDecision:
        site, parameter = self._directory.series[key[0]]
        water = self._directory.site_series[site].get(WATER_TEMPERATURE)
        return limits_for(
            self._directory.registry,
            site,
            parameter,
            "hour" if key[1] == PERIOD_HOUR else "day",
            key[2],
            water_temperature=window.valid_value(water, key),
        )


def _as_told(means: Means, told: int | None, limit: Limit, binding: str) -> _Verdict | None:
    """Judge what a device says that sends converted values only."""
    if told is None:
        return None
    reason = str(means.reason[told])
    if not limit.needs_conversion and limit.standard != PERMIT:
        reason = NotJudged.MEASURED_MISSING.value
    if reason:
        return _Verdict(Outcome.NOT_JUDGED, limit, binding, reason=reason, basis="converted")
    return _compared(float(means.value[told]), limit, binding, "converted")


def _converted(
    window: _Window, key: _Key, told: int | None, oxygen: int | None, limit: Limit, binding: str
) -> _Verdict:
    """Judge the device's own converted mean, else ours."""
    means, row = window.means, window.rows[key]
    if told is not None and means.valid[told]:
        return _compared(float(means.value[told]), limit, binding, "converted")
    if not means.valid[row]:
        return _Verdict(Outcome.NOT_JUDGED, limit, binding, reason=str(means.reason[row]), basis="converted")
    if not np.isnan(means.converted[row]):
        return _compared(float(means.converted[row]), limit, binding, "converted")
    measured = window.valid_value(oxygen, key)
    guarded = measured is not None and measured >= OXYGEN_GUARD_PCT
    reason = NotJudged.OXYGEN_GUARD if guarded else NotJudged.CONVERSION_MISSING
    return _Verdict(Outcome.NOT_JUDGED, limit, binding, reason=reason, basis="converted")


def _compared(value: float, limit: Limit, binding: str, basis: str) -> _Verdict:
    outcome, times_over = judge(value, limit.minimum, limit.maximum)
    return _Verdict(outcome, limit, binding, value, _NAN if times_over is None else times_over, basis=basis)


def _columns(found: Iterable[tuple[_Key, _Verdict | None]]) -> Verdicts:
    rows = [(key, verdict) for key, verdict in found if verdict is not None]
    verdicts = [verdict for _, verdict in rows]
    return Verdicts.of(
        series=[key[0] for key, _ in rows],
        period=[key[1] for key, _ in rows],
        start=[key[2] for key, _ in rows],
        outcome=[v.outcome.value for v in verdicts],
        value=[v.value for v in verdicts],
        limit_min=[_bound(v.limit.minimum if v.limit else None) for v in verdicts],
        limit_max=[_bound(v.limit.maximum if v.limit else None) for v in verdicts],
        times_over=[v.times_over for v in verdicts],
        reason=[str(v.reason) for v in verdicts],
        rule=[v.limit.rule_id if v.limit else "" for v in verdicts],
        binding=[v.binding for v in verdicts],
        basis=[v.basis for v in verdicts],
    )


def _bound(figure: float | None) -> float:
    return _NAN if figure is None else figure

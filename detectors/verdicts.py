"""Verdicts: a mean against the limit in force; each limit only ever meets the mean its averaging names.

The permit's figure goes first (facts.md 5.1). A limit for converted values meets the device's own converted mean (`-Zs`), else the mean
converted here; where neither is there the verdict is `not_judged`, never a wrong one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from detectors.directory import Directory
from detectors.gas import OXYGEN, OXYGEN_GUARD_PCT
from schemas.codes import NotJudged, Outcome, SiteKind
from schemas.columns import PERIOD_HOUR, Means
from standards.judgement import judge
from standards.limits import Limit, LimitDecision, limits_for
from standards.parameters import AUXILIARY, CONVERTED
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
    rows: dict[_Key, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = zip(self.means.series.tolist(), self.means.period.tolist(), self.means.start.tolist(), strict=True)
        self.rows = {key: row for row, key in enumerate(keys)}

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
        judged = np.fromiter((self._is_judged(s) for s in means.series.tolist()), dtype=bool, count=len(means))
        if not judged.any():
            return Verdicts.empty()
        window = _Window(means)
        return _columns(means, ((row, self._verdict(window, row)) for row in np.flatnonzero(judged).tolist()))

    def _is_judged(self, series: int) -> bool:
        parameter = self._directory.series[series][1]
        site = self._directory.site_of(series)
        return (
            site is not None
            and site.kind in _JUDGED_KINDS
            and not parameter.endswith(CONVERTED)
            and parameter not in AUXILIARY
        )

    def _verdict(self, window: _Window, row: int) -> _Verdict | None:
        means = window.means
        key = (int(means.series[row]), int(means.period[row]), int(means.start[row]))
        site, parameter = self._directory.series[key[0]]
        beside = self._directory.site_series[site]
        decision = limits_for(
            self._directory.registry,
            site,
            parameter,
            "hour" if key[1] == PERIOD_HOUR else "day",
            key[2],
            water_temperature=window.valid_value(beside.get(WATER_TEMPERATURE), key),
        )
        if decision.limit is None:
            return (
                _Verdict(Outcome.NOT_JUDGED, None, decision.binding_id, reason=decision.reason)
                if decision.reason
                else None
            )
        if decision.limit.needs_conversion:
            told = window.rows.get((beside.get(parameter + CONVERTED, -1), *key[1:]))
            return _converted(window, row, told, beside.get(OXYGEN), decision)
        if not means.valid[row]:
            return _Verdict(Outcome.NOT_JUDGED, decision.limit, decision.binding_id, reason=str(means.reason[row]))
        return _compared(float(means.value[row]), decision.limit, decision.binding_id, "measured")


def _converted(
    window: _Window, row: int, told: int | None, oxygen: int | None, decision: LimitDecision
) -> _Verdict | None:
    """Judge the device's own converted mean, else ours."""
    limit, binding, means = decision.limit, decision.binding_id, window.means
    if told is not None and means.valid[told]:
        return _compared(float(means.value[told]), limit, binding, "converted") if limit else None
    if not means.valid[row]:
        return _Verdict(Outcome.NOT_JUDGED, limit, binding, reason=str(means.reason[row]), basis="converted")
    if not np.isnan(means.converted[row]) and limit:
        return _compared(float(means.converted[row]), limit, binding, "converted")
    key = (int(means.series[row]), int(means.period[row]), int(means.start[row]))
    measured = window.valid_value(oxygen, key)
    guarded = measured is not None and measured >= OXYGEN_GUARD_PCT
    reason = NotJudged.OXYGEN_GUARD if guarded else NotJudged.CONVERSION_MISSING
    return _Verdict(Outcome.NOT_JUDGED, limit, binding, reason=reason, basis="converted")


def _compared(value: float, limit: Limit, binding: str, basis: str) -> _Verdict:
    outcome, times_over = judge(value, limit.minimum, limit.maximum)
    return _Verdict(outcome, limit, binding, value, _NAN if times_over is None else times_over, basis=basis)


def _columns(means: Means, found: Iterator[tuple[int, _Verdict | None]]) -> Verdicts:
    rows = [(row, verdict) for row, verdict in found if verdict is not None]
    at = np.array([row for row, _ in rows], dtype=np.int64)
    verdicts = [verdict for _, verdict in rows]
    return Verdicts.of(
        series=means.series[at],
        period=means.period[at],
        start=means.start[at],
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

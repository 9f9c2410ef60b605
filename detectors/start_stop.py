"""Particulates of a waste incinerator while it starts or stops: the hour is held to 150 mg/m³ at 11 % oxygen (GB 18484-2020 7.2.4).

Marks of start-up and shut-down take all else out of the judgement inside their time (facts.md 6.4, 6.5). GB 18485-2014 has the same figure only as
recalled (R for GB 18484). The day mean is untouched: these hours do not count for it. What device marks take out stays out.
"""

from typing import Final

import numpy as np

from detectors.directory import Directory
from detectors.gas import with_amounts
from detectors.marking import Marking
from detectors.means import hour_means
from detectors.rulings import Key, Ruling, compared, not_judged
from schemas.codes import FLAG_MARKED, FLAG_NORMAL, NotJudged
from schemas.columns import Means, Readings
from schemas.marks import START_AND_STOP
from schemas.times import HOUR_US, hour_start
from standards.incineration import RULE_ID, is_incinerator
from standards.limits import Limit, limits_for
from standards.parameters import CONVERTED
from standards.rules import rules

PARTICULATES: Final = "a34013"


def start_stop_rulings(directory: Directory, readings: Readings, hours: Means, marking: Marking) -> dict[Key, Ruling]:
    """Return what is to be said of the hours of particulates that marks of start and stop took out."""
    found = {}
    for row in np.flatnonzero(hours.reason == NotJudged.MARKED.value).tolist() if marking.stretches else ():
        number, start = int(hours.series[row]), int(hours.start[row])
        site, parameter = directory.series[number]
        if (
            parameter == PARTICULATES
            and _is_starting(marking, site, start)
            and is_incinerator(directory.registry, site)
        ):
            found[number, int(hours.period[row]), start] = _ruling(directory, readings, marking, site, start)
    return found


def _is_starting(marking: Marking, site: str, start: int) -> bool:
    parts = marking.stretches.get(site, ())
    return any(p.mark.kind in START_AND_STOP and p.start < start + HOUR_US and p.end > start for p in parts)


def _ruling(directory: Directory, readings: Readings, marking: Marking, site: str, start: int) -> Ruling:
    limit = _limit(directory, site, start)
    mine = list(directory.site_series[site].values())
    rows = readings.take(np.isin(readings.series, mine) & (hour_start(readings.observed_at) == start))
    rows = _replaced(rows, marking, directory, site)
    hours = with_amounts(directory, hour_means(rows, directory.validity()))
    told = hours.take(hours.series == directory.site_series[site].get(PARTICULATES + CONVERTED, -1))
    if told.valid.any():
        return compared(float(told.value[0]), limit, "converted")
    ours = hours.take(hours.series == directory.site_series[site][PARTICULATES])
    if ours.valid.any() and not np.isnan(ours.converted[0]):
        return compared(float(ours.converted[0]), limit, "converted")
    reason = str(ours.reason[0]) or NotJudged.CONVERSION_MISSING.value
    return not_judged(limit, limit.binding_id, reason, "converted")


def _replaced(rows: Readings, marking: Marking, directory: Directory, site: str) -> Readings:
    """Return the rows as if nobody had marked a start or a stop."""
    flag = np.where(rows.flag == FLAG_MARKED, FLAG_NORMAL, rows.flag).astype(np.uint8)
    others = [p for p in marking.stretches[site] if p.mark.kind not in START_AND_STOP]
    unmarked = Readings(rows.series, rows.kind, rows.observed_at, rows.value, flag, rows.sent_at, rows.sha8)
    return Marking({site: others}).without_marked(unmarked, directory.series, directory.validity())


def _limit(directory: Directory, site: str, start: int) -> Limit:
    rule = next(rule for rule in rules() if rule.rule_id == RULE_ID)
    bound = limits_for(directory.registry, site, PARTICULATES, "hour", start).binding_id
    row = rule.row
    return Limit(
        minimum=None,
        maximum=rule.maximum,
        unit=row["unit"],
        rule_id=rule.rule_id,
        binding_id=bound,
        standard=rule.standard,
        averaging=row["averaging"],
        baseline_o2_pct=rule.baseline_o2_pct,
        confidence=row["confidence"],
        source=row["source"],
    )

"""The class of surface water: per reading and per station month, the worst item decides (单因子评价, GB 3838-2002, 环办〔2011〕22号).

Each item is judged by the limit of the target class (`detectors/verdicts.py`); here the classes of all items of one site and window are
put together, TN left apart. What is heard of an exceedance are its items: the class has a verdict, and no alert of its own.
"""

from collections import defaultdict
from collections.abc import Iterator

from detectors.directory import Directory
from detectors.rulings import Key, Ruling, not_judged
from schemas.codes import NotJudged, Outcome, SiteKind
from schemas.columns import PERIOD_DAY, Means
from standards.limits import Limit
from standards.parameters import canonical_unit, factor
from standards.surface_water import Item, WaterClasses, classify
from standards.water_targets import GB_3838, WATER_CLASS, WaterTarget, is_apart, rated_items, target_of

SINGLE_FACTOR = "single_factor"
"""Basis of a verdict on a class; the HJ 212 codes that decide follow it."""
_Window = tuple[str, int, int]
"""(site, period, start)."""
_Mean = tuple[float, str]
"""(value, why it is invalid: "" where it is valid)."""


def class_rulings(directory: Directory, means: Means) -> Iterator[tuple[Key, Ruling]]:
    """Yield what there is to say of the class of each site and window that has means of any item."""
    for (site, period, start), heard in _heard(directory, means).items():
        target = target_of(directory.registry, site, start)
        if target is None or not heard.keys() & _items(target).keys():
            continue
        number = int(directory.channels([(site, WATER_CLASS)])[0])
        yield (number, period, start), _ruling(target, heard)


def rate(target: WaterTarget, values: dict[str, float]) -> WaterClasses:
    """Return the class of one row of values by HJ 212 code, in the units of surface water sites."""
    items = _items(target)
    return classify(
        target.body,
        {
            items[code].name: [value * factor(canonical_unit(SiteKind.SURFACE_WATER, code), items[code].unit)]
            for code, value in values.items()
            if code in items
        },
    )


def deciding_codes(target: WaterTarget, classes: WaterClasses) -> list[str]:
    """Return the HJ 212 codes of the items that are in the class of the whole."""
    deciding = set(classes.deciding(0))
    return [code for code, item in rated_items(target.body).items() if item.name in deciding]


def _items(target: WaterTarget) -> dict[str, Item]:
    return {code: item for code, item in rated_items(target.body).items() if not is_apart(item)}


def _heard(directory: Directory, means: Means) -> dict[_Window, dict[str, _Mean]]:
    """Return the means of surface water by window and HJ 212 code."""
    found: dict[_Window, dict[str, _Mean]] = defaultdict(dict)
    water = directory.kept("water", lambda: frozenset(s for s in directory.series if _is_water(directory, s)))
    if water.isdisjoint(means.series.tolist()):
        return found
    columns = (means.series, means.period, means.start, means.value, means.reason)
    for series, period, start, value, reason in zip(*(column.tolist() for column in columns), strict=True):
        if series in water and period != PERIOD_DAY:
            site, parameter = directory.series[series]
            found[site, period, start][parameter] = (value, reason)
    return found


def _is_water(directory: Directory, series: int) -> bool:
    site = directory.site_of(series)
    return site is not None and site.kind is SiteKind.SURFACE_WATER


def _ruling(target: WaterTarget, heard: dict[str, _Mean]) -> Ruling:
    limit = Limit(None, float(target.rank), "-", GB_3838, target.binding_id, GB_3838, "single_factor", None, "", "")
    classes = rate(target, {code: value for code, (value, reason) in heard.items() if not reason})
    rank = int(classes.rank[0]) if len(classes.rank) else 0
    if not rank:
        reasons = {reason for _, reason in heard.values()}
        reason = NotJudged.MARKED if NotJudged.MARKED.value in reasons else NotJudged.TOO_FEW_SAMPLES
        return not_judged(limit, target.binding_id, reason.value, SINGLE_FACTOR)
    outcome = Outcome.EXCEEDED if rank > target.rank else Outcome.MET
    basis = " ".join((SINGLE_FACTOR, *deciding_codes(target, classes)))
    return Ruling(outcome, limit, target.binding_id, float(rank), basis=basis)

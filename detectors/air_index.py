"""The air quality index of a station, from its closed hour or day means (HJ 633-2012, HJ 633-2026 by date or by the city's binding)."""

import json
from collections import defaultdict

import numpy as np

from detectors.directory import Directory
from schemas.codes import AqiStandard, Period, SiteKind
from schemas.columns import PERIOD_HOUR, Means
from standards.air_quality import ITEM_OF_CODE, Averaging, aqi_of, standard_at
from store.port import IndexRow


def standard_for(directory: Directory, city: str | None, instant: int) -> AqiStandard:
    """Return the index standard of a place at an instant: the city's binding, else by date."""
    for binding in directory.registry.city_bindings.get(city or "", ()):
        if binding.aqi and binding.covers(instant):
            return binding.aqi
    return standard_at(instant)


def station_indices(directory: Directory, means: Means) -> list[IndexRow]:
    """Return the index of each (ambient station, window) among the means; a window without an index has aqi None."""
    windows = _windows(directory, means)
    batches: dict[tuple[AqiStandard, int], list[tuple[str, int]]] = defaultdict(list)
    for site, period, start in windows:
        city = directory.registry.sites[site].city
        batches[standard_for(directory, city, start), period].append((site, start))
    return [row for key, group in batches.items() for row in _indices(*key, group, windows)]


_Windows = dict[tuple[str, int, int], dict[str, float]]


def _windows(directory: Directory, means: Means) -> _Windows:
    found: _Windows = defaultdict(dict)
    ambient: dict[int, tuple[str, str] | None] = {}
    for series in set(means.series.tolist()):
        site = directory.site_of(series)
        ambient[series] = directory.series[series] if site is not None and site.kind is SiteKind.AMBIENT_AIR else None
    columns = (
        means.series.tolist(),
        means.period.tolist(),
        means.start.tolist(),
        means.value.tolist(),
        means.valid.tolist(),
    )
    for series, period, start, value, valid in zip(*columns, strict=True):
        pair = ambient[series]
        item = ITEM_OF_CODE[_averaging(period)].get(pair[1]) if pair else None
        if pair and item:
            found[pair[0], period, start][item] = value if valid else np.nan
    return found


def _averaging(period: int) -> Averaging:
    return "hour" if period == PERIOD_HOUR else "day"


def _indices(standard: AqiStandard, period: int, group: list[tuple[str, int]], windows: _Windows) -> list[IndexRow]:
    averaging = _averaging(period)
    given = [windows[site, period, start] for site, start in group]
    items = list(ITEM_OF_CODE[averaging].values())
    columns = {item: np.array([values.get(item, np.nan) for values in given]) for item in items}
    index = aqi_of(standard, averaging, columns)
    word = Period.HOUR if period == PERIOD_HOUR else Period.DAY
    return [
        IndexRow(
            site,
            False,
            word.value,
            start,
            standard.value,
            index.aqi_at(row),
            index.primary_codes(row),
            _detail(given[row]),
        )
        for row, (site, start) in enumerate(group)
    ]


def _detail(values: dict[str, float]) -> str:
    return json.dumps({item: None if value != value else round(value, 6) for item, value in sorted(values.items())})

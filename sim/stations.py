"""Replays hourly station files as the stations' loggers would have sent them: Beijing's PRSA columns, labelled by the hour's start.

CO is in µg/m³ in these files and in mg/m³ on the wire; it is turned here, at the rim. NA is a value that was not sent.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from schemas.codes import AqiStandard, Kind, SiteKind
from schemas.errors import InvalidConfiguration
from schemas.registry import Binding, City, Device, Registry, Site
from schemas.times import HOUR_US, date_us, to_cst
from schemas.topics import report_topic
from sim.arrivals import ON_THE_WAY_US, Arrival

BEIJING: Final = "110000"
"""City and region of the stations where the registry does not know them."""

POLLUTANTS: Final = {
    "PM2.5": "a34004",
    "PM10": "a34002",
    "SO2": "a21026",
    "NO2": "a21004",
    "CO": "a21005",
    "O3": "a05024",
}
_CODES: Final = [(code, 1000.0 if column == "CO" else 1.0) for column, code in POLLUTANTS.items()]
"""Code on the wire, and by what the file's figure is divided."""
_NEEDED: Final = ("year", "month", "day", "hour", *POLLUTANTS)


@dataclass(frozen=True)
class StationHour:
    """What one station measured in one hour."""

    start: int
    """µs."""
    values: tuple[tuple[str, float], ...]
    """(HJ 212 code, value in the unit of the wire); missing ones are absent."""


@dataclass(frozen=True)
class StationFile:
    """One station's hours, in order of time."""

    station: str
    hours: list[StationHour]

    def between(self, first: date, last: date) -> "StationFile":
        """Return only the hours of the days `first` to `last`, both inclusive."""
        low, high = date_us(first), date_us(date.fromordinal(last.toordinal() + 1))
        return StationFile(self.station, [hour for hour in self.hours if low <= hour.start < high])


def read_station(path: Path) -> StationFile:
    """Return the hours of one file (`.csv` or `.csv.gz`); raises InvalidConfiguration naming file and line."""
    rows = csv.reader(io.StringIO(_content(path)))
    names = next(rows, [])
    lacking = [column for column in _NEEDED if column not in names]
    if lacking:
        raise InvalidConfiguration(f"{path}: no column {', '.join(lacking)}")
    at = [names.index(column) for column in _NEEDED]
    hours, row = [], list[str]()
    for row in rows:
        try:
            hours.append(_hour([row[i] for i in at]))
        except (ValueError, IndexError) as error:
            raise InvalidConfiguration(f"{path}: line {rows.line_num}: {error}") from None
    named = row[names.index("station")] if row and "station" in names else path.name.split("_")[0].split(".")[0]
    return StationFile(named, sorted(hours, key=_start))


def _start(hour: StationHour) -> int:
    return hour.start


def _content(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{path}: {error}") from None


def _hour(cells: list[str]) -> StationHour:
    year, month, day, hour = map(int, cells[:4])
    pairs = zip(_CODES, cells[4:], strict=True)
    values = tuple([(code, float(text) / per) for (code, per), text in pairs if text != "NA"])
    return StationHour(_midnight(year, month, day) + hour * HOUR_US, values)


@lru_cache(maxsize=4096)
def _midnight(year: int, month: int, day: int) -> int:
    return date_us(date(year, month, day))


@dataclass(frozen=True)
class Station:
    """Where a station's reports go."""

    site_id: str
    device_id: str
    topic: str


def station_of(name: str, registry: Registry) -> Station | None:
    """Return the registered station of that name (site id, or the site's name), or None."""
    wanted = name.casefold()
    for site in registry.site:
        if wanted in (site.id.casefold(), site.id.casefold().rpartition("-")[2], site.name.casefold()):
            for device in registry.device:
                if site.id in device.sites:
                    return Station(site.id, device.id, _topic(registry, device.id))
    return None


def _topic(registry: Registry, device_id: str) -> str:
    return report_topic(registry.region_of(device_id), device_id)


def with_stations(registry: Registry, names: list[str]) -> Registry:
    """Return the registry with stations, loggers and the city's binding for those names that it lacks."""
    lacking = sorted({name for name in names if station_of(name, registry) is None})
    if not lacking:
        return registry
    tables = registry.model_dump(exclude_unset=True)
    tables["site"] = tables.get("site", []) + [_new_site(name).model_dump() for name in lacking]
    tables["device"] = tables.get("device", []) + [_new_device(name).model_dump() for name in lacking]
    if BEIJING not in registry.cities:
        tables["city"] = [*tables.get("city", []), City(id=BEIJING, name="北京市", name_en="Beijing").model_dump()]
    if BEIJING not in registry.city_bindings:
        tables["binding"] = [*tables.get("binding", []), _new_binding().model_dump()]
    return Registry.from_tables(tables)


def _new_site(name: str) -> Site:
    return Site(id=f"bj-{name.lower()}", kind=SiteKind.AMBIENT_AIR, name=name, region=BEIJING, city=BEIJING)


def _new_device(name: str) -> Device:
    return Device(id=f"mn-bj-{name.lower()}", sites=[f"bj-{name.lower()}"])


def _new_binding() -> Binding:
    return Binding(
        city=BEIJING,
        thresholds="CN-2024-06",
        aqi=AqiStandard.HJ633_2012,
        effective_from=date(2013, 1, 1),
        reason="replay of measurements of 2013-2017, judged by the thresholds of 2024",
    )


def hour_arrivals(file: StationFile, station: Station) -> Iterator[Arrival]:
    """Yield one report for each hour in which anything was measured, 5 s after its end."""
    for hour in file.hours:
        if hour.values:
            yield Arrival(
                hour.start + HOUR_US + ON_THE_WAY_US, station.topic, _payload(hour, station.site_id), station.device_id
            )


_HOUR: Final = Kind.HOUR.wire


def _payload(hour: StationHour, site_id: str) -> bytes:
    """Return the report; formatted by hand, since a replay makes hundreds of thousands of them."""
    readings = ",".join(f'["{code}",{value!r}]' for code, value in hour.values)
    start, end = _text(hour.start), _text(hour.start + HOUR_US)
    text = f'{{"observed_at":"{start}","sent_at":"{end}","kind":"{_HOUR}","site":"{site_id}","readings":[{readings}]}}'
    return text.encode()


@lru_cache(maxsize=65536)
def _text(instant_us: int) -> str:
    return to_cst(instant_us).isoformat()


def merged(timelines: list[list[Arrival]]) -> list[Arrival]:
    """Return all arrivals in order of time."""
    return sorted((arrival for timeline in timelines for arrival in timeline), key=_arrived)


def _arrived(arrival: Arrival) -> tuple[int, str]:
    return arrival.at, arrival.device_id

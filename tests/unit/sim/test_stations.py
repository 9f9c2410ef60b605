"""Hourly station files become what a logger would have sent."""

import json
from pathlib import Path

import pytest

from schemas.errors import InvalidConfiguration
from schemas.registry import Registry
from sim.stations import hour_arrivals, read_station, station_of, with_stations

HEADER = '"No","year","month","day","hour","PM2.5","PM10","SO2","NO2","CO","O3","station"\n'


def file_with(folder: Path, *rows: str) -> Path:
    """Return a station file with these rows."""
    path = folder / "Dongsi_201402.csv"
    path.write_text(HEADER + "\n".join(rows), encoding="utf-8")
    return path


def test_carbon_monoxide_is_sent_in_milligrams_and_missing_values_not_at_all(tmp_path: Path) -> None:
    file = read_station(file_with(tmp_path, '1,2014,2,1,0,9,NA,3,17,300,89,"Dongsi"'))

    assert dict(file.hours[0].values) == {"a34004": 9.0, "a21026": 3.0, "a21004": 17.0, "a21005": 0.3, "a05024": 89.0}


def test_an_hour_is_named_by_its_start_and_arrives_after_its_end(tmp_path: Path) -> None:
    registry = with_stations(Registry(), ["Dongsi"])
    station = station_of("Dongsi", registry)
    assert station is not None

    (arrival,) = hour_arrivals(read_station(file_with(tmp_path, '1,2014,2,1,7,9,9,3,17,300,89,"Dongsi"')), station)

    assert json.loads(arrival.payload)["observed_at"] == "2014-02-01T07:00:00+08:00"
    assert arrival.at == 1391212800_000_000 + 5_000_000  # 2014-02-01T00:00:05Z


def test_an_hour_without_any_value_is_not_sent(tmp_path: Path) -> None:
    registry = with_stations(Registry(), ["Dongsi"])
    station = station_of("Dongsi", registry)
    assert station is not None

    file = read_station(file_with(tmp_path, '1,2014,2,1,7,NA,NA,NA,NA,NA,NA,"Dongsi"'))

    assert list(hour_arrivals(file, station)) == []


def test_a_broken_row_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="line 2"):
        read_station(file_with(tmp_path, '1,2014,2,1,x,9,9,3,17,300,89,"Dongsi"'))


def test_a_registry_that_knows_the_station_stays_as_it_is() -> None:
    registry = with_stations(Registry(), ["Dongsi"])

    assert with_stations(registry, ["Dongsi"]) is registry

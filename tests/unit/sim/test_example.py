"""The bundled registry is sound, and its limits are in force in the month that is replayed."""

from datetime import date

import pytest

from schemas.codes import SiteKind
from schemas.times import date_us
from sim.example import beijing_files, example_registry
from standards.limits import limits_for


def test_the_bundled_registry_has_twelve_stations_and_at_least_fifty_sites():
    registry = example_registry()

    assert len(registry.stations["110000"]) == 12
    assert sum(site.kind is not SiteKind.AMBIENT_AIR for site in registry.site) >= 50
    assert len(beijing_files()) == 12


@pytest.mark.parametrize(
    ("site", "parameter", "period", "maximum"),
    [
        ("coal-01", "a21026", "hour", 35.0),  # permit
        ("coal-20", "a21026", "hour", 100.0),  # GB 13223, new
        ("coal-20", "a21002", "hour", 100.0),
        ("crusher-01", "a34013", "hour", 20.0),  # permit: GB 4915-2013 takes effect in March
        ("wwtp-01", "w01018", "day", 40.0),  # permit
        ("wwtp-14", "w21011", "day", 0.5),  # built after 2006
    ],
)
def test_the_fleet_has_limits_in_february_2014(site, parameter, period, maximum):
    limit = limits_for(example_registry(), site, parameter, period, date_us(date(2014, 2, 21))).limit

    assert limit is not None
    assert limit.maximum == maximum

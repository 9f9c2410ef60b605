"""The simulated fleet: reproducible, within its limits, and through its incidents."""

from datetime import date

import pytest

from schemas.times import DAY_US, HOUR_US, date_us
from sim.example import example_registry
from sim.fleet import Fleet
from sim.incidents import Incident, read_incidents

START = date_us(date(2014, 2, 8))
INCIDENTS = {incident.kind: incident for incident in read_incidents()}


def fleet(*incidents: Incident, start: int = START) -> Fleet:
    """Return one day of the example's fleet."""
    return Fleet(example_registry(), start, start + DAY_US, incidents=incidents)


def day_of(incident: Incident) -> int:
    """Return the first instant of the day on which the incident begins."""
    return (incident.start + 8 * HOUR_US) // DAY_US * DAY_US - 8 * HOUR_US


def test_every_site_reports_every_ten_minutes() -> None:
    assert len(fleet()) == 54 * 144


def test_the_same_seed_sends_the_same_bytes() -> None:
    assert fleet().arrivals(START, START + HOUR_US) == fleet().arrivals(START, START + HOUR_US)


def test_a_site_does_not_depend_on_its_neighbours() -> None:
    registry = example_registry()
    alone = registry.model_copy(update={"device": [d for d in registry.device if d.id == "mn-wwtp-05"]})

    one = Fleet(alone, START, START + DAY_US).arrivals(START, START + HOUR_US)

    assert one == [a for a in fleet().arrivals(START, START + HOUR_US) if a.device_id == "mn-wwtp-05"]


@pytest.mark.parametrize(
    ("parameter", "limit"), [("a21026-Zs", 35), ("a21002-Zs", 100), ("a34013", 10), ("w01018", 40)]
)
def test_without_incident_no_value_comes_near_its_limit(parameter: str, limit: float) -> None:
    rows = [m.values[:, m.parameters.index(parameter)].max() for m in fleet().monitors if parameter in m.parameters]

    assert 0 < max(rows) < 0.9 * limit


def test_a_bypass_raises_only_what_it_names() -> None:
    incident = INCIDENTS["bypass"]
    calm, troubled = fleet(start=day_of(incident)), fleet(incident, start=day_of(incident))
    before, after = calm.monitors[6], troubled.monitors[6]

    raised = {p for i, p in enumerate(before.parameters) if (before.values[:, i] != after.values[:, i]).any()}

    assert (after.site_id, raised) == (incident.site, {"a21026", "a21026-Zs"})


def test_a_burst_sends_the_same_report_again() -> None:
    assert len(fleet(INCIDENTS["duplicates"])) == 54 * 144 + INCIDENTS["duplicates"].truth.duplicate


def test_late_data_come_all_at_once() -> None:
    incident = INCIDENTS["late"]
    assert incident.arrives is not None
    troubled = fleet(incident, start=day_of(incident))

    late = [a for a in troubled.arrivals(incident.arrives, incident.arrives + 1) if a.device_id == "mn-coal-12"]

    assert len(late) == 12

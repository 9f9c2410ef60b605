"""The score of the fleet: every incident told, nothing else."""

from schemas.times import HOUR_US
from sim.example import example_registry
from sim.incidents import Incident, read_incidents
from sim.results import AlertFound
from sim.score import Score, score

INCIDENTS = {incident.id: incident for incident in read_incidents()}


def about(incident: Incident) -> AlertFound:
    """Return the alert that the truth asks for."""
    assert incident.truth.alert is not None
    assert incident.truth.raised is not None
    return AlertFound(
        alert_id=incident.id,
        kind=incident.truth.alert,
        state="resolved",
        grade="red",
        raised_at=incident.truth.raised[0],
        sites=frozenset([incident.site]),
        parameter=next(iter(incident.truth.parameters), None),
    )


def scored(*alerts: AlertFound, duplicates: int = 90) -> Score:
    """Return the score of these alerts."""
    sites = {"coal-07", "coal-12", "crusher-04", "wwtp-05", "coal-01"}
    books = {"mn-wwtp-05": duplicates}
    return score(INCIDENTS.values(), alerts, example_registry(), fleet=sites, duplicates=books)


ALL = [about(INCIDENTS[name]) for name in ("bypass", "silence", "late")]


def test_all_incidents_told_and_nothing_else_is_perfect() -> None:
    assert scored(*ALL).perfect


def test_a_missing_alert_is_a_missed_incident() -> None:
    assert scored(*ALL[1:]).missed == ["bypass: 0 alerts of kind exceedance"]


def test_duplicates_that_are_not_in_the_books_are_missed() -> None:
    assert not scored(*ALL, duplicates=89).perfect


def test_an_alert_without_incident_is_a_false_one() -> None:
    stray = AlertFound("stray", "exceedance", "open", "blue", ALL[0].raised_at, sites=frozenset(["coal-01"]))

    assert len(scored(*ALL, stray).elsewhere) == 1


def test_an_alert_elsewhere_in_the_city_is_not_the_fleets() -> None:
    city = AlertFound("city", "heavy_pollution", "open", "orange", ALL[0].raised_at, city="110000")

    assert scored(*ALL, city).perfect


def warning(site: str, hours: int) -> AlertFound:
    """Return an early warning so many hours after the bypass began."""
    raised = INCIDENTS["bypass"].start + hours * HOUR_US
    return AlertFound("w", "early_warning", "resolved", "blue", raised, sites=frozenset([site]), parameter="a21026")


def test_early_warnings_are_kept_apart_from_false_alarms() -> None:
    found = scored(*ALL, warning("coal-07", 1), warning("coal-01", 1), warning("coal-07", 48))

    assert (found.perfect, found.warned, len(found.warned_elsewhere)) == (True, 1, 2)

"""Holds the alerts about the simulated fleet against the ground truth: every incident told, nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.codes import FindingKind
from schemas.registry import Registry
from schemas.times import cst_text
from sim.incidents import Incident
from sim.results import AlertFound


@dataclass
class Score:
    """How the fleet's incidents were told."""

    told: list[str] = field(default_factory=list)
    """Ids of the incidents of which everything that must be known is known."""
    missed: list[str] = field(default_factory=list)
    """What is not known, in words."""
    elsewhere: list[str] = field(default_factory=list)
    """Alerts that no incident explains, in words."""
    warned: int = 0
    """Early warnings of hours in which an incident that exceeds went on."""
    warned_elsewhere: list[str] = field(default_factory=list)
    """Early warnings without an incident, in words: told apart, since a warning claims no exceedance."""

    @property
    def perfect(self) -> bool:
        """Whether every incident was told, and nothing else."""
        return not self.missed and not self.elsewhere


def score(
    incidents: Iterable[Incident],
    alerts: Iterable[AlertFound],
    registry: Registry,
    *,
    fleet: set[str],
    duplicates: dict[str, int],
) -> Score:
    """Compare alerts about the sites in `fleet` with the truth; `duplicates` are the books' sums by device."""
    owner = {site: device.id for device in registry.device for site in device.sites}
    told = [alert for alert in alerts if alert.sites & fleet]
    warnings = [alert for alert in told if alert.kind == FindingKind.EARLY_WARNING]
    about = [alert for alert in told if alert.kind != FindingKind.EARLY_WARNING]
    incidents = list(incidents)
    result, explained = Score(), set()
    for incident in incidents:
        matching = [alert for alert in about if _explains(incident, alert)]
        explained |= {alert.alert_id for alert in matching}
        problem = _problem(incident, matching, duplicates.get(owner[incident.site], 0))
        (result.missed if problem else result.told).append(problem or incident.id)
    stray = [alert for alert in warnings if not any(_foretells(alert, incident) for incident in incidents)]
    result.warned, result.warned_elsewhere = len(warnings) - len(stray), [_text(alert) for alert in stray]
    result.elsewhere = [_text(alert) for alert in about if alert.alert_id not in explained]
    return result


def _explains(incident: Incident, alert: AlertFound) -> bool:
    truth = incident.truth
    return (
        alert.kind == truth.alert
        and incident.site in alert.sites
        and (not truth.parameters or alert.parameter in truth.parameters)
        and (truth.raised is None or truth.raised[0] <= alert.raised_at < truth.raised[1])
    )


def _foretells(alert: AlertFound, incident: Incident) -> bool:
    """Whether an early warning came while an incident was on its way to what it had to be alerted for."""
    truth = incident.truth
    return (
        truth.alert == FindingKind.EXCEEDANCE
        and incident.site in alert.sites
        and (not truth.parameters or alert.parameter in truth.parameters)
        and incident.start <= alert.raised_at <= incident.to
    )


def _problem(incident: Incident, matching: list[AlertFound], duplicates: int) -> str:
    if incident.truth.alert is not None and len(matching) != max(1, len(incident.truth.parameters)):
        return f"{incident.id}: {len(matching)} alerts of kind {incident.truth.alert}"
    if duplicates < incident.truth.duplicate:
        return f"{incident.id}: {duplicates} duplicates in the books, {incident.truth.duplicate} were sent"
    return ""


def _text(alert: AlertFound) -> str:
    subject = alert.device or ", ".join(sorted(alert.sites))
    return f"{alert.kind} at {subject} {alert.parameter or ''} raised {cst_text(alert.raised_at)}"

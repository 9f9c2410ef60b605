"""Who is told of an alert, and why: a pure decision for each recipient."""

from enum import StrEnum
from typing import Final

from alerts import lifecycle
from schemas.codes import Grade
from schemas.registry import Recipient, Registry
from store.alert_port import Alert


class Reason(StrEnum):
    """Why a recipient is told, or is not."""

    ITS_SITE = "its_site"
    """The recipient stands for the organisation that owns a site of the alert."""
    ITS_CITY = "its_city"
    EVERYTHING = "everything"
    """The recipient is bound to no organisation and no city."""
    NO_STEP = "no_step"
    """Nothing that people need to be told has changed."""
    OWN_DOING = "own_doing"
    """A person did it: the desk knows."""
    OTHER_KIND = "other_kind"
    BELOW_GRADE = "below_grade"
    OTHER_ORGANISATION = "other_organisation"
    OTHER_CITY = "other_city"


TELLING: Final = frozenset({Reason.ITS_SITE, Reason.ITS_CITY, Reason.EVERYTHING})
_OWN_DOING: Final = frozenset({lifecycle.Reason.ACKNOWLEDGED, lifecycle.Reason.CLOSED})


def why_notify(
    alert: Alert, change: lifecycle.Reason, recipient: Recipient, registry: Registry, before: Grade | None = None
) -> Reason:
    """Return why `recipient` is, or is not, told of a change; `before` is the grade before it.

    A recipient who was told of a high grade is told that it fell, even below its own threshold.
    """
    if change in lifecycle.SILENT:
        return Reason.NO_STEP
    if change in _OWN_DOING:
        return Reason.OWN_DOING
    if recipient.kinds and alert.kind not in recipient.kinds:
        return Reason.OTHER_KIND
    if max(alert.grade.rank, before.rank if before else 0) < recipient.min_grade.rank:
        return Reason.BELOW_GRADE
    return _why_concerned(alert, recipient, registry)


def _why_concerned(alert: Alert, recipient: Recipient, registry: Registry) -> Reason:
    if recipient.organisation and recipient.organisation not in organisations_of(alert, registry):
        return Reason.OTHER_ORGANISATION
    if recipient.city and recipient.city not in cities_of(alert, registry):
        return Reason.OTHER_CITY
    if recipient.organisation:
        return Reason.ITS_SITE
    return Reason.ITS_CITY if recipient.city else Reason.EVERYTHING


def organisations_of(alert: Alert, registry: Registry) -> set[str]:
    """Return the organisations that own the sites of an alert."""
    sites = (registry.sites.get(site_id) for site_id in alert.sites)
    return {site.organisation for site in sites if site and site.organisation}


def cities_of(alert: Alert, registry: Registry) -> set[str]:
    """Return the cities an alert lies in."""
    sites = (registry.sites.get(site_id) for site_id in alert.sites)
    return {site.city for site in sites if site and site.city} | ({alert.city} if alert.city else set())

"""What people were told, read through the alerts' own port: the same code for both stores."""

from typing import Final

from schemas.codes import FindingKind
from schemas.registry import Registry
from sim.results import AlertFound, NotificationFound
from store.alert_port import Alert, AlertFilter, AlertStore

EVERY_ALERT: Final = AlertFilter(limit=1_000_000)
WHOLE_DEVICE: Final = frozenset({FindingKind.SILENT_DEVICE, FindingKind.DEVICE_CLOCK, FindingKind.DEAD_LETTER})
"""Kinds that are about the logger, and so about every site it reports for."""


def alerts_of(store: AlertStore) -> list[AlertFound]:
    """Return every alert that was ever raised, with the highest grade of its history."""
    return [_found(alert, store) for alert in store.find_alerts(EVERY_ALERT)]


def notifications_of(store: AlertStore) -> list[NotificationFound]:
    """Return who was to be told what."""
    told = (n for alert in store.find_alerts(EVERY_ALERT) for n in store.notifications_of(alert.alert_id))
    return [NotificationFound(str(n.alert_id), n.recipient_id, n.step) for n in told]


def sites_of(kind: str, site_id: str | None, device_id: str | None, registry: Registry) -> frozenset[str]:
    """Return the site of a finding, or all sites of its device where it is about the device as a whole."""
    device = registry.devices.get(device_id or "")
    whole = device.sites if device and kind in WHOLE_DEVICE else []
    return frozenset([*whole, *([site_id] if site_id else [])])


def _found(alert: Alert, store: AlertStore) -> AlertFound:
    reached = [alert.grade, *(event.grade for event in store.alert_history(alert.alert_id))]
    return AlertFound(
        alert_id=str(alert.alert_id),
        kind=alert.kind.value,
        state=alert.state.value,
        grade=max(reached, key=lambda grade: grade.rank).value,
        raised_at=alert.raised_at,
        sites=frozenset([*alert.sites, *([alert.site_id] if alert.site_id else [])]),
        city=alert.city,
        device=alert.device_id,
        parameter=alert.parameter,
        reductions=bool(alert.detail.get("reductions")),
    )

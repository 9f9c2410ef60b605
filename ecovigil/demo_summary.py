"""What came out of a demonstration: figures, alerts, indices, books and the score, read from the database."""

from dataclasses import dataclass
from typing import Any

from schemas.codes import FindingKind
from schemas.registry import Registry
from schemas.times import DAY_US, from_us, to_us
from sim.fleet import Fleet
from sim.incidents import Incident
from sim.score import Score, score
from sim.told import EVERY_ALERT, alerts_of
from store.alert_port import Activation, Alert, AlertEvent, AlertStore
from store.postgres import Database
from store.sql import queries

SQL = queries("results")

Line = list[tuple[int, float | None]]
"""(instant µs, value) in order of time; None is a gap."""


@dataclass(frozen=True)
class Pace:
    """What the run cost."""

    reports: int
    wall_s: float
    cpu_s: dict[str, float]
    """By process."""


@dataclass(frozen=True)
class Exceedance:
    """One exceedance as a chart."""

    title: str
    unit: str
    values: Line
    limits: Line


@dataclass(frozen=True)
class Summary:
    """All that the end of a demonstration shows."""

    readings: int
    means: int
    judged: int
    exceeded: int
    books: dict[str, int]
    """received, stored, duplicate, rejected over all devices and days."""
    unbalanced: list[str]
    alerts: list[Alert]
    """In order of time."""
    episodes: list[AlertEvent]
    """How the grade of each heavy-pollution alert went, in order of time."""
    activations: list[Activation]
    city_index: Line
    exceedance: Exceedance | None
    score: Score
    incidents: list[Incident]
    pace: Pace

    @property
    def readings_per_s(self) -> float:
        """Readings stored by second of wall time."""
        return self.readings / self.pace.wall_s if self.pace.wall_s else 0.0

    @property
    def is_good(self) -> bool:
        """Whether the books balance and the score is perfect."""
        return not self.unbalanced and self.score.perfect


def summary_of(
    database: Database,
    store: AlertStore,
    registry: Registry,
    fleet: Fleet,
    incidents: list[Incident],
    city: str,
    pace: Pace,
) -> Summary:
    """Return what came out; raises Unavailable."""
    readings, means, judged, exceeded = _rows(database, "result_counts")[0]
    totals = _rows(database, "book_totals")
    alerts = sorted(store.find_alerts(EVERY_ALERT), key=lambda alert: (alert.raised_at, str(alert.alert_id)))
    sums = [sum(int(row[column]) for row in totals) for column in range(1, 5)]
    return Summary(
        readings=readings,
        means=means,
        judged=judged,
        exceeded=exceeded,
        books=dict(zip(("received", "stored", "duplicate", "rejected"), sums, strict=True)),
        unbalanced=[f"{device} {day}" for device, day, *_ in _rows(database, "unbalanced")],
        alerts=alerts,
        episodes=_episodes(store, alerts),
        activations=store.activations(),
        city_index=[
            (to_us(start), aqi) for start, aqi in _rows(database, "index_line", subject=city, period="running24")
        ],
        exceedance=_exceedance(database, alerts, registry),
        score=score(
            incidents,
            alerts_of(store),
            registry,
            fleet={monitor.site_id for monitor in fleet.monitors},
            duplicates={device: int(duplicate) for device, _, _, duplicate, _ in totals},
        ),
        incidents=incidents,
        pace=pace,
    )


def _episodes(store: AlertStore, alerts: list[Alert]) -> list[AlertEvent]:
    """Return the steps at which a heavy-pollution alert was raised, ended, or got another grade."""
    found: list[AlertEvent] = []
    for alert in alerts:
        if alert.kind is FindingKind.HEAVY_POLLUTION:
            before = None
            for event in store.alert_history(alert.alert_id):
                if (event.grade, event.state) != before:
                    found.append(event)
                before = (event.grade, event.state)
    return sorted(found, key=lambda event: event.at)


def _exceedance(database: Database, alerts: list[Alert], registry: Registry) -> Exceedance | None:
    """Return two days around the first exceedance alert."""
    alert = next((a for a in alerts if a.kind is FindingKind.EXCEEDANCE and a.first_start is not None), None)
    if alert is None or alert.first_start is None or alert.site_id is None:
        return None
    rows = _rows(
        database,
        "verdict_line",
        site=alert.site_id,
        parameter=alert.parameter,
        first=from_us(alert.first_start - DAY_US),
        last=from_us(alert.first_start + DAY_US),
    )
    return Exceedance(
        title=f"{registry.sites[alert.site_id].name or alert.site_id} · {alert.parameter}",
        unit=str(alert.detail.get("unit", "")),
        values=[(to_us(start), value) for start, value, _, _ in rows],
        limits=[(to_us(start), limit) for start, _, limit, _ in rows],
    )


def _rows(database: Database, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with database.read() as cursor:
        return cursor.execute(SQL[name], parameters).fetchall()

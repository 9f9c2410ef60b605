"""The results of a live run, read from PostgreSQL."""

from datetime import date
from typing import Any

from schemas.registry import Registry
from schemas.times import from_us
from sim.memory_results import PERIODS
from sim.results import AlertFound, FindingFound, IndexFound, MeanFound, NotificationFound, VerdictFound
from sim.told import alerts_of, notifications_of, sites_of
from store.alert_port import AlertStore
from store.port import BookEntry
from store.postgres import Database
from store.sql import queries

SQL = queries("results")


class DatabaseResults:
    """`Results` over the tables that the roles write; `alerts` reads the same database."""

    def __init__(self, database: Database, alerts: AlertStore, registry: Registry) -> None:
        self._database = database
        self._alerts = alerts
        self._registry = registry

    def mean(self, site: str, parameter: str, period: str, start: int) -> MeanFound | None:
        """Return the mean of a site's parameter."""
        rows = self._rows("mean", site=site, parameter=parameter, period=PERIODS[period], start=from_us(start))
        return MeanFound(*rows[0]) if rows else None

    def verdicts(self, site: str, parameter: str, period: str, start: int) -> list[VerdictFound]:
        """Return all versions of a verdict in turn, the one in force last."""
        rows = self._rows("verdicts", site=site, parameter=parameter, period=PERIODS[period], start=from_us(start))
        return [VerdictFound(*row) for row in rows]

    def index(self, subject: str, *, is_city: bool, period: str, start: int) -> IndexFound | None:
        """Return the index of a site or a city."""
        rows = self._rows("index", subject=subject, is_city=is_city, period=period, start=from_us(start))
        return IndexFound(rows[0][0], tuple(rows[0][1]), rows[0][2]) if rows else None

    def alerts(self) -> list[AlertFound]:
        """Return every alert that was ever raised."""
        return alerts_of(self._alerts)

    def findings(self) -> list[FindingFound]:
        """Return every finding that was not withdrawn."""
        return [
            FindingFound(kind, sites_of(kind, site, device, self._registry), city, device, parameter)
            for kind, site, city, device, parameter in self._rows("findings")
        ]

    def notifications(self) -> list[NotificationFound]:
        """Return who was to be told what."""
        return notifications_of(self._alerts)

    def book(self, device_id: str, day: date) -> BookEntry | None:
        """Return the reports of a device and China Standard Time day."""
        rows = self._rows("book", device_id=device_id, day=day)
        return BookEntry(*rows[0]) if rows else None

    def _rows(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self._database.read() as cursor:
            return cursor.execute(SQL[name], parameters).fetchall()

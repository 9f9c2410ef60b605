"""What a site discharged hour by hour, and when it stood, from PostgreSQL."""

from collections import defaultdict
from dataclasses import dataclass, field

from schemas.times import from_us, to_us
from store.postgres import Database
from store.sql import queries

SQL = queries("amounts")


@dataclass(frozen=True)
class SiteHours:
    """The hours of one site, by parameter."""

    mass_kg: dict[str, dict[int, float | None]] = field(default_factory=lambda: defaultdict(dict))
    """By the start of the hour; None where the mean is no valid one, or no flow fits."""
    stopped: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Starts of hours whose readings mostly say that the plant stands."""


class PostgresAmounts:
    """Reads amounts; decides nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hours(self, site: str, start: int, end: int) -> SiteHours:
        """Return the hours of a site that start in [start, end), µs."""
        asked, found = {"site": site, "start": from_us(start), "finish": from_us(end)}, SiteHours()
        with self._database.read() as cursor:
            for parameter, at, valid, mass_kg in cursor.execute(SQL["hours"], asked).fetchall():
                found.mass_kg[parameter][to_us(at)] = mass_kg if valid else None
            for parameter, at in cursor.execute(SQL["stopped"], asked).fetchall():
                found.stopped[parameter].add(to_us(at))
        return found

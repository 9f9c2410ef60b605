"""The accounts in PostgreSQL: presence and outages written, reports counted."""

from collections.abc import Sequence
from datetime import timedelta

from schemas.codes import Kind
from schemas.times import from_us, to_us
from store.account_port import HourCount, OwnOutage, Sender, Stretch
from store.postgres import Database
from store.sql import queries

SQL = queries("accounts")


class PostgresAccounts:
    """`AccountStore` over one Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note_presence(self, role: str, stretches: Sequence[Stretch], gap_us: int) -> None:
        """Note when a role could work, all in one transaction."""
        gap = timedelta(microseconds=gap_us)
        with self._database.transaction() as cursor:
            for since, until, missing in stretches:
                instants = {"since": from_us(since), "until": from_us(until)}
                cursor.execute(SQL["absence"], instants | {"role": role, "missing": missing, "gap": gap})
                cursor.execute(SQL["presence"], instants | {"role": role})

    def own_outages(self, start: int, end: int) -> list[OwnOutage]:
        """Return the outages that meet [start, end), in order."""
        with self._database.read() as cursor:
            rows = cursor.execute(SQL["outages"], {"start": from_us(start), "finish": from_us(end)}).fetchall()
        return [OwnOutage(role, to_us(began), to_us(ended), missing) for role, began, ended, missing in rows]

    def reports_by_hour(self, start: int, end: int, allowed_us: int) -> list[HourCount]:
        """Return the stored reports of [start, end) by device, kind and hour."""
        asked = {"start": from_us(start), "finish": from_us(end), "allowed": timedelta(microseconds=allowed_us)}
        with self._database.read() as cursor:
            rows = cursor.execute(SQL["hours"], asked).fetchall()
        return [
            HourCount(device, Kind(kind), to_us(hour), instants, late) for device, kind, hour, instants, late in rows
        ]

    def senders(self) -> list[Sender]:
        """Return every device that has sent a report, by id."""
        with self._database.read() as cursor:
            rows = cursor.execute(SQL["senders"]).fetchall()
        return [Sender(device, to_us(first), tuple(high)) for device, first, high in rows]

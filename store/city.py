"""The city role's slice of the store in PostgreSQL.

Delivery: index rows, findings, outbox and offsets are one fenced transaction; their natural keys make a repeat harmless.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.registry import Registry
from schemas.times import from_us, to_us
from store.city_port import CityBatch, Closed, StationMeans
from store.leases import PostgresLeases
from store.ledger_rows import write_loss
from store.port import FindingRow, IndexRow
from store.postgres import Database
from store.registry import RegistryStore
from store.sql import queries
from store.work_commit import write_findings, write_indices, write_outbox

SQL = queries("city")


class PostgresCityStore(PostgresLeases):
    """`CityStore` over one Database; see the port for what each call promises."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._registries = RegistryStore(database)

    def registry(self) -> tuple[int, Registry]:
        """Return the newest registry and its version."""
        return self._registries.registry()

    def registry_version(self) -> int:
        """Return the version of the newest registry."""
        return self._registries.registry_version()

    def lowest_tick(self, topic: str, partitions: int) -> int | None:
        """Return the lowest tick over partitions 0 … n-1 of a topic; None until each has ticked."""
        ((ticked, lowest),) = self._rows("lowest_tick", topic=topic, partitions=partitions)
        return to_us(lowest) if lowest and ticked >= partitions else None

    def station_means(self, sites: Sequence[str], period: int, start: int, end: int) -> StationMeans:
        """Return the current means of these sites that start in [start, end), in order of start, site, parameter."""
        rows = self._rows("station_means", sites=list(sites), period=period, start=from_us(start), end=from_us(end))
        if not rows:
            return StationMeans.empty()
        site, parameter, starts, value, valid, closed_at = zip(*rows, strict=True)
        return StationMeans.of(
            site=site,
            parameter=parameter,
            start=starts,
            value=[_nan(v) for v in value],
            valid=valid,
            closed_at=closed_at,
        )

    def closed_since(self, sites: Sequence[str], since: int) -> list[Closed]:
        """Return the periods of which current means of these sites were closed at `since` or later, in order of start, period."""
        rows = self._rows("closed_since", sites=list(sites), since=from_us(since))
        return [Closed(period, to_us(start), to_us(closed_at)) for period, start, closed_at in rows]

    def city_indices(self, city: str, start: int, end: int) -> list[IndexRow]:
        """Return the city's index rows of all periods that start in [start, end), in order of start, period."""
        rows = self._rows("city_indices", city=city, start=from_us(start), end=from_us(end))
        return [_index_row(city, row) for row in rows]

    def city_findings(self, city: str, kinds: Sequence[str]) -> list[FindingRow]:
        """Return the findings of these kinds about a city, in order of start."""
        rows = self._rows("city_findings", city=city, kinds=list(kinds))
        return [_finding_row(row) for row in rows]

    def city_edges(self, city: str, sites: Sequence[str]) -> tuple[int | None, int | None]:
        """Return (the earliest hour that has a mean of these sites and no hour row of the city, the last hour that has one)."""
        ((pending,),) = self._rows("first_pending", city=city, sites=list(sites))
        ((last,),) = self._rows("last_closed", city=city)
        return _instant(pending), _instant(last)

    def commit_city(self, batch: CityBatch) -> None:
        """Write everything in one transaction, the fence last; raises LeaseLost or Unavailable."""
        with self.database.transaction(batch.advances) as cursor:
            write_indices(cursor, batch.indices)
            write_findings(cursor, batch.findings)
            write_outbox(cursor, batch.outbox)
            for loss in batch.losses:
                write_loss(cursor, loss)

    def _rows(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.database.read() as cursor:
            return cursor.execute(SQL[name], parameters).fetchall()


def _index_row(city: str, row: tuple[Any, ...]) -> IndexRow:
    period, start, standard, aqi, primary, detail = row
    # jsonb orders keys its own way: written again as the writer does, so that equal rows compare equal
    text = json.dumps(detail, separators=(",", ":"), sort_keys=True)
    return IndexRow(city, True, period, to_us(start), standard, aqi, tuple(primary), text)


def _finding_row(row: tuple[Any, ...]) -> FindingRow:
    finding_id, kind, site_id, device_id, city, parameter, start, detected_at, payload = row
    told_at, window = to_us(detected_at), _instant(start)
    return FindingRow(finding_id, kind, site_id, device_id, city, parameter, window, told_at, payload.encode())


def _instant(at: datetime | None) -> int | None:
    return None if at is None else to_us(at)


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value

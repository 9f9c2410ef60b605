"""The city role's slice of the in-memory twin."""

from collections.abc import Sequence

from store.city_port import CityBatch, Closed, StationMeans
from store.memory_tables import MemorySlice
from store.port import FindingRow, IndexRow


class MemoryCity(MemorySlice):
    """The parts of `CityStore` that the worker's slice does not have yet, over dicts."""

    def lowest_tick(self, topic: str, partitions: int) -> int | None:
        """Return the lowest tick over partitions 0 … n-1 of a topic; None until each has ticked."""
        with self.tables.lock:
            rows = [self.tables.log_partition.get((topic, partition)) for partition in range(partitions)]
        ticks = [row.tick_at if row else 0 for row in rows]
        return min(ticks, default=0) or None

    def station_means(self, sites: Sequence[str], period: int, start: int, end: int) -> StationMeans:
        """Return the current means of these sites that start in [start, end), in order of start, site, parameter."""
        wanted, found = set(sites), []
        with self.tables.lock:
            for (site, parameter), series in self.tables.series.items():
                timeline = self.tables.mean.get((series, period)) if site in wanted else None
                if timeline is not None:
                    found += [(at, site, parameter, timeline.rows[at]) for at in timeline.between(start, end)]
        found.sort(key=lambda row: row[:3])
        return StationMeans.of(
            site=[row[1] for row in found],
            parameter=[row[2] for row in found],
            start=[row[0] for row in found],
            value=[float("nan") if row[3].value is None else row[3].value for row in found],
            valid=[row[3].valid for row in found],
            closed_at=[row[3].closed_at for row in found],
        )

    def closed_since(self, sites: Sequence[str], since: int) -> list[Closed]:
        """Return the periods of which current means of these sites were closed at `since` or later, in order of start, period."""
        wanted, last = set(sites), dict[tuple[int, int], int]()
        with self.tables.lock:
            numbers = {number for (site, _), number in self.tables.series.items() if site in wanted}
            for (series, period), timeline in self.tables.mean.items():
                for start, row in timeline.rows.items() if series in numbers else ():
                    if row.closed_at >= since:
                        last[start, period] = max(last.get((start, period), 0), row.closed_at)
        return [Closed(period, start, closed_at) for (start, period), closed_at in sorted(last.items())]

    def city_indices(self, city: str, start: int, end: int) -> list[IndexRow]:
        """Return the city's index rows of all periods that start in [start, end), in order of start, period."""
        with self.tables.lock:
            rows = [r for r in self.tables.air_index.values() if r.is_city and r.subject == city]
        return sorted((r for r in rows if start <= r.start < end), key=lambda r: (r.start, r.period))

    def city_findings(self, city: str, kinds: Sequence[str]) -> list[FindingRow]:
        """Return the findings of these kinds about a city, in order of start."""
        with self.tables.lock:
            rows = [f for f in self.tables.finding.values() if f.city == city and f.kind in kinds]
        return sorted(rows, key=lambda f: (f.start or 0, f.finding_id))

    def city_edges(self, city: str, sites: Sequence[str]) -> tuple[int | None, int | None]:
        """Return (the earliest hour that has a mean of these sites and no hour row of the city, the last hour that has one)."""
        with self.tables.lock:
            done = {
                r.start
                for r in self.tables.air_index.values()
                if r.is_city and r.subject == city and r.period == "hour"
            }
            series = [number for (site, _), number in self.tables.series.items() if site in set(sites)]
            there = {
                at for number in series if (number, 0) in self.tables.mean for at in self.tables.mean[number, 0].rows
            }
        return min(there - done, default=None), max(done, default=None)

    def commit_city(self, batch: CityBatch) -> None:
        """Write everything or nothing; raises LeaseLost."""
        with self.transaction(batch.advances) as tables:
            for row in batch.indices:
                tables.air_index[row.subject, row.is_city, row.period, row.start] = row
            for finding in batch.findings:
                tables.finding[finding.finding_id] = finding
            for event in batch.outbox:
                tables.send(event)
            for loss in batch.losses:
                tables.own_loss.setdefault((loss.cause, loss.subject), loss)

"""The accounts in the in-memory twin."""

from collections import defaultdict
from collections.abc import Sequence

from schemas.codes import Kind
from schemas.times import DAY_US, HOUR_US
from store.account_port import HourCount, OwnOutage, Sender, Stretch
from store.memory_tables import MemorySlice, ReportRow


class MemoryAccounts(MemorySlice):
    """`AccountStore` over dicts."""

    def note_presence(self, role: str, stretches: Sequence[Stretch], gap_us: int) -> None:
        """Note when a role could work."""
        with self.tables.lock:
            for since, until, missing in stretches:
                seen = self.tables.role_presence.get(role)
                if seen is not None and seen < since - gap_us:
                    self.tables.own_outage.setdefault((role, seen), OwnOutage(role, seen, since, missing))
                self.tables.role_presence[role] = max(until, seen or until)

    def own_outages(self, start: int, end: int) -> list[OwnOutage]:
        """Return the outages that meet [start, end), in order."""
        with self.tables.lock:
            found = [o for o in self.tables.own_outage.values() if o.ended_at > start and o.started_at < end]
        return sorted(found, key=lambda outage: (outage.started_at, outage.role))

    def reports_by_hour(self, start: int, end: int, allowed_us: int) -> list[HourCount]:
        """Return the stored reports of [start, end) by device, kind and hour."""
        groups: dict[tuple[str, int, int], list[ReportRow]] = defaultdict(list)
        with self.tables.lock:
            names = {number: device_id for device_id, number in self.tables.device.items()}
            for row in self.tables.report.values():
                if start <= row.observed_at < end:
                    groups[names[row.device], row.kind, row.observed_at // HOUR_US * HOUR_US].append(row)
        return [
            HourCount(device_id, Kind(kind), hour, len({r.observed_at for r in rows}), _late(rows, allowed_us))
            for (device_id, kind, hour), rows in sorted(groups.items())
        ]

    def senders(self) -> list[Sender]:
        """Return every device that has sent a report, by id."""
        with self.tables.lock:
            first: dict[int, int] = {}
            for row in self.tables.report.values():
                first[row.device] = min(row.observed_at, first.get(row.device, row.observed_at))
            known = [
                (name, number, self.tables.device_state.get(number)) for name, number in self.tables.device.items()
            ]
        met = [Sender(name, first[number], state.high) for name, number, state in known if state and number in first]
        return sorted(met)


def _late(rows: Sequence[ReportRow], allowed_us: int) -> int:
    return sum(row.received_at > _window_end(row) + allowed_us for row in rows)


def _window_end(row: ReportRow) -> int:
    if row.kind == Kind.DAY:
        return row.observed_at + DAY_US
    return row.observed_at // HOUR_US * HOUR_US + HOUR_US

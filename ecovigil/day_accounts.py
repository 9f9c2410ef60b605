"""The accounts of a day: the books of each device beside what was due from it, and when we ourselves were away."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from detectors.partition import DEADLINE_US
from detectors.transmission import Circumstances, Span, Transmission, common, owed_kinds, transmission
from schemas.codes import Kind
from schemas.marks import Mark, MarkKind
from schemas.registry import Device, Registry
from schemas.times import DAY_US, date_us
from standards.marks import left_out, merged
from store.account_port import AccountStore, HourCount, OwnOutage, Sender
from store.mark_reader import MarkReader
from store.port import BookEntry

TAKES_IN: Final = "bridge"
"""The role whose absence keeps devices from being heard; what the others miss waits in the log."""


class Books(Protocol):
    """Where the books are."""

    def books(self, day: date) -> list[BookEntry]:
        """Return the books of a day, by device."""
        ...


@dataclass(frozen=True)
class DeviceAccount:
    """One device and day."""

    books: BookEntry
    late: int
    """Stored reports that came when their window had been waited for."""
    sent: Transmission


@dataclass(frozen=True)
class DayAccounts:
    """All devices of a day, and our own outages."""

    devices: list[DeviceAccount]
    outages: list[OwnOutage]

    def total(self, day: date) -> DeviceAccount:
        """Return the sums of all devices."""
        books = [account.books for account in self.devices]
        sent = [account.sent for account in self.devices]
        entry = BookEntry(
            "合计 total",
            day,
            sum(entry.received for entry in books),
            sum(entry.stored for entry in books),
            sum(entry.duplicate for entry in books),
            sum(entry.rejected for entry in books),
        )
        whole = Transmission(sum(s.due for s in sent), sum(s.came for s in sent), sum(s.by_us for s in sent))
        return DeviceAccount(entry, sum(account.late for account in self.devices), whole)


@dataclass(frozen=True)
class Archive:
    """The stores that the accounts are made from, and the registry of now."""

    books: Books
    accounts: AccountStore
    marks: MarkReader
    registry: Registry


def accounts_of(day: date, archive: Archive, until: int) -> DayAccounts:
    """Return the accounts of a China Standard Time day, as of the instant `until`; raises Unavailable."""
    start = date_us(day)
    span = (start, start + DAY_US)
    outages = archive.accounts.own_outages(start, start + 2 * DAY_US)
    away = merged((o.started_at, o.ended_at) for o in outages if o.role == TAKES_IN)
    stopped = _stopped(archive, span)
    hours = _by_device(archive.accounts.reports_by_hour(*span, DEADLINE_US))
    senders = {sender.device_id: sender for sender in archive.accounts.senders()}
    books = {entry.device_id: entry for entry in archive.books.books(day)}
    devices = []
    for device_id in sorted({*books, *senders, *_owing(archive.registry)}):
        device, counts = archive.registry.devices.get(device_id), hours.get(device_id, [])
        sent = _sent(span, until, device, senders.get(device_id), counts, away, stopped)
        entry = books.get(device_id, BookEntry(device_id, day))
        if device_id in books or sent.due:
            devices.append(DeviceAccount(entry, sum(count.late for count in counts), sent))
    return DayAccounts(devices, [o for o in outages if o.started_at < span[1]])


def _sent(
    day: Span,
    until: int,
    device: Device | None,
    sender: Sender | None,
    counts: Sequence[HourCount],
    away: list[Span],
    stopped: dict[str, list[Span]],
) -> Transmission:
    if device is None:  # not registered (any more): nothing is due
        return Transmission()
    kinds = [Kind.from_wire(name) for name in device.owes] or (owed_kinds(sender.high) if sender else [])
    known = Circumstances(
        day=day,
        first_at=sender.first_at if sender else day[0],
        until=until,
        kinds=kinds,
        outages=away,
        stopped=common([stopped.get(site, []) for site in device.sites]),
        came={(count.kind, count.hour): count.instants for count in counts},
    )
    return transmission(known)


def _owing(registry: Registry) -> set[str]:
    return {device_id for device_id, device in registry.devices.items() if device.owes}


def _by_device(counts: Sequence[HourCount]) -> dict[str, list[HourCount]]:
    found: dict[str, list[HourCount]] = defaultdict(list)
    for count in counts:
        found[count.device_id].append(count)
    return found


def _stopped(archive: Archive, day: Span) -> dict[str, list[Span]]:
    """Return the stretches in which marks, entered in time, call a whole site stopped."""
    marks: dict[str, list[Mark]] = defaultdict(list)
    for mark in archive.marks.marks_over(sorted(archive.registry.sites), *day):
        if mark.kind is MarkKind.STOPPED and not mark.parameters:
            marks[mark.site_id].append(mark)
    return {
        site: merged((part.start, part.end) for part in left_out(archive.registry, of_site))
        for site, of_site in marks.items()
    }

"""What the accounts of a day are made from: reports by hour, who sends what, and when we ourselves were away; both stores serve it alike."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from schemas.codes import Kind


class HourCount(NamedTuple):
    """Stored reports of one device and kind in one hour of `observed_at`."""

    device_id: str
    kind: Kind
    hour: int
    """Start, µs."""
    instants: int
    """Different `observed_at`: several reports of one instant count once."""
    late: int
    """Reports that came after their window had been waited for."""


class Sender(NamedTuple):
    """A device that has sent at least one report."""

    device_id: str
    first_at: int
    """`observed_at` of its first report, µs."""
    high: tuple[int, ...]
    """`observed_at` of the last report by kind, µs; 0 = none."""


class OwnOutage(NamedTuple):
    """A time in which a role of ours could not work."""

    role: str
    started_at: int
    ended_at: int
    missing: str
    """What it lacked, in words parted by spaces; "" = the process itself was away."""


class Stretch(NamedTuple):
    """A time in which one process of a role could work without a break."""

    since: int
    until: int
    missing: str = ""
    """What it had lacked before `since`."""


class AccountStore(Protocol):
    """Reads see the last commit; raises Unavailable where the database is away."""

    def note_presence(self, role: str, stretches: Sequence[Stretch], gap_us: int) -> None:
        """Note when a role could work; what lies before a stretch, and is longer than `gap_us`, becomes an own outage."""
        ...

    def own_outages(self, start: int, end: int) -> list[OwnOutage]:
        """Return the outages that meet [start, end), in order."""
        ...

    def reports_by_hour(self, start: int, end: int, allowed_us: int) -> list[HourCount]:
        """Return the stored reports of [start, end); late: received more than `allowed_us` after the end of the hour (day, for daily ones)."""
        ...

    def senders(self) -> list[Sender]:
        """Return every device that has sent a report, by id."""
        ...

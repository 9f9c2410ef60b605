"""Collects the messages of one partition into a bundle: plain lists while it is open, numpy columns when it is sealed."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ingest.admission import KEPT_BYTES, Admitted, Refused, digest, printable
from schemas.bundle import Bundle, Rejected, pack_raw


@dataclass(frozen=True)
class BundleLimits:
    """When an open bundle is full."""

    messages: int = 2000
    raw_bytes: int = 512 * 1024
    """Uncompressed; a Kafka record may have 1 MiB by default, and hostile bytes do not compress."""
    linger_s: float = 0.1
    """How long it may stay open while the link never runs dry; a link that has nothing more closes it at once, save for `gather_s`."""
    busy_linger_s: float = 0.4
    """The same where `busy_messages` or more are in the open bundles together: the fuller they are, the less a report costs every stage behind."""
    busy_messages: int = 500
    gather_s: float = 0.0
    """So long after bundles were sent, the next stay open although the link has nothing more: few large ones cost less than many small ones."""

    def stays_open_s(self, messages: int) -> float:
        """Return how long bundles that hold so many messages together may stay open while more come."""
        return max(self.linger_s, self.busy_linger_s) if messages >= self.busy_messages else self.linger_s


class _Origin(NamedTuple):
    """Where a message came from and where its bytes are."""

    topic: str
    sha: bytes
    received_at: int
    position: int
    letter_id: int


@dataclass
class Draft:
    """An open bundle of one partition."""

    messages: list[bytes] = field(default_factory=list)
    """Payloads as received, in the order of arrival."""
    raw_bytes: int = 0
    opened_at: float = 0.0
    """By the bridge's stopwatch."""
    received: dict[str, int] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    _devices: dict[str, int] = field(default_factory=dict)
    _sites: dict[str, int] = field(default_factory=dict)
    _rows: list[tuple[int, int, int, int, int, int, int, int]] = field(default_factory=list)
    """(device, site, observed_at, kind, sent_at, received_at, position, letter) of each report."""
    _digests: list[bytes] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)
    _parameters: list[int] = field(default_factory=list)
    _values: list[float] = field(default_factory=list)
    _flags: list[str] = field(default_factory=list)

    def add(
        self, topic: str, payload: bytes, outcome: Admitted | Refused, received_at: int, letter_id: int = 0
    ) -> bytes:
        """Take one message with what admission said of it, and return its SHA-256.

        A message from a dead letter (`letter_id` not 0) was counted as received when it first came, and is not again.
        """
        sha = digest(payload)
        position = len(self.messages)
        self.messages.append(payload[:KEPT_BYTES])
        self.raw_bytes += len(payload)
        if not letter_id:
            self.received[outcome.device_id] = self.received.get(outcome.device_id, 0) + 1
        origin = _Origin(topic, sha, received_at, position, letter_id)
        if isinstance(outcome, Refused):
            self.rejected.append(_rejected(outcome, origin, whole=True))
            return sha
        self._add_report(outcome, origin)
        for refused in outcome.refused:
            self.rejected.append(_rejected(refused, origin._replace(letter_id=0), whole=False))
        return sha

    def _add_report(self, report: Admitted, origin: _Origin) -> None:
        _, sha, received_at, position, letter_id = origin
        device = self._devices.setdefault(report.device_id, len(self._devices))
        site = self._sites.setdefault(report.site_id, len(self._sites))
        times = report.observed_at, report.kind, report.sent_at, received_at
        self._rows.append((device, site, *times, position, letter_id))
        self._digests.append(sha)
        self._counts.append(len(report.values))
        self._parameters += report.parameters
        self._values += report.values
        self._flags.append(report.flags)

    def has_room(self, size: int, limits: BundleLimits) -> bool:
        """Whether a message of `size` bytes may be added; an empty draft takes any."""
        return not self.messages or (len(self.messages) < limits.messages and self.raw_bytes + size <= limits.raw_bytes)

    def seal(self, bridge: str, codes: list[str]) -> Bundle:
        """Return the bundle; `codes` are those of all parameter numbers."""
        rows = np.array(self._rows, dtype=np.int64).reshape(len(self._rows), 8)
        numbers = np.array(self._parameters, dtype=np.int32)
        met = np.flatnonzero(np.bincount(numbers))
        place = np.zeros(int(numbers.max(initial=-1)) + 1, dtype=np.uint16)
        place[met] = np.arange(len(met))
        return Bundle(
            bridge=bridge,
            devices=list(self._devices),
            sites=list(self._sites),
            parameters=[codes[number] for number in met],
            report_device=rows[:, 0].astype(np.int32),
            report_site=rows[:, 1].astype(np.int32),
            report_observed_at=rows[:, 2],
            report_kind=rows[:, 3].astype(np.uint8),
            report_sent_at=rows[:, 4],
            report_received_at=rows[:, 5],
            report_sha256=np.frombuffer(b"".join(self._digests), dtype="V32"),
            report_position=rows[:, 6].astype(np.int32),
            report_letter=rows[:, 7],
            reading_report=np.repeat(np.arange(len(rows), dtype=np.int32), self._counts),
            reading_parameter=place[numbers],
            reading_value=np.array(self._values, dtype=np.float64),
            reading_flag=np.frombuffer("".join(self._flags).encode("ascii"), dtype=np.uint8),
            rejected=self.rejected,
            received=self.received,
            raw=pack_raw(self.messages),
        )


def _rejected(refused: Refused, origin: _Origin, *, whole: bool) -> Rejected:
    return Rejected(
        topic=printable(origin.topic),
        device_id=refused.device_id,
        reason=str(refused.reason),
        detail=refused.detail,
        sha256=origin.sha,
        received_at=origin.received_at,
        position=origin.position,
        whole=whole,
        site_id=refused.site_id,
        letter_id=origin.letter_id,
    )

"""The bridge from MQTT to Kafka: polls device messages, admits them, sends bundles, settles what Kafka has.

Delivery guarantee: an MQTT message is settled, and acknowledged to its device, only after Kafka has acknowledged the
bundle it is in with acks=all; a crash before that makes the broker or the device send it again, and the key (device_id,
observed_at, kind, SHA-256) makes the repeat harmless.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final

from bus.port import Delivery, DeviceLink, LogProducer
from ingest.admission import device_of
from ingest.bundler import BundleLimits, Draft
from ingest.flights import Arrivals, Flight, Landings
from ingest.intake import Intake
from schemas.bundle import encode_bundle, taken_in
from schemas.errors import Unavailable
from schemas.partitions import partition_of
from schemas.times import Clock
from schemas.topics import REPORTS

ACK_SUFFIX: Final = "/ack"
DRAIN_S: Final = 10.0

_partition_of = lru_cache(maxsize=65536)(partition_of)


@dataclass(frozen=True)
class BridgeSettings:
    """How much the bridge takes on."""

    name: str = "bridge"
    """Client id, for people."""
    bundle: BundleLimits = field(default_factory=BundleLimits)
    poll_messages: int = 500
    """Most messages taken from the link at once."""
    max_waiting: int = 20_000
    """Unsettled messages beyond which it stops reading."""
    max_waiting_bytes: int = 64 * 1024 * 1024
    """Payload bytes not yet on Kafka beyond which it stops reading."""
    turn_s: float = 0.005
    """How long it listens to Kafka before it looks at MQTT again, where both may have something."""


@dataclass
class Tally:
    """What the bridge has done since it started, for people."""

    messages: int = 0
    acknowledged: int = 0
    """Messages that Kafka has."""
    by_hour: Counter[int] = field(default_factory=Counter)
    """The same by the hour in which the first of their bundle came (start, µs)."""
    bundles: int = 0
    """Bundles that Kafka has."""
    readings: int = 0
    """Readings sent to Kafka."""
    refused: Counter[str] = field(default_factory=Counter)
    """Messages and readings refused, by reason."""
    failures: int = 0
    """Sends to Kafka, or answers to MQTT, that failed; both are repeated."""


class Bridge:
    """Moves messages from one MQTT session to the topic `reports`; one thread calls `step`."""

    def __init__(
        self,
        link: DeviceLink,
        producer: LogProducer,
        clock: Clock,
        intake: Intake,
        settings: BridgeSettings | None = None,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tally = Tally()
        self._link = link
        self._producer = producer
        self._clock = clock
        self._intake = intake
        self._settings = settings or BridgeSettings()
        self._stopwatch = stopwatch
        self._partitions = 0
        self._open: dict[int, tuple[Draft, Flight]] = {}
        self._flying = 0
        self._failed: list[Flight] = []
        self._raw_bytes = 0
        """Payload bytes read and not yet on Kafka."""
        self._arrivals = Arrivals()
        self._landings = Landings()
        self._sent_at = -math.inf
        """When a bundle was last sent, by the stopwatch."""

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return not (self._open or self._flying or self._failed)

    @property
    def waiting(self) -> tuple[int, int]:
        """Messages that are not settled, and payload bytes that are not on Kafka."""
        return len(self._arrivals), self._raw_bytes

    @property
    def is_blocked(self) -> bool:
        """Whether it reads nothing, because Kafka does not take what it has."""
        return not self._may_read()

    def step(self, wait_s: float) -> bool:
        """Do what there is to do, waiting for at most `wait_s`, and return whether anything was done; raises Unavailable."""
        self._prepare()
        landed = self._land()
        if self._failed:
            self._landings.wait(wait_s)
            self._send_again()
        took = self._take(0.0 if self._flying else wait_s)
        return landed or took or (self._wait(wait_s) and self._land())

    def close(self) -> None:
        """Drain: send what was read, wait for Kafka, settle. Link, producer and registry belong to whoever made them."""
        try:
            self._send_open()
            self._land()
            self._send_again()
            self._producer.flush(DRAIN_S)
        except Unavailable:
            self.tally.failures += 1
        self._land()

    def _prepare(self) -> None:
        self._intake.refresh()
        if not self._partitions:
            self._clock.now()  # what is not known must show before anything is read
            self._partitions = self._producer.partitions(REPORTS)

    def _may_read(self) -> bool:
        return (
            not self._failed
            and len(self._arrivals) < self._settings.max_waiting
            and self._raw_bytes < self._settings.max_waiting_bytes
        )

    def _wait(self, wait_s: float) -> bool:
        if not self._flying:
            return False
        return self._landings.wait(min(wait_s, self._settings.turn_s) if self._may_read() else wait_s)

    def _take(self, wait_s: float) -> bool:
        if not self._may_read():
            self._link.poll(0.0, 0)  # reads nothing, keeps the connection alive
            return False
        turn_s = min(wait_s, self._settings.turn_s)
        came = self._read(turn_s if self._open else wait_s)
        while (came or self._gathers()) and self._open and self._may_read() and not self._is_due():
            self._land()
            came = self._read(turn_s if came else self._settings.turn_s)
        if came:
            self._send_old()
            return True
        waited = bool(self._open)
        self._send_open()
        return waited

    def _read(self, wait_s: float) -> bool:
        deliveries = self._link.poll(wait_s, self._settings.poll_messages)
        self._collect(deliveries)
        return bool(deliveries)

    def _collect(self, deliveries: Sequence[Delivery]) -> None:
        now_us = self._clock.now()
        for number, delivery in enumerate(deliveries, self._arrivals.add(deliveries)):
            if delivery.topic.endswith(ACK_SUFFIX):
                self._arrivals.finish((number,))
            else:
                self._keep(number, delivery, now_us)
        self.tally.messages += len(deliveries)
        self._settle()

    def _keep(self, number: int, delivery: Delivery, now_us: int) -> None:
        topic, payload = delivery.topic, delivery.payload
        device_id = device_of(topic)
        partition = _partition_of(device_id or topic, self._partitions)
        draft, flight = self._room_in(partition, len(payload))
        sha = draft.add(topic, payload, self._intake.judge(topic, payload, now_us), now_us)
        flight.numbers.append(number)
        self._raw_bytes += len(payload)
        flight.raw_bytes += len(payload)
        if device_id:
            flight.acks.setdefault(topic, []).append(sha.hex())

    def _room_in(self, partition: int, size: int) -> tuple[Draft, Flight]:
        opened = self._open.get(partition)
        if opened is not None and not opened[0].has_room(size, self._settings.bundle):
            self._send(partition)
            opened = None
        if opened is None:
            opened = self._open[partition] = (Draft(opened_at=self._stopwatch()), Flight(partition))
        return opened

    def _send_open(self) -> None:
        for partition in list(self._open):
            self._send(partition)

    def _is_due(self) -> bool:
        """Whether the oldest open bundle has lingered long enough."""
        oldest = next(iter(self._open.values()), None)
        return oldest is not None and oldest[0].opened_at <= self._stopwatch() - self._stays_open_s()

    def _stays_open_s(self) -> float:
        return self._settings.bundle.stays_open_s(sum(len(draft.messages) for draft, _ in self._open.values()))

    def _gathers(self) -> bool:
        """Whether bundles were sent so lately that the next wait for company."""
        return self._stopwatch() - self._sent_at < self._settings.bundle.gather_s

    def _send_old(self) -> None:
        latest = self._stopwatch() - self._stays_open_s()
        for partition in [p for p, (draft, _) in self._open.items() if draft.opened_at <= latest]:
            self._send(partition)

    def _send(self, partition: int) -> None:
        draft, flight = self._open.pop(partition)
        self._sent_at = self._stopwatch()
        bundle = draft.seal(self._settings.name, self._intake.parameters)
        self.tally.readings += len(bundle.reading_value)
        self.tally.refused.update(refused.reason for refused in bundle.rejected)
        flight.hour, _ = taken_in(bundle)
        flight.value = encode_bundle(bundle)
        self._launch(flight)

    def _send_again(self) -> None:
        """Launch what failed, in order; where the log is still away, the others need not find that out one by one."""
        failed, self._failed = self._failed, []
        for number, flight in enumerate(failed):
            if not self._launch(flight):
                self._failed = failed[number + 1 :]
                return

    def _launch(self, flight: Flight) -> bool:
        self._flying += 1
        try:
            self._producer.send(
                REPORTS, flight.value, partition=flight.partition, on_done=partial(self._landings.note, flight)
            )
        except Unavailable as error:
            self._landings.note(flight, error)
            return False
        return True

    def _land(self) -> bool:
        """Act on what Kafka said; returns whether any bundle is safe now."""
        landed = self._landings.take()
        safe = [flight for flight, error in landed if error is None]
        self._failed += [flight for flight, error in landed if error is not None]
        self._flying -= len(landed)
        self.tally.bundles += len(safe)
        self.tally.failures += len(landed) - len(safe)
        for flight in safe:
            self._raw_bytes -= flight.raw_bytes
            self.tally.acknowledged += len(flight.numbers)
            self.tally.by_hour[flight.hour] += len(flight.numbers)
            self._arrivals.finish(flight.numbers)
        if safe:
            self._settle()  # first: once its device knows, the broker has nothing left to deliver again
            self._acknowledge(safe)
        return bool(safe)

    def _settle(self) -> None:
        settled = self._arrivals.take_settled()
        if not settled:
            return
        try:
            self._link.settle(settled)
        except Unavailable:
            self.tally.failures += 1

    def _acknowledge(self, flights: list[Flight]) -> None:
        try:
            for flight in flights:
                for topic, digests in flight.acks.items():
                    self._link.publish(_ack_topic(topic), "\n".join(digests).encode())
        except Unavailable:
            self.tally.failures += 1


def _ack_topic(report_topic: str) -> str:
    return report_topic.removesuffix("/report") + ACK_SUFFIX

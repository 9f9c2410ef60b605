"""The live engine: plays arrivals through MQTT in lock-step with a virtual clock, so that the log's order is that of time.

A step sets the clock and waits for the bridges' echo, publishes, waits until Kafka has every report (devices resend until
then), and only then appends the tick: so all arrivals up to an instant stand before its tick in every partition.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from bus.kafka_address import KafkaAddress
from bus.kafka_topics import high_waters
from bus.port import LogProducer
from schemas.bundle import Tick, encode_tick
from schemas.errors import Unavailable
from schemas.times import to_us
from schemas.topics import FINDINGS, MEANS, REPORTS
from sim.arrivals import Arrival
from store.postgres import Database
from store.sql import queries

SQL: Final = queries("results")
ACKS_WITHIN_S: Final = 120.0
SETTLED_WITHIN_S: Final = 300.0
QUIET_FOR_S: Final = 1.0
"""So long nothing must change before we believe that all is worked off: a stage may act on time alone."""


class FleetPort(Protocol):
    """The devices' side of MQTT."""

    @property
    def unacknowledged(self) -> int:
        """Reports that Kafka is not known to have."""
        ...

    def publish(self, topic: str, payload: bytes, *, keep: bool = True) -> str:
        """Queue a report."""
        ...

    def poll_acks(self, timeout_s: float = 0.0) -> list[tuple[str, list[str]]]:
        """Send what is due and return what Kafka has."""
        ...

    def set_clock(self, now_us: int, echoes: int = 1, timeout_s: float = 60.0) -> None:
        """Set the virtual clock and wait until the bridges have seen it."""
        ...


class Playback:
    """Moves virtual time on; one thread."""

    def __init__(self, fleet: FleetPort, producer: LogProducer, *, bridges: int = 1) -> None:
        self._fleet = fleet
        self._producer = producer
        self._bridges = bridges
        self._partitions = producer.partitions(REPORTS)
        self._ticking = False
        self.last_tick = 0
        """µs."""
        self.sent = 0
        """Reports published, resending not counted."""

    def wake(self, now: int) -> None:
        """Set the clock for the first time and return when the bridges are there; raises Unavailable."""
        self._fleet.set_clock(now, self._bridges)

    def deliver(self, now: int, arrivals: Sequence[Arrival]) -> None:
        """Publish reports at the virtual instant `now` and return when Kafka has them; raises Unavailable."""
        if not arrivals:
            return
        self._finish_ticks()
        self._fleet.set_clock(now, self._bridges)
        for batch in _rounds(arrivals):
            for arrival in batch:
                self._fleet.publish(arrival.topic, arrival.payload)
            self._await_acks()
        self.sent += len(arrivals)

    def tick(self, now: int) -> None:
        """Append a tick to every partition."""
        value = encode_tick(Tick(now))
        for partition in range(self._partitions):
            self._producer.send(REPORTS, value, partition=partition)
        self._ticking = True
        self.last_tick = now

    def finish(self) -> None:
        """Return when Kafka has all ticks too."""
        self._finish_ticks()

    def _finish_ticks(self) -> None:
        if self._ticking:
            self._producer.flush()
            self._ticking = False

    def _await_acks(self) -> None:
        deadline = time.monotonic() + ACKS_WITHIN_S
        while self._fleet.unacknowledged:
            self._fleet.poll_acks(0.1)
            if time.monotonic() > deadline:
                raise Unavailable(f"{self._fleet.unacknowledged} reports were not acknowledged in {ACKS_WITHIN_S:g} s")


def _rounds(arrivals: Sequence[Arrival]) -> list[list[Arrival]]:
    """Return the arrivals in rounds without a repeated message: the same bytes are told apart by their turn only."""
    rounds: list[list[Arrival]] = []
    seen: Counter[tuple[str, bytes]] = Counter()
    for arrival in arrivals:
        turn = seen[arrival.topic, arrival.payload]
        seen[arrival.topic, arrival.payload] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(arrival)
    return rounds


class Backlog:
    """Says whether the stages have worked off the log, by the offsets that they committed."""

    def __init__(self, database: Database, kafka: KafkaAddress) -> None:
        self._database = database
        self._kafka = kafka

    def await_settled(self, last_tick: int, timeout_s: float = SETTLED_WITHIN_S) -> None:
        """Return when every stage is past `last_tick`, nothing waits to be published or judged again, and the later stages have read all; raises Unavailable."""
        _wait(lambda: self._ticked(last_tick), timeout_s, "the workers have not reached the last tick")
        _wait_quiet(lambda: self._is_settled(last_tick), timeout_s)

    def ticks(self) -> dict[int, int]:
        """Return the last tick of each partition of `reports`, µs; 0 where there is none."""
        rows = self._rows("ticks", topic=REPORTS)
        return {partition: to_us(tick_at) if tick_at else 0 for partition, tick_at in rows}

    def _ticked(self, last_tick: int) -> bool:
        ticks = self.ticks()
        return bool(ticks) and min(ticks.values()) >= last_tick

    def _is_settled(self, last_tick: int) -> bool:
        """Whether nothing is on its way: a stage that has not joined its group yet has read nothing.

        Offsets, the city's tick and the depth of the outbox are of one instant; what was published before it is in the log.
        """
        rows = self._rows("progress")
        read = {(topic, partition): offset for topic, partition, offset, _, _ in rows}
        ticks = [to_us(tick_at) if tick_at else 0 for topic, _, _, tick_at, _ in rows if topic == MEANS]
        if any(depth for *_, depth in rows) or not ticks or min(ticks) < last_tick:
            return False
        ends = {(topic, p): end for topic in (MEANS, FINDINGS) for p, end in high_waters(self._kafka, topic).items()}
        return all(read.get(place, -1) >= end for place, end in ends.items())

    def _rows(self, name: str, **parameters: str) -> list[tuple[Any, ...]]:
        with self._database.read() as cursor:
            return cursor.execute(SQL[name], parameters).fetchall()


def _wait(condition: Callable[[], bool], timeout_s: float, problem: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise Unavailable(problem)
        time.sleep(0.05)


def _wait_quiet(condition: Callable[[], bool], timeout_s: float) -> None:
    """Wait until the condition has held without a break for QUIET_FOR_S."""
    deadline = time.monotonic() + timeout_s
    since = time.monotonic()
    while time.monotonic() - since < QUIET_FOR_S:
        if not condition():
            since = time.monotonic()
        if time.monotonic() > deadline:
            raise Unavailable("the stages behind the workers do not come to rest")
        time.sleep(0.2)


def in_steps(arrivals: Iterable[Arrival], first: int, step_us: int) -> Iterable[tuple[int, list[Arrival]]]:
    """Yield (tick, arrivals up to it), for ticks at `first` and every `step_us` after, as long as there are arrivals."""
    tick, batch = first, list[Arrival]()
    for arrival in arrivals:
        while arrival.at > tick:
            yield tick, batch
            tick, batch = tick + step_us, []
        batch.append(arrival)
    yield tick, batch

"""The load: one process that publishes a fleet's reports as nearly ready frames, as fast as they are taken or at a rate.

Run as `python -m ecovigil.bench.load ORDER` (an `Order` as JSON); answers with one line of JSON, and with the instant at which each chunk of
reports left in `ORDER.times_file`. Nothing is sent again: what is lost shows.
"""

import random
import select
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from bus.kafka_address import KafkaAddress
from bus.kafka_log import KafkaLogProducer
from bus.mqtt_address import MqttAddress
from ecovigil.bench.broker_talk import BrokerTalk
from ecovigil.bench.fleet import FleetShape, Form, forms, times
from ecovigil.clock import EVERY_US
from schemas.bundle import Tick, encode_tick
from schemas.errors import Unavailable
from schemas.times import MINUTE_US, SECOND_US
from schemas.topics import REPORTS

GATHER_S: Final = 0.003
"""While there is no room acknowledgements are let gather: one by one they would cost more than the reports."""
STALLED_S: Final = 60.0

Chunk = tuple[bytes, int, tuple[int, int] | None]
"""Frames that leave at once, how many reports they are, and where their instant is noted: (turn, chunk of the turn), None where it is not."""


class Order(BaseModel):
    """What to publish, and how."""

    model_config = ConfigDict(frozen=True)

    shape: FleetShape
    mqtt_url: str
    bootstrap: str = ""
    """Where ticks go; "": none are sent."""
    until: Literal["kafka", "broker"] = "kafka"
    """Whose acknowledgement makes room for the next report: SHA-256 from the bridge, or PUBACK."""
    chunk: int = 50
    """Reports that leave at one noted instant."""
    window: int = 10_000
    """Reports under way at most."""
    rate: float = 0.0
    """Reports a second; 0: as fast as they are taken."""
    first_turn: int = 0
    ticks: Literal["acknowledged", "by_the_clock", "none"] = "none"
    """A tick when Kafka has all reports of a turn; or as the clock role does, with the time that goes by since the first turn."""
    shuffled: bool = False
    """All reports in random order, as a backfill."""
    times_file: str = ""


class Outcome(BaseModel):
    """What became of an order."""

    published: int
    broker_has: int
    kafka_has: int
    started_at: float
    """Seconds since 1970, as all instants here."""
    published_at: float
    """Of the last report."""
    acknowledged_at: float


class Load:
    """Carries out one order."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.shape = order.shape
        self._talk = BrokerTalk(MqttAddress(order.mqtt_url), f"bench-{order.shape.prefix}", order.shape)
        self._producer = KafkaLogProducer(KafkaAddress(order.bootstrap), "bench-clock") if order.bootstrap else None
        self._published = 0
        self._ticked = order.first_turn
        """Turns that were ticked."""
        self._told_at = 0.0
        self._started = 0.0
        turns = order.shape.minutes - order.first_turn
        self._fleet = self._framed()
        self._times = np.zeros((turns, -(-order.shape.devices // order.chunk)))
        self._total = turns * order.shape.devices

    def run(self) -> Outcome:
        """Publish everything, wait for the acknowledgements, and return what happened; raises Unavailable where nothing moves any more."""
        chunks = self._shuffled() if self.order.shuffled else self._in_turn()
        self._tell_time(self._first_now())
        self._started = time.time()
        for frames, count, place in chunks:
            self._await_room(count)
            if place is not None:
                self._times[place] = time.time()
            self._talk.send(frames)
            self._published += count
        published_at = time.time()
        while self._acknowledged() < self._total:
            self._turn(0.2)
        self._tick()
        if self._producer is not None:
            self._producer.flush()
        talk = self._talk
        return Outcome(
            published=self._published, broker_has=talk.broker_has, kafka_has=talk.kafka_has,
            started_at=self._started, published_at=published_at, acknowledged_at=talk.heard_at,
        )  # fmt: skip

    def save_times(self) -> None:
        """Write when each chunk left, by turn."""
        if self.order.times_file:
            np.save(self.order.times_file, self._times)

    def _in_turn(self) -> Iterator[Chunk]:
        fleet = self._fleet
        for turn in range(self.order.first_turn, self.shape.minutes):
            observed, sent = times(self.shape, turn)
            if not self.order.rate:  # else time goes by as on the wall, and only one of the loads tells it
                self._tell_time(self.shape.instant(turn) + self.shape.period_us + 5 * SECOND_US)
            for low in range(0, self.shape.devices, self.order.chunk):
                chunk = fleet[low : low + self.order.chunk]
                place = turn - self.order.first_turn, low // self.order.chunk
                yield b"".join([form.payload(observed, sent, turn) for form in chunk]), len(chunk), place

    def _shuffled(self) -> Iterator[Chunk]:
        fleet, devices = self._fleet, self.shape.devices
        places = list(range(self._total))
        random.Random(1).shuffle(places)
        said = [times(self.shape, turn) for turn in range(self.shape.minutes)]
        for low in range(0, self._total, self.order.chunk):
            chunk = [divmod(place, devices) for place in places[low : low + self.order.chunk]]
            yield b"".join([fleet[device].payload(*said[turn], turn) for turn, device in chunk]), len(chunk), None

    def _framed(self) -> list[Form]:
        """Return each device's frame: its report behind the header of a PUBLISH."""
        observed, sent = times(self.shape, 0)
        framed = []
        for number, form in enumerate(forms(self.shape)):
            head = self._talk.header(number, len(form.payload(observed, sent, 0)))
            framed.append(Form(head + form.head, form.middle, form.tails))
        return framed

    def _await_room(self, count: int) -> None:
        while self._published + count - self._acknowledged() > self.order.window:
            time.sleep(GATHER_S)
            self._turn(0.2)
        due = self._started + self._published / self.order.rate if self.order.rate else 0.0
        self._turn(0.0)
        while (wait_s := due - time.time()) > 0:
            self._turn(wait_s)

    def _turn(self, wait_s: float) -> None:
        self._talk.listen(wait_s)
        self._tick()
        if time.time() - max(self._talk.heard_at, self._started) > STALLED_S:
            raise Unavailable(
                f"load: {self._total - self._acknowledged()} reports of {self._total} are not acknowledged"
            )

    def _acknowledged(self) -> int:
        return self._talk.kafka_has if self.order.until == "kafka" else self._talk.broker_has

    def _tick(self) -> None:
        if self.order.ticks == "by_the_clock":
            self._tick_by_time()
        elif self.order.ticks == "acknowledged":
            while self._ticked < self.shape.minutes and self._talk.has_turn(self._ticked - self.order.first_turn):
                self._append(self.shape.instant(self._ticked) + self.shape.period_us + 5 * SECOND_US)
                self._ticked += 1

    def _tick_by_time(self) -> None:
        now = time.time()
        if now - self._told_at >= EVERY_US / 1e6:
            self._told_at = now
            at = self._first_now() + int((now - self._started) * 1e6)
            self._tell_time(at)
            self._append(at)

    def _first_now(self) -> int:
        """Return the virtual instant at which the first report leaves, µs: a backfill comes after its end."""
        if self.order.shuffled:
            return self.shape.instant(self.shape.minutes) + 5 * MINUTE_US
        return self.shape.instant(self.order.first_turn)

    def _tell_time(self, at: int) -> None:
        self._talk.tell_time(at)

    def _append(self, at: int) -> None:
        if self._producer is not None:
            for partition in range(self._producer.partitions(REPORTS)):
                self._producer.send(REPORTS, encode_tick(Tick(at)), partition=partition)


def main() -> None:
    """Carry out the order of the argument, once a line on standard input says so; print the outcome."""
    load = Load(Order.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8")))
    print("ready", flush=True)
    select.select([sys.stdin], [], [])
    outcome = load.run()
    load.save_times()
    print(outcome.model_dump_json(), flush=True)
    sys.stdin.read()  # the one who asked still wants to know what we have cost


if __name__ == "__main__":
    main()

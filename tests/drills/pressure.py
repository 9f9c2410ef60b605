"""Back-pressure: a server is stopped under a steady load; none of our processes may grow, and everything arrives afterwards."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import psutil

from bus.kafka_log import KafkaLogProducer
from bus.mqtt_fleet import DeviceFleetLink
from ecovigil.log_access import kafka_address
from ecovigil.wiring import mqtt_address
from schemas.bundle import Tick, encode_tick
from schemas.codes import Kind
from schemas.errors import Unavailable
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US, date_us
from schemas.topics import REPORTS
from sim.arrivals import Arrival
from sim.example import example_registry
from sim.fleet import Fleet
from tests.acceptance.drill import Receiver, Replay, until
from tests.drills.chain import RealChain, insist
from tests.drills.ground import Ground
from tests.drills.report import Row

MODEL: Final = "coal-01"
"""The stack that every one of the load is like; it reports so many readings each minute:"""
READINGS: Final = 9
FIRST: Final = date(2014, 2, 21)
LIMIT_MB: Final = 512
BEFORE_S: Final = 5
RESEND_AFTER_S: Final = 60.0
LOOK_EVERY_S: Final = 0.5
TICK_EVERY_S: Final = 1.0
CLOCK_WITHIN_S: Final = 0.3


@dataclass(frozen=True)
class Load:
    """How much, and for how long a server is away."""

    readings_s: int = 2_000
    away_s: int = 50

    @property
    def devices(self) -> int:
        """Return how many devices send one report a second each, which is one minute of virtual time."""
        return max(1, self.readings_s // READINGS)

    @property
    def catches_up_within_s(self) -> float:
        """Return how long the chain may take for what has come together."""
        return 300.0 + 4.0 * self.away_s


def registry_of(load: Load) -> Registry:
    """Return so many stacks like the model, with a limit each."""
    given = example_registry().model_dump(exclude_unset=True)
    names = [f"load-{number:05}" for number in range(load.devices)]
    return Registry.from_tables(
        {
            "organisation": given["organisation"],
            "site": [_one(given["site"], "id") | {"id": name} for name in names],
            "binding": [_one(given["binding"], "site") | {"site": name} for name in names],
            "device": [{"id": f"mn-{name}", "sites": [name]} for name in names],
        }
    )


def _one(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    found = next(row for row in rows if row.get(key) == MODEL)
    return {name: value for name, value in found.items() if name != "id" or key == "id"}


class Generator:
    """Sends one minute of the whole fleet each second, whatever the platform does; the devices keep what is not acknowledged."""

    def __init__(self, chain: RealChain, load: Load, minutes: int) -> None:
        start = date_us(FIRST)
        fleet = Fleet(registry_of(load), start, start + max(HOUR_US, minutes * MINUTE_US), kind=Kind.MINUTE)
        self._fleet = fleet
        self._start = start
        self._devices = DeviceFleetLink(
            mqtt_address(chain.ground.settings), "load", resend_after_s=RESEND_AFTER_S, window=20_000
        )
        self.sent = 0
        self.minute = 0

    @property
    def now(self) -> int:
        """Return the virtual time."""
        return self._start + (self.minute + 1) * MINUTE_US

    def wake(self) -> None:
        """Set the clock for the first time and return when the bridge is there: what comes before has nobody to take it."""
        self._devices.set_clock(self.now + MINUTE_US)

    def run(self, seconds: int) -> None:
        """Send for so long."""
        for _ in range(seconds):
            ends = time.monotonic() + 1.0
            self._send(self._fleet.arrivals(self.now, self.now + MINUTE_US))
            self.minute += 1
            while (left := ends - time.monotonic()) > 0:
                self._devices.poll_acks(left)

    def _send(self, arrivals: list[Arrival]) -> None:
        with suppress(Unavailable):  # a bridge without Kafka may not answer; it finds the time when it is back
            self._devices.set_clock(self.now + MINUTE_US, timeout_s=CLOCK_WITHIN_S)
        for arrival in arrivals:
            self._devices.publish(arrival.topic, arrival.payload)
        self.sent += len(arrivals)

    def finish(self, within_s: float) -> None:
        """Return when Kafka has everything."""
        deadline = time.monotonic() + within_s
        while self._devices.unacknowledged:
            self._devices.poll_acks(0.2)
            assert time.monotonic() < deadline, f"{self._devices.unacknowledged} reports were not acknowledged"

    def close(self) -> None:
        """Disconnect."""
        self._devices.close()


@contextmanager
def repeated(act: Callable[[], None], every_s: float) -> Iterator[None]:
    """Inside, `act` is called again and again in a thread of its own."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(every_s):
            act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Clock:
    """Ticks with the load's virtual time, as the clock role does with its own: beside the load, whatever happens."""

    def __init__(self, chain: RealChain, generator: Generator) -> None:
        self._producer = KafkaLogProducer(kafka_address(chain.ground.settings.kafka), "drill-clock")
        self._generator = generator

    def tick(self) -> None:
        """Let each partition have a tick, where Kafka is there."""
        with suppress(Unavailable):
            for partition in range(self._producer.partitions(REPORTS)):
                self._producer.send(REPORTS, encode_tick(Tick(self._generator.now)), partition=partition)
            self._producer.flush()

    def close(self) -> None:
        """Disconnect."""
        self._producer.close()


class Scales:
    """Weighs the roles; `heaviest` has the most memory that each ever had, in MB."""

    def __init__(self, chain: RealChain) -> None:
        self._chain = chain
        self.heaviest: dict[str, int] = {}

    def weigh(self) -> None:
        """Look once."""
        for role in self._chain.roles:
            self.heaviest[role.name] = max(self.heaviest.get(role.name, 0), _memory_mb(role.pid))


def _memory_mb(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss) >> 20
    except psutil.NoSuchProcess:
        return 0


def pressed(ground: Ground, folder: Path, server: str, load: Load) -> Row:
    """Return what came of stopping a server under load."""
    row = Row(f"{server} stopped for {load.away_s} s at {load.readings_s:,} readings/s")
    with ExitStack() as opened:
        receiver = Receiver()
        opened.callback(receiver.close)
        first = Arrival(date_us(FIRST) + MINUTE_US, "", b"", "")
        chain = opened.enter_context(RealChain(folder, ground, Replay(registry_of(load), [first]), receiver))
        generator = Generator(chain, load, BEFORE_S * 2 + load.away_s + 2)
        opened.callback(generator.close)
        scales = Scales(chain)
        opened.enter_context(repeated(scales.weigh, LOOK_EVERY_S))
        _play(chain, generator, server, load)
        row.recovery_s = round(_caught_up(chain, generator, load), 1)
        _judge(row, chain, generator, scales)
    return row


def _play(chain: RealChain, generator: Generator, server: str, load: Load) -> None:
    generator.wake()
    generator.run(BEFORE_S)
    with closing(Clock(chain, generator)) as clock, repeated(clock.tick, TICK_EVERY_S):
        with _stopped(chain.ground, server):
            generator.run(load.away_s)
        chain.healed()
        generator.run(BEFORE_S)


@contextmanager
def _stopped(ground: Ground, server: str) -> Iterator[None]:
    ground.server(server).stop()
    yield
    ground.server(server).start()


def _caught_up(chain: RealChain, generator: Generator, load: Load) -> float:
    generator.finish(load.catches_up_within_s)
    insist(lambda: chain.tick(generator.now + HOUR_US))
    until(chain.answers, load.catches_up_within_s)
    chain.backlog.await_settled(chain.playback.last_tick, load.catches_up_within_s)
    return time.monotonic() - chain.healed_at


def _judge(row: Row, chain: RealChain, generator: Generator, scales: Scales) -> None:
    stored, duplicate, gaps = chain.rows(
        "SELECT sum(stored)::bigint, sum(duplicate)::bigint, count(*) FILTER (WHERE received <> stored + duplicate + rejected) FROM book"
    )[0]
    (twice,) = chain.rows("SELECT count(*) FROM reading")[0]
    row.lost = generator.sent - stored
    row.doubled = max(0, stored - generator.sent) + twice - stored * READINGS
    row.wrong += [f"{gaps} books do not balance"] if gaps else []
    row.wrong += [f"{role} had {mb} MB" for role, mb in scales.heaviest.items() if mb >= LIMIT_MB]
    row.wrong += [f"complaint: {line}" for line in chain.complaints()[:3]]
    heaviest = ", ".join(f"{role} {mb}" for role, mb in sorted(scales.heaviest.items(), key=lambda one: -one[1])[:3])
    row.notes.append(f"{generator.sent:,} reports, {duplicate:,} came again; most memory in MB: {heaviest}")

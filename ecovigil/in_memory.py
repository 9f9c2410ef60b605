"""All roles in one process on the in-memory log, link and store, with a virtual clock: a scenario in milliseconds."""

from collections.abc import Callable
from typing import Final, Protocol

from alerts.notifier import Notifier
from alerts.notifiers.console import Console
from alerts.stage import AlertStage
from bus.memory_link import MemoryLink
from bus.memory_log import MemoryConsumer, MemoryLog
from detectors.city import CityStage
from detectors.worker import Worker
from ecovigil.relay import Relay
from ingest.bridge import Bridge
from ingest.intake import Intake
from ingest.registry_source import StoreRegistry
from schemas.bundle import Tick, encode_tick
from schemas.registry import Registry
from schemas.topics import FINDINGS, MEANS, REPORTS
from sim.arrivals import Arrival
from sim.memory_results import MemoryResults
from sim.people import People
from sim.scenario_file import Registration, Scenario
from sim.scenario_play import Action, play
from store.memory import MemoryStore
from store.memory_outbox import MemoryOutbox

PARTITIONS: Final = 4


class Role(Protocol):
    """One stage of the chain."""

    def step(self, wait_s: float) -> bool:
        """Do what there is to do; return whether there was anything."""
        ...


class VirtualClock:
    """`now` as the scenario says."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """Return the instant, µs."""
        return self._now

    def move_to(self, now: int) -> None:
        """Move on; never back."""
        self._now = max(self._now, now)


class InMemoryChain:
    """`Chain` without a server: every role is stepped until none has anything to do."""

    def __init__(self, registry: Registry, start: int) -> None:
        self.clock = VirtualClock(start)
        self.log = MemoryLog({REPORTS: PARTITIONS})
        self.link = MemoryLink()
        self.told: list[str] = []
        """What the notifier wrote."""
        self.store = MemoryStore()
        self.store.import_registry(registry, "scenario", start)
        self._registry = registry
        self._producer = self.log.producer()
        self._consumers: dict[str, MemoryConsumer] = {}
        self._makers: dict[str, Callable[[], Role]] = {
            "bridge": self._bridge,
            "detectors": self._worker,
            "relay": lambda: Relay(MemoryOutbox(self.store.tables.outbox), self.log.producer()),
            "city": self._city,
            "alerts": self._alerts,
            "notifier": self._notifier,
        }
        self.roles = {name: make() for name, make in self._makers.items()}

    def deliver(self, arrivals: list[Arrival]) -> None:
        """Offer messages of one instant and let every role work them off."""
        self.clock.move_to(arrivals[0].at)
        for arrival in arrivals:
            self.link.offer(arrival.topic, arrival.payload)
        self.settle()

    def tick(self, now: int) -> None:
        """Append one tick to every partition and let every role work it off."""
        self.clock.move_to(now)
        self.store.alert_tables.now = now
        value = encode_tick(Tick(now))
        for partition in range(PARTITIONS):
            self._producer.send(REPORTS, value, partition=partition)
        self.settle()

    def settle(self) -> None:
        """Step all roles until none has anything to do; a worker that had nothing but ticks has told nobody anything."""
        busy = True
        while busy:
            done = [name for name, role in self.roles.items() if role.step(0.0)]
            busy = bool(self.store.tables.outbox) or done not in ([], ["detectors"])

    def kill(self, role: str) -> None:
        """Forget a role in the middle of its life; its successor has only what link, log and store kept."""
        if role in self._consumers:
            self._consumers[role].close()
        if role == "bridge":
            self.link.reconnect()
        self.roles[role] = self._makers[role]()

    def act(self, step: Action) -> str:
        """Do what a person does, at the duty desk or the mark desk."""
        return People(self.store, self.store, self._registry).act(step)

    def register(self, registration: Registration) -> None:
        """Import another version of the registry."""
        self._registry = registration.registry
        self.store.import_registry(registration.registry, "scenario", registration.at)

    def results(self) -> MemoryResults:
        """Return what was worked out."""
        return MemoryResults(self.store)

    def _consumer(self, role: str, topic: str) -> MemoryConsumer:
        self._consumers[role] = self.log.consumer(topic, role)
        return self._consumers[role]

    def _bridge(self) -> Role:
        return Bridge(self.link, self.log.producer(), self.clock, Intake(StoreRegistry(self.store)))

    def _worker(self) -> Role:
        return Worker(self._consumer("detectors", REPORTS), self.store, owner="detectors")

    def _city(self) -> Role:
        consumer = self._consumer("city", MEANS)
        return CityStage(consumer, self.store, report_partitions=PARTITIONS, owner="city")

    def _alerts(self) -> Role:
        return AlertStage(self._consumer("alerts", FINDINGS), self.store, self.store)

    def _notifier(self) -> Role:
        channels = {"console": Console(self.told.append)}
        return Notifier(self.store, channels, self.store.registry)


def play_in_memory(scenario: Scenario) -> list[str]:
    """Return a line for all that does not come out of a scenario."""
    return play(scenario, InMemoryChain(scenario.registry, scenario.play.starts))

"""The real chain for replays, live scenarios and the demonstration: running servers, the roles, a virtual clock in our hands."""

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from bus.kafka_log import KafkaLogProducer
from bus.mqtt_fleet import DeviceFleetLink
from ecovigil.log_access import kafka_address
from ecovigil.roles import RoleProcess, run_role
from ecovigil.servers import Servers, role_environment
from ecovigil.settings import DatabaseSettings, KafkaSettings, MqttSettings, Settings
from ecovigil.wiring import database_url, mqtt_address
from schemas.registry import Registry
from sim.arrivals import Arrival
from sim.database_results import DatabaseResults
from sim.people import People
from sim.playback import Backlog, Playback
from sim.scenario_file import Registration, Scenario
from sim.scenario_inputs import Kill
from sim.scenario_play import Action, play
from store.alerts import PostgresAlerts
from store.marks import PostgresMarks
from store.postgres import Database
from store.registry import RegistryStore
from store.schema import migrate

CHAIN: Final = ("bridge", "detectors", "relay", "city", "alerts", "notifier")
"""All roles but the clock: in a replay the simulator is the clock."""
BRIDGE: Final = "replay-bridge"


class Runner(Protocol):
    """A running role."""

    name: str

    def start(self) -> None:
        """Start it."""
        ...

    def stop(self) -> None:
        """Let it finish and end."""
        ...


class RoleThread:
    """A role in our own process: for scenarios, where a process each would cost more than the scenario."""

    def __init__(self, role: str, settings: Settings) -> None:
        self.name = role
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=run_role, args=(role, settings, self._stop), name=role, daemon=True)

    def start(self) -> None:
        """Start stepping."""
        self._thread.start()

    def stop(self) -> None:
        """Drain and end."""
        self._stop.set()
        self._thread.join()


def replay_settings(settings: Settings) -> Settings:
    """Return settings whose bridge takes its time from the simulator, under a name of its own."""
    bridge = settings.bridge.model_copy(update={"virtual_clock": True, "client_id": BRIDGE})
    return settings.model_copy(update={"bridge": bridge})


def own_servers(settings: Settings) -> Settings:
    """Return settings that name no server, so that our own are used."""
    nameless = {"mqtt": MqttSettings(), "kafka": KafkaSettings(), "database": DatabaseSettings()}
    return settings.model_copy(update=nameless)


def environment_of_roles(servers: Servers, settings: Settings, folder: Path) -> dict[str, str]:
    """Return the environment of a role's process that runs a replay on `servers`."""
    return {
        **role_environment(servers),
        "ECOVIGIL_DATABASE__URL": database_url(settings),
        "ECOVIGIL_DATA_DIR": str(folder),
        "ECOVIGIL_BRIDGE__VIRTUAL_CLOCK": "true",
        "ECOVIGIL_BRIDGE__CLIENT_ID": BRIDGE,
        "ECOVIGIL_MQTT__CLIENT": settings.mqtt.client,
    }


class LiveChain:
    """Roles on running servers; devices and clock are ours. A context: inside, the roles run."""

    def __init__(self, settings: Settings, registry: Registry, runners: Iterable[Runner]) -> None:
        self.registry = registry
        self.runners = {runner.name: runner for runner in runners}
        self.servers: dict[str, int] = {}
        """Process ids of our own servers by name."""
        self.database = Database(database_url(settings))
        self.alerts = PostgresAlerts(self.database)
        self._fleet = DeviceFleetLink(mqtt_address(settings))
        self._producer = KafkaLogProducer(kafka_address(settings.kafka), "ecovigil-replay-clock")
        self.backlog = Backlog(self.database, kafka_address(settings.kafka))
        self.playback = Playback(self._fleet, self._producer)

    def __enter__(self) -> Self:
        for runner in self.runners.values():
            runner.start()
        return self

    def __exit__(self, *_: object) -> None:
        for runner in self.runners.values():
            runner.stop()
        self._fleet.close()
        self._producer.close()
        self.database.close()

    def deliver(self, arrivals: list[Arrival]) -> None:
        """Publish what arrives at one instant; return when Kafka has it."""
        self.playback.deliver(arrivals[0].at, arrivals)

    def tick(self, now: int) -> None:
        """Append one tick to every partition."""
        self.playback.tick(now)

    def settle(self) -> None:
        """Return when everything that was sent and ticked has been worked off by every role."""
        self.playback.finish()
        self.backlog.await_settled(self.playback.last_tick)

    def kill(self, role: str) -> None:
        """SIGKILL the process of a role and start another one."""
        runner = self.runners[role]
        if isinstance(runner, RoleProcess):
            os.kill(runner.pid, signal.SIGKILL)
            runner.stop()
            runner.start()

    def act(self, step: Action) -> str:
        """Do what a person does, at the duty desk or the mark desk."""
        return People(self.alerts, PostgresMarks(self.database), self.registry).act(step)

    def register(self, registration: Registration) -> None:
        """Import another version of the registry."""
        self.registry = registration.registry
        RegistryStore(self.database).import_registry(registration.registry, "scenario", registration.at)

    def results(self) -> DatabaseResults:
        """Return what was worked out."""
        return DatabaseResults(self.database, self.alerts, self.registry)


class ScenarioServers:
    """Our own database for many scenarios; each gets a database of its own in it, and brokers of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = replay_settings(own_servers(settings))
        self._opened = ExitStack()
        self._folder = Path()
        self._url = ""
        self._played = 0

    def __enter__(self) -> Self:
        self._folder = Path(self._opened.enter_context(tempfile.TemporaryDirectory(prefix="ecovigil-")))
        servers = Servers(self._settings, needs=["database"], data_dir=self._folder, durable=False)
        self._url = database_url(self._opened.enter_context(servers).settings)
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def play(self, scenario: Scenario) -> list[str]:
        """Return a line for all that does not come out of a scenario."""
        with self.opened(scenario) as chain:
            return play(scenario, chain)

    @contextmanager
    def opened(self, scenario: Scenario) -> Iterator[LiveChain]:
        """Give the chain on which a scenario is played, as long as the body runs."""
        self._played += 1
        name = f"scenario_{self._played}"
        folder = self._folder / name
        database = DatabaseSettings(url=SecretStr(self._fresh_database(name, scenario.registry, scenario.play.starts)))
        given = self._settings.model_copy(update={"database": database, "data_dir": folder})
        with Servers(given, needs=["mqtt", "kafka"], data_dir=folder, durable=False) as servers:
            killed = {step.role for step in scenario.play.step if isinstance(step, Kill)}
            environment = environment_of_roles(servers, servers.settings, folder)
            runners: list[Runner] = [
                RoleProcess(role, environment, log_file=folder / f"{role}.log")
                if role in killed
                else RoleThread(role, servers.settings)
                for role in CHAIN
            ]
            with LiveChain(servers.settings, scenario.registry, runners) as chain:
                yield chain

    def _fresh_database(self, name: str, registry: Registry, now: int) -> str:
        maintenance = Database(self._url)
        with maintenance.read() as cursor:
            cursor.execute(f"CREATE DATABASE {name}".encode())
        maintenance.close()
        url = urlunsplit(urlsplit(self._url)._replace(path=f"/{name}"))
        prepare(url, lambda _: registry, now)
        return url


def prepare(url: str, registered: Callable[[Registry], Registry], now: int) -> Registry:
    """Make the tables; import and return what `registered` makes of the registry that is there, where it differs."""
    database = Database(url)
    migrate(database)
    store = RegistryStore(database)
    before = store.registry()[1]
    registry = registered(before)
    if registry != before:
        store.import_registry(registry, "replay", now)
    database.close()
    return registry

"""The chain under drill: our own servers, every role a supervised process, a webhook receiver, and a replay of a few days."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from bus.kafka_log import KafkaLogProducer
from bus.mqtt_fleet import DeviceFleetLink
from ecovigil.live import environment_of_roles, replay_settings
from ecovigil.log_access import kafka_address
from ecovigil.roles import RoleProcess
from ecovigil.servers import Servers
from ecovigil.settings import Settings
from ecovigil.supervision import Supervision
from ecovigil.wiring import database_url, mqtt_address
from schemas.errors import Unavailable
from schemas.identity import content_id
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US, date_us, day_of
from sim.arrivals import Arrival
from sim.example import beijing_files, example_registry
from sim.fleet import Fleet
from sim.incidents import Incident, Truth
from sim.playback import Backlog, Playback, in_steps
from sim.stations import hour_arrivals, merged, read_station, station_of
from store.letters import PostgresLetters
from store.port import BookEntry
from store.postgres import Database
from store.registry import RegistryStore

FIRST: Final = date(2014, 2, 20)
LAST: Final = date(2014, 2, 22)
"""Inclusive; the air of these days is heavily polluted."""
ROLES: Final = ("bridge", "detectors", "detectors", "relay", "city", "alerts", "notifier")
RECIPIENTS: Final = {"duty-desk": {}, "power-04-office": {"organisation": "power-04"}}
BYPASSED: Final = ("coal-01", "coal-04", "coal-07", "coal-08", "coal-10", "coal-12")
"""Sites whose desulphurisation is off for two hours of every six."""
FLEET: Final = frozenset({*BYPASSED, "coal-13", "crusher-01", "crusher-05", "wwtp-01", "wwtp-02", "wwtp-03"})
RESEND_AFTER_S: Final = 2.0
SETTLED_WITHIN_S: Final = 120.0
SLOW_S: Final = 0.05
"""How long a receiver takes to answer: time enough to die between the delivery and its note."""


class Receiver:
    """A real receiver of webhooks: keeps every delivery as (Idempotency-Key, body)."""

    def __init__(self, slow_s: float = SLOW_S) -> None:
        self.deliveries: list[tuple[UUID, dict[str, Any]]] = []
        self.pause = threading.Event()
        self.is_answering = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.is_answering = True
                receiver.pause.wait(slow_s)
                receiver.is_answering = False
                receiver.deliveries.append((UUID(self.headers["Idempotency-Key"]), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True)
class Replay:
    """What is played, the same in every run."""

    registry: Registry
    arrivals: list[Arrival]
    step_us: int = HOUR_US
    """Between two ticks."""

    def steps(self) -> list[tuple[int, list[Arrival]]]:
        """Return (tick, arrivals up to it) for each step, and a last tick after the last deadline."""
        first = date_us(day_of(self.arrivals[0].at)) + self.step_us + MINUTE_US
        steps = list(in_steps(self.arrivals, first, self.step_us))
        return [*steps, (steps[-1][0] + HOUR_US, [])]

    def days(self) -> list[date]:
        """Return the days of the books."""
        return sorted({day_of(arrival.at) for arrival in self.arrivals})


def replay_for(receiver: Receiver, first: date = FIRST, last: date = LAST, step_us: int = HOUR_US) -> Replay:
    """Return the bundled stations and a part of the fleet; everybody is told by webhook."""
    tables = example_registry().model_dump(exclude_unset=True)
    tables["recipient"] = [
        {"id": name, "channel": "webhook", "address": receiver.url, **more} for name, more in RECIPIENTS.items()
    ]
    registry = Registry.from_tables(tables)
    return Replay(registry, merged([*_air(registry, first, last), _fleet(registry, first, last)]), step_us)


def _air(registry: Registry, first: date, last: date) -> Iterator[list[Arrival]]:
    for path in beijing_files():
        file = read_station(path).between(first, last)
        station = station_of(file.station, registry)
        assert station is not None
        yield list(hour_arrivals(file, station))


def _fleet(registry: Registry, first: date, last: date) -> list[Arrival]:
    start, end = date_us(first), date_us(last) + 24 * HOUR_US
    incidents = [_bypass(site, at) for site in BYPASSED for at in range(start + 2 * HOUR_US, end, 6 * HOUR_US)]
    fleet = Fleet(registry, start, end, incidents=incidents, seed=7)
    devices = {monitor.device_id for monitor in fleet.monitors if monitor.site_id in FLEET}
    return [arrival for arrival in fleet.arrivals(start, end + HOUR_US) if arrival.device_id in devices]


def _bypass(site: str, start: int) -> Incident:
    return Incident.model_construct(
        id=f"{site}-{start}", title="", kind="bypass", site=site, start=start, to=start + 2 * HOUR_US, factor=12.0,
        parameters=["a21026", "a21026-Zs"], copies=1, arrives=None, truth=Truth(),
    )  # fmt: skip


class Drill:
    """A context: inside, servers and roles run and are kept running."""

    def __init__(self, folder: Path, replay: Replay, receiver: Receiver) -> None:
        self._folder = folder
        self._replay = replay
        self._receiver = receiver
        self._opened = ExitStack()
        self._environment: dict[str, str] = {}
        self.roles: list[RoleProcess] = []
        self.servers: Servers
        self.database: Database
        self.fleet: DeviceFleetLink
        self.playback: Playback

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            settings = replay_settings(Settings())
            self.servers = opened.enter_context(Servers(settings, data_dir=self._folder, durable=False))
            self._environment = environment_of_roles(self.servers, self.servers.settings, self._folder)
            self._open(opened, self.servers.settings)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _open(self, opened: ExitStack, settings: Settings) -> None:
        self.database = Database(database_url(settings))
        opened.callback(self.database.close)
        RegistryStore(self.database).import_registry(self._replay.registry, "drill", self._replay.steps()[0][0])
        self.fleet = DeviceFleetLink(mqtt_address(settings), resend_after_s=RESEND_AFTER_S)
        opened.callback(self.fleet.close)
        producer = KafkaLogProducer(kafka_address(settings.kafka), "drill-clock")
        opened.callback(producer.close)
        self.backlog = Backlog(self.database, kafka_address(settings.kafka))
        self.playback = Playback(self.fleet, producer)
        self._start_roles(opened)

    def environment(self, role: str) -> dict[str, str]:
        """Return the environment of a process of this role."""
        return self._environment

    def _start_roles(self, opened: ExitStack) -> None:
        supervision = Supervision()
        opened.callback(supervision.stop)
        for number, role in enumerate(ROLES):
            self.roles.append(RoleProcess(role, self.environment(role), log_file=self._folder / f"{role}-{number}.log"))
            self.roles[-1].start()
        supervision.watch(self.roles)

    def pids(self, target: str) -> list[int]:
        """Return the living processes of a role or server."""
        if target in self.servers.started:
            server = self.servers.started[target]
            return [server.pid] if server.is_alive() else []
        return [role.pid for role in self.roles if role.name == target and role.is_alive()]

    def is_under_way(self, target: str) -> bool:
        """Whether what the target moves is on its way just now: notifications for the notifier, reports for the others."""
        return self._receiver.is_answering if target == "notifier" else self.fleet.unacknowledged > 0

    def play(self, pause: Callable[[], object] | None = None) -> None:
        """Play all steps, calling `pause` after each, and return when Kafka has everything."""
        for tick, arrivals in self._replay.steps():
            self.playback.deliver(tick, arrivals)
            self.playback.tick(tick)
            if pause is not None:
                pause()
        self.playback.finish()

    def settle(self) -> None:
        """Return when everything has been worked off and everybody has been told."""
        until(self.answers, SETTLED_WITHIN_S)  # our own connection, too, may have died with the server
        self.backlog.await_settled(self.playback.last_tick, SETTLED_WITHIN_S)
        until(lambda: not self.rows("SELECT FROM notification WHERE state = 'pending'"), SETTLED_WITHIN_S)

    def answers(self) -> bool:
        """Whether the database is there."""
        try:
            return bool(self.rows("SELECT 1"))
        except Unavailable:
            return False

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what the database answers."""
        with self.database.read() as cursor:
            return cursor.execute(statement.encode(), values).fetchall()

    def final(self) -> str:
        """Return what `ecovigil export final` writes."""
        command = [sys.executable, "-P", "-m", "ecovigil", "export", "final"]
        return subprocess.run(command, env=self._environment, check=True, capture_output=True, text=True).stdout

    def complaints(self) -> list[str]:
        """Return what roles said of defects in themselves: being killed, or left by a server, is none."""
        logs = [self._folder / f"{role}-{number}.log" for number, role in enumerate(ROLES)]
        lines = [f"{log.name}: {line}" for log in logs for line in log.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if "Traceback" in line or "internal error" in line or " ERROR " in line]

    def books(self) -> list[BookEntry]:
        """Return the books of all days."""
        letters = PostgresLetters(self.database)
        return [entry for day in self._replay.days() for entry in letters.books(day)]

    def keys(self) -> dict[UUID, str]:
        """Return the state of each notification by the key under which it must be delivered."""
        found = self.rows("SELECT alert_id, step, recipient_id, state FROM notification")
        return {content_id("notification", *row[:3]): row[3] for row in found}


def until(condition: Callable[[], object], within_s: float) -> None:
    """Return when the condition holds (what cannot be asked does not); fails where it does not hold in time."""
    pause, problem = threading.Event(), ""
    for _ in range(int(within_s * 20)):
        try:
            if condition():
                return
        except Unavailable as error:
            problem = str(error)
        pause.wait(0.05)
    raise AssertionError(f"not within {within_s:g} s {problem}")

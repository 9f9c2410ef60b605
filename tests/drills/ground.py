"""The ground of the drills: Apache Kafka, Mosquitto and PostgreSQL, and a link of its own from each role to each server."""

import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from bus.kafka_address import KafkaAddress
from bus.kafka_topics import admin
from ecovigil.embedded_database import DatabaseServer
from ecovigil.embedded_server import EmbeddedServer
from ecovigil.live import BRIDGE
from ecovigil.real_servers.apache_kafka import ApacheKafka
from ecovigil.real_servers.mosquitto import Mosquitto
from ecovigil.settings import BridgeSettings, DatabaseSettings, KafkaSettings, MqttSettings, Settings
from ecovigil.wiring import make_topics
from schemas.topics import KAFKA_TOPICS
from store.postgres import Database
from store.schema import migrate
from tests.drills.network import HOST, Link, Network

ON_KAFKA: Final = ("bridge", "detectors", "relay", "city", "alerts")
ON_DATABASE: Final = ("bridge", "detectors", "relay", "city", "alerts", "notifier")
ON_MQTT: Final = ("bridge",)
KAFKA_READY_WITHIN_S: Final = 180.0
"""On a machine that is busy with a drill."""
TEMPLATE: Final = "drill"


def linked_kafka(data: Path, network: Network) -> tuple[ApacheKafka, dict[str, Link]]:
    """Return Kafka with a listener for each role: a client goes where the broker says it is, so each must be told its own link."""
    port, controller, *ports = free_ports(2 + len(ON_KAFKA))
    listening = dict(zip(ON_KAFKA, ports, strict=True))
    links = {role: network.link(port) for role, port in listening.items()}
    advertised = {role: link.port for role, link in links.items()}
    names = ["CONTROLLER", "PLAINTEXT", *(role.upper() for role in ON_KAFKA)]
    changed = {
        "listeners": _named({"PLAINTEXT": port, "CONTROLLER": controller} | listening),
        "advertised.listeners": _named({"PLAINTEXT": port} | advertised),
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
    }
    return ApacheKafka(data, port, changed), links


def _named(ports: Mapping[str, int]) -> str:
    return ",".join(f"{name.upper()}://{HOST}:{port}" for name, port in ports.items())


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that are free now."""
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


class Ground:
    """A context: inside, Kafka and PostgreSQL run; `clear` gives each drill topics, a database and a broker of its own."""

    def __init__(self, folder: Path, *, log_folder: Path | None = None, database_folder: Path | None = None) -> None:
        self._folder = folder
        self._log_folder = log_folder or folder / "log"
        self._database_folder = database_folder or folder / "database"
        self._opened = ExitStack()
        self._drills = 0
        self._brokers = ExitStack()
        self.links: dict[tuple[str, str], Link] = {}
        """By (role, server)."""
        self.settings = Settings()
        """What the drill itself uses: no link is between."""

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._network = opened.enter_context(Network())
            self.database = DatabaseServer(self._database_folder, fsync=False)
            self.database.start()
            opened.callback(self.database.stop)
            self.kafka, links = linked_kafka(self._log_folder, self._network)
            self.kafka.ready_within_s = KAFKA_READY_WITHIN_S
            opened.enter_context(self.kafka)
            opened.callback(self._brokers.close)
            self.links |= {(role, "kafka"): link for role, link in links.items()}
            self.links |= {(role, "database"): self._network.link(self.database.port) for role in ON_DATABASE}
            _execute(self.database.url, f"CREATE DATABASE {TEMPLATE}")
            _migrate(_named_database(self.database.url, TEMPLATE))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def clear(self) -> None:
        """Give the next drill what nobody has used; the roles of the last one have gone."""
        self._drills += 1
        for link in self.links.values():
            link.heal()
        self._new_broker()
        name = f"drill_{self._drills}"
        _execute(self.database.url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        self.settings = Settings(
            mqtt=MqttSettings(url=self.mqtt.url),
            kafka=KafkaSettings(bootstrap=self.kafka.url),
            database=DatabaseSettings(url=SecretStr(_named_database(self.database.url, name))),
        )
        self.remake_topics(list(KAFKA_TOPICS))

    def _new_broker(self) -> None:
        self._brokers.close()
        data = self._folder / f"mqtt-{self._drills}"
        self.mqtt = self._brokers.enter_context(Mosquitto(data))
        self.links |= {(role, "mqtt"): self._network.link(self.mqtt.port) for role in ON_MQTT}

    def remake_topics(self, names: Sequence[str]) -> None:
        """Delete these topics with all they hold, and make them anew."""
        with admin(KafkaAddress(self.kafka.url)) as client:
            there = [name for name in names if name in client.list_topics()]
            if there:
                client.delete_topics(there)
        make_topics(self.settings)

    def environment(self, role: str, folder: Path) -> dict[str, str]:
        """Return the environment of a role whose ways to the servers are links."""
        database = urlsplit(_url(self.settings))
        through = f"{database.username}:{database.password}@{HOST}:{self._port(role, 'database', database.port or 0)}"
        ways = {
            "ECOVIGIL_MQTT__URL": f"mqtt://{HOST}:{self._port(role, 'mqtt', self.mqtt.port)}",
            "ECOVIGIL_MQTT__SHARED": "true",
            "ECOVIGIL_BRIDGE__GATHER_MS": str(BridgeSettings().gather_ms),
            "ECOVIGIL_KAFKA__BOOTSTRAP": f"{HOST}:{self._port(role, 'kafka', self.kafka.port)}",
            "ECOVIGIL_DATABASE__URL": urlunsplit(database._replace(netloc=through)),
            "ECOVIGIL_DATA_DIR": str(folder),
        }
        # only the bridge has the time of the replay: with it a role would not tell of our own losses
        replay = {"ECOVIGIL_BRIDGE__VIRTUAL_CLOCK": "true", "ECOVIGIL_BRIDGE__CLIENT_ID": BRIDGE}
        return os.environ | ways | (replay if role in ON_MQTT else {})

    def _port(self, role: str, server: str, otherwise: int) -> int:
        link = self.links.get((role, server))
        return otherwise if link is None else link.port

    def server(self, name: str) -> EmbeddedServer:
        """Return `kafka`, `mqtt` or `database`."""
        return {"kafka": self.kafka, "mqtt": self.mqtt, "database": self.database}[name]

    def kill(self, name: str) -> None:
        """SIGKILL a server; it stays away until it is started."""
        server = self.server(name)
        os.kill(server.pid, signal.SIGKILL)
        server.stop()


def _url(settings: Settings) -> str:
    return settings.database.url.get_secret_value() if settings.database.url else ""


def _named_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


def _execute(url: str, statement: str) -> None:
    database = Database(url)
    with database.read() as cursor:
        cursor.execute(statement.encode())
    database.close()

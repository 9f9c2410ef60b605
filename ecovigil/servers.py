"""The three servers that EcoVigil needs: those that the settings name, and our own in place of the others."""

import fcntl
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from pydantic import SecretStr

from ecovigil.embedded_database import DatabaseServer
from ecovigil.embedded_kafka import KafkaServer
from ecovigil.embedded_mqtt import MqttServer
from ecovigil.embedded_server import EmbeddedServer
from ecovigil.settings import Settings
from ecovigil.supervision import Supervision
from ecovigil.wiring import make_topics
from schemas.errors import InvalidConfiguration, Unavailable
from store.postgres import Database
from store.schema import migrate

ALL: Final = frozenset({"mqtt", "kafka", "database"})
SESSION_MS: Final = 3_000
"""Of a consumer group on our own broker, which lets a group wait half of it at each join."""


class Servers:
    """A context: inside, `settings` names a running server for each of `needs`; at the end our own ones are stopped."""

    def __init__(
        self,
        settings: Settings,
        *,
        needs: Iterable[str] = ALL,
        data_dir: Path | None = None,
        durable: bool = True,
    ) -> None:
        """Keep data under `data_dir` (else the settings' directory); not `durable`: for data that can be made again."""
        self._given = settings
        self._needs = frozenset(needs)
        self._data_dir = (data_dir or settings.data_path).absolute()
        self._durable = durable
        self._lock: IO[str] | None = None
        self._supervision = Supervision()
        self.settings = settings
        """The given settings, completed with our own servers' addresses."""
        self.started: dict[str, EmbeddedServer] = {}
        """Our own servers by name: mqtt, kafka, database."""

    def __enter__(self) -> Self:
        """Start what is not named; raises Unavailable or InvalidConfiguration, and nothing is left running then."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop our own servers."""
        self._supervision.stop()
        for server in reversed(self.started.values()):
            server.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def environment(self) -> dict[str, str]:
        """Return the variables by which a child process gets the completed settings."""
        return {name: value for key, server in self.started.items() for name, value in VARIABLES[key](server).items()}

    def _start(self) -> None:
        for name in ("database", "kafka", "mqtt"):
            if name in self._needs and not is_named(self._given, name):
                self._own(name)
        self.settings = _completed(self._given, self.started)
        self._supervision.watch(list(self.started.values()))
        if "database" in self.started:
            _migrate(self.started["database"].url)
        if "kafka" in self._needs:
            make_topics(self.settings)

    def _own(self, name: str) -> None:
        self._take_lock()
        embedded = self._given.embedded
        server: EmbeddedServer
        if name == "database":
            server = DatabaseServer(self._data_dir, embedded.database_port, fsync=self._durable)
        elif name == "kafka":
            server = KafkaServer(self._data_dir, embedded.kafka_port)
            server.after_start = self._remake_topics
        else:
            server = MqttServer(self._data_dir, embedded.mqtt_port)
        self.started[name] = server
        server.start()

    def _remake_topics(self) -> None:
        """Make the topics of a broker that has forgotten them (at the first start it is done when all servers run)."""
        if self.settings.kafka.bootstrap:
            make_topics(self.settings)

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            self._lock = (self._data_dir / "lock").open("a+")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(
                f"data_dir: {self._data_dir} is in use by another EcoVigil; name another directory"
            ) from None
        except OSError as error:
            raise InvalidConfiguration(f"data_dir: {self._data_dir}: {error.strerror}") from None


VARIABLES: Final[dict[str, Callable[[EmbeddedServer], dict[str, str]]]] = {
    "mqtt": lambda server: {
        "ECOVIGIL_MQTT__URL": server.url,
        "ECOVIGIL_MQTT__SHARED": "false",
        "ECOVIGIL_BRIDGE__GATHER_MS": "0",
    },
    "kafka": lambda server: {
        "ECOVIGIL_KAFKA__BOOTSTRAP": server.url,
        "ECOVIGIL_KAFKA__SESSION_MS": str(SESSION_MS),
        "ECOVIGIL_KAFKA__REPLICATION": "1",
    },
    "database": lambda server: {"ECOVIGIL_DATABASE__URL": server.url},
}


def is_named(settings: Settings, name: str) -> bool:
    """Whether the settings name a server for `mqtt`, `kafka` or `database`."""
    named = {"mqtt": settings.mqtt.url, "kafka": settings.kafka.bootstrap, "database": settings.database.url}
    return named[name] is not None


def role_environment(servers: Servers) -> dict[str, str]:
    """Return the whole environment of a role's process."""
    return {**os.environ, **servers.environment()}


def _completed(settings: Settings, started: dict[str, EmbeddedServer]) -> Settings:
    changed: dict[str, object] = {}
    if "mqtt" in started:
        changed["mqtt"] = settings.mqtt.model_copy(update={"url": started["mqtt"].url, "shared": False})
    if "kafka" in started:
        update = {"bootstrap": started["kafka"].url, "session_ms": SESSION_MS, "replication": 1}
        changed["kafka"] = settings.kafka.model_copy(update=update)
    if "database" in started:
        changed["database"] = settings.database.model_copy(update={"url": SecretStr(started["database"].url)})
    return settings.model_copy(update=changed)


def _migrate(url: str) -> None:
    database = Database(url)
    try:
        migrate(database)
    finally:
        database.close()

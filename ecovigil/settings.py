"""Settings: frozen sections from one TOML file and the environment; the only module that reads the environment.

A value in the environment (`ECOVIGIL_KAFKA__BOOTSTRAP=…`: section, two underscores, key) goes before the file's.
"""

import os
import socket
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from schemas.errors import InvalidConfiguration

PREFIX: Final = "ECOVIGIL_"
DEFAULT_FILE: Final = Path("ecovigil.toml")
NOT_SETTINGS: Final = frozenset({"ECOVIGIL_CONFIG", "ECOVIGIL_SHARED"})
"""Names with our prefix that are not settings: which file to read, and where tests find reference data."""


class Section(BaseModel):
    """One table of the settings file; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class MqttClient(StrEnum):
    """Values of the setting mqtt.client."""

    PAHO = "paho"
    FRAMES = "frames"


class MqttSettings(Section):
    """The MQTT broker."""

    url: str | None = None
    """mqtt://host:1883 or mqtts://host:8883; absent: our own broker."""
    shared: bool = True
    """A shared subscription, so that several bridges can run; false for brokers that have none."""
    client: Literal["paho", "frames"] = "paho"
    """What the bridge receives with: paho-mqtt, or our own reader of MQTT 3.1.1 frames, which takes several times as many reports (benchmarks/RESULTS.md)."""
    username: str | None = None
    password: SecretStr | None = None
    ca: Path | None = None
    """Certificate authority (PEM); absent with mqtts: the system's."""
    cert: Path | None = None
    key: Path | None = None

    @field_validator("url")
    @classmethod
    def _is_mqtt(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("not of the form mqtt://host:port or mqtts://host:port")
        return url


class KafkaSettings(Section):
    """The log: Apache Kafka, or what speaks its protocol."""

    bootstrap: str | None = None
    """host:port, several with commas; absent: our own broker."""
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: SecretStr | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    report_partitions: int = Field(default=4, ge=1, le=1024)
    """Partitions of `reports` where the topic is made by us."""
    session_ms: int = Field(default=6_000, ge=1_000, le=300_000)
    """After how long without a heartbeat a worker's partitions go to another one."""
    replication: int = Field(default=-1, ge=-1)
    """Copies of each topic that is made by us; -1: what the broker is set to."""


class DatabaseSettings(Section):
    """PostgreSQL or TimescaleDB."""

    url: SecretStr | None = None
    """postgresql://user:password@host:port/name; absent: our own server."""


class EmbeddedSettings(Section):
    """Ports of our own servers on 127.0.0.1; 0: a free one."""

    mqtt_port: int = Field(default=0, ge=0, le=65535)
    kafka_port: int = Field(default=0, ge=0, le=65535)
    database_port: int = Field(default=0, ge=0, le=65535)


class BridgeSettings(Section):
    """The MQTT bridge."""

    client_id: str = Field(default_factory=lambda: f"ecovigil-bridge-{socket.gethostname()}", min_length=1)
    """Stable: the broker keeps the session under this name. Two bridges need two names."""
    max_report_bytes: int = Field(default=64 * 1024, ge=1024, le=512 * 1024)
    """A larger message is a dead letter (`oversized`)."""
    virtual_clock: bool = False
    """For a replay: `now` comes from the simulator over MQTT, not from the machine."""
    future_tolerance_s: int = Field(default=300, ge=1)
    """A report dated further ahead than this is a dead letter (`future_dated`)."""
    gather_ms: int = Field(default=100, ge=0, le=2_000)
    """So long after records were sent to Kafka, the reports that come are let gather for the next; 0 for a broker that has few messages under way at once."""


class WorkerSettings(Section):
    """The detectors' workers."""

    group: str = "ecovigil-detectors"
    """Consumer group."""
    max_records: int = Field(default=500, ge=1, le=100_000)
    """Log records of one micro-batch."""
    gather_ms: int = Field(default=100, ge=0, le=2_000)
    """So long after one micro-batch was begun, the records that come are let gather for the next, unless there are `max_records`."""


class NotifierSettings(Section):
    """Delivery of notifications."""

    webhook_timeout_s: float = Field(default=10.0, gt=0, le=120)


class MetricsSettings(Section):
    """Prometheus metrics, health and readiness of each role's process: `/metrics`, `/healthz`, `/readyz`."""

    bind: str = Field(default="127.0.0.1", min_length=1)
    """Address that the port is opened on. There is no password: keep it where only the monitoring can reach it."""
    port: int = Field(default=0, ge=0, le=65_500)
    """0: none. Where one `ecovigil run` starts several roles, the first has this port and the others those after it."""
    stuck_after_s: float = Field(default=120.0, ge=5)
    """`/healthz` fails where the role's loop has not come round for so long."""


class LogSettings(Section):
    """What the roles write on stderr."""

    format: Literal["text", "json"] = "text"
    """text: for a terminal; json: one object a line."""
    level: Literal["debug", "info", "warning", "error"] = "warning"


class Settings(BaseSettings):
    """All that an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        nested_model_default_partial_update=True,
    )

    data_dir: Path | None = None
    """Where our own servers keep their data; absent: the user's data directory."""
    mqtt: MqttSettings = MqttSettings()
    kafka: KafkaSettings = KafkaSettings()
    database: DatabaseSettings = DatabaseSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    bridge: BridgeSettings = BridgeSettings()
    worker: WorkerSettings = WorkerSettings()
    notifier: NotifierSettings = NotifierSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()

    @property
    def data_path(self) -> Path:
        """The data directory, absolute."""
        return (self.data_dir or _default_data_dir()).absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment go before the file (which comes in as arguments)."""
        return env_settings, InitSettingsSource(settings_cls, dict(getattr(init_settings, "init_kwargs", {})))


def load(file: Path | None = None) -> Settings:
    """Return the settings of `file` (else $ECOVIGIL_CONFIG, else ./ecovigil.toml if there); raises InvalidConfiguration with every problem."""
    env = os.environ
    named = file or (Path(env["ECOVIGIL_CONFIG"]) if env.get("ECOVIGIL_CONFIG") else None)
    path = named or DEFAULT_FILE
    tables = _read(path, required=named is not None)
    problems = _unknown_names(env)
    try:
        settings = Settings(**tables)
    except ValidationError as error:
        problems += [_problem(path, env, e["loc"], e["msg"]) for e in error.errors()]
    if problems:
        raise InvalidConfiguration(problems)
    return settings


def tls_files(settings: Settings) -> list[tuple[str, Path]]:
    """Return (key, file) of every certificate and key file that is named."""
    sections = {"mqtt": settings.mqtt, "kafka": settings.kafka}
    named = [
        (f"{name}.{key}", getattr(section, key)) for name, section in sections.items() for key in ("ca", "cert", "key")
    ]
    return [(key, path) for key, path in named if path is not None]


def _read(path: Path, *, required: bool) -> dict[str, Any]:
    if not required and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidConfiguration(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{path}: {error}") from None


def _unknown_names(env: Mapping[str, str]) -> list[str]:
    known = {name.upper() for name in Settings.model_fields}
    names = sorted(name for name in env if name.upper().startswith(PREFIX) and name.upper() not in NOT_SETTINGS)
    return [f"environment: {n}: no such setting" for n in names if n.upper()[len(PREFIX) :].split("__")[0] not in known]


def _problem(path: Path, env: Mapping[str, str], loc: tuple[int | str, ...], message: str) -> str:
    name = PREFIX + "__".join(str(part) for part in loc).upper()
    origin = f"environment: {name}" if name in {n.upper() for n in env} else f"{path}: {'.'.join(str(p) for p in loc)}"
    said = "no such setting" if message.startswith("Extra inputs") else message.removeprefix("Value error, ")
    return f"{origin}: {said}"


def _default_data_dir() -> Path:
    # root's home is closed to the system user that PostgreSQL has to run as
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/ecovigil")
    return platformdirs.user_data_path("ecovigil")

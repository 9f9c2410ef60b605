"""Wiring: the only module that makes adapters and hands them to the stages."""

import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final, Protocol

from alerts.notifier import Notifier
from alerts.notifiers import Channel
from alerts.notifiers.console import Console
from alerts.notifiers.webhook import Webhook
from alerts.stage import AlertStage
from bus.kafka_log import KafkaLogConsumer, KafkaLogProducer
from bus.kafka_topics import ensure_topics
from bus.mqtt_address import MqttAddress
from bus.mqtt_clock import VirtualClock
from bus.mqtt_frame_link import MqttFrameLink
from bus.mqtt_link import ALONE, SHARED, MqttLink
from detectors.city import CityStage
from detectors.worker import Worker
from ecovigil.clock import ClockRole, MachineClock
from ecovigil.log_access import kafka_address
from ecovigil.relay import Relay
from ecovigil.settings import Settings
from ingest.admission import Limits
from ingest.bridge import Bridge, BridgeSettings
from ingest.intake import Intake
from ingest.registry_source import CachedRegistry
from schemas.errors import InvalidConfiguration
from schemas.times import SECOND_US
from schemas.topics import FINDINGS, KAFKA_TOPICS, MEANS, REPORTS
from store.alerts import PostgresAlerts
from store.city import PostgresCityStore
from store.outbox import PostgresOutbox
from store.postgres import Database
from store.registry import RegistryStore
from store.work import PostgresWorkStore

ROLES: Final = ("clock", "bridge", "detectors", "city", "alerts", "relay", "notifier")


class Role(Protocol):
    """One stage of the chain."""

    def step(self, wait_s: float) -> bool:
        """Do what there is to do, waiting for at most `wait_s`; return whether anything was done. Raises Unavailable."""
        ...

    def close(self) -> None:
        """Finish what was begun."""
        ...


class WiredRole:
    """A stage together with the adapters that were made for it."""

    def __init__(self, stage: Role, adapters: ExitStack) -> None:
        self._stage = stage
        self._adapters = adapters

    def step(self, wait_s: float) -> bool:
        """Step the stage."""
        return self._stage.step(wait_s)

    def close(self) -> None:
        """Drain the stage, then let go of its adapters."""
        with self._adapters:
            self._stage.close()


def build_role(name: str, settings: Settings) -> Role:
    """Return a role on the servers that the settings name; raises Unavailable where one is away, or InvalidConfiguration."""
    with ExitStack() as adapters:
        stage = BUILDERS[name](Parts(settings, adapters))
        return WiredRole(stage, adapters.pop_all())


def make_topics(settings: Settings) -> None:
    """Make the topics that are missing; raises Unavailable."""
    partitions = dict.fromkeys(KAFKA_TOPICS, 1) | {REPORTS: settings.kafka.report_partitions}
    ensure_topics(kafka_address(settings.kafka), partitions, settings.kafka.replication)


class Parts:
    """Makes the adapters of one role; they are closed with it."""

    def __init__(self, settings: Settings, adapters: ExitStack) -> None:
        self.settings = settings
        self._adapters = adapters
        self.owner = f"{socket.gethostname()}:{os.getpid()}"

    def database(self) -> Database:
        """Return a database connection."""
        database = Database(database_url(self.settings))
        self._adapters.callback(database.close)
        return database

    def producer(self) -> KafkaLogProducer:
        """Return a producer."""
        producer = KafkaLogProducer(kafka_address(self.settings.kafka), f"ecovigil-{self.owner}")
        self._adapters.callback(producer.close)
        return producer

    def consumer(self, topic: str, group: str) -> KafkaLogConsumer:
        """Return a member of a consumer group."""
        make_topics(self.settings)
        consumer = KafkaLogConsumer(kafka_address(self.settings.kafka), topic, group, f"ecovigil-{self.owner}")
        self._adapters.callback(consumer.close)
        return consumer

    def closing(self, close: Callable[[], None]) -> None:
        """Call `close` when the role is closed."""
        self._adapters.callback(close)


def mqtt_address(settings: Settings) -> MqttAddress:
    """Return where the settings' broker is; raises InvalidConfiguration where none is named."""
    mqtt = settings.mqtt
    if mqtt.url is None:
        raise InvalidConfiguration("mqtt.url is not set")
    return MqttAddress(
        url=mqtt.url,
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password else None,
        ca=str(mqtt.ca) if mqtt.ca else None,
        cert=str(mqtt.cert) if mqtt.cert else None,
        key=str(mqtt.key) if mqtt.key else None,
    )


def database_url(settings: Settings) -> str:
    """Return the settings' connection string; raises InvalidConfiguration where none is named."""
    if settings.database.url is None:
        raise InvalidConfiguration("database.url is not set")
    return settings.database.url.get_secret_value()


def _clock(parts: Parts) -> Role:
    make_topics(parts.settings)
    return ClockRole(parts.producer())


def _bridge(parts: Parts) -> Role:
    bridge, mqtt = parts.settings.bridge, mqtt_address(parts.settings)
    producer = parts.producer()
    cache = parts.settings.data_path / "registry.json"
    registry = CachedRegistry(RegistryStore(parts.database()), cache)
    parts.closing(registry.close)
    made = MqttFrameLink if parts.settings.mqtt.client == "frames" else MqttLink
    link = made(mqtt, bridge.client_id, subscription=SHARED if parts.settings.mqtt.shared else ALONE)
    parts.closing(link.close)
    limits = Limits(bridge.max_report_bytes, bridge.future_tolerance_s * SECOND_US)
    return Bridge(
        link, producer, _now(parts, mqtt, link), Intake(registry, limits), BridgeSettings(name=bridge.client_id)
    )


def _now(parts: Parts, mqtt: MqttAddress, link: MqttLink | MqttFrameLink) -> MachineClock | VirtualClock:
    if not parts.settings.bridge.virtual_clock:
        return MachineClock()
    clock = VirtualClock(mqtt, parts.settings.bridge.client_id, lambda: link.is_connected)
    parts.closing(clock.close)
    return clock


def _detectors(parts: Parts) -> Role:
    worker = parts.settings.worker
    store = PostgresWorkStore(parts.database())
    return Worker(parts.consumer(REPORTS, worker.group), store, owner=parts.owner, max_records=worker.max_records)


def _city(parts: Parts) -> Role:
    store = PostgresCityStore(parts.database())
    partitions = parts.settings.kafka.report_partitions
    return CityStage(parts.consumer(MEANS, "ecovigil-city"), store, report_partitions=partitions, owner=parts.owner)


def _alerts(parts: Parts) -> Role:
    database = parts.database()
    consumer = parts.consumer(FINDINGS, "ecovigil-alerts")
    return AlertStage(consumer, PostgresAlerts(database), PostgresCityStore(database), parts.owner)


def _relay(parts: Parts) -> Role:
    make_topics(parts.settings)
    return Relay(PostgresOutbox(parts.database()), parts.producer())


def _notifier(parts: Parts) -> Role:
    database = parts.database()
    webhook = Webhook(parts.settings.notifier.webhook_timeout_s)
    channels: dict[str, Channel] = {"console": Console(lambda text: print(text, flush=True)), "webhook": webhook}
    return Notifier(PostgresAlerts(database), channels, RegistryStore(database).registry)


BUILDERS: Final[dict[str, Callable[[Parts], Role]]] = {
    "clock": _clock,
    "bridge": _bridge,
    "detectors": _detectors,
    "city": _city,
    "alerts": _alerts,
    "relay": _relay,
    "notifier": _notifier,
}

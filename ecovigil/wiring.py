"""Wiring: the only module that makes adapters and hands them to the stages."""

import os
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
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
from bus.port import DeviceLink
from detectors.city import CityStage
from detectors.worker import Worker
from ecovigil.clock import ClockRole, MachineClock
from ecovigil.log_access import kafka_address
from ecovigil.metered import (
    MeteredChannel,
    MeteredConsumer,
    MeteredDatabase,
    MeteredLink,
    MeteredProducer,
    MeteredWorkStore,
)
from ecovigil.metered_bridge import BridgeFigures
from ecovigil.meters import Meters
from ecovigil.own_losses import AcknowledgedNotes, Audit
from ecovigil.presence import Presence, Watch
from ecovigil.relay import Relay
from ecovigil.samples import show_backlog, show_held, show_telling
from ecovigil.settings import Settings
from ingest.admission import Limits
from ingest.bridge import Bridge, BridgeSettings
from ingest.bundler import BundleLimits
from ingest.intake import Intake
from ingest.registry_source import CachedRegistry
from schemas.errors import InvalidConfiguration
from schemas.times import SECOND_US
from schemas.topics import FINDINGS, KAFKA_TOPICS, MEANS, REPORTS
from store.accounts import PostgresAccounts
from store.alerts import PostgresAlerts
from store.backlog import notification_backlog, outbox_backlog
from store.bell import Bell
from store.city import PostgresCityStore
from store.ledger import PostgresLedger
from store.outbox import PostgresOutbox
from store.postgres import Database
from store.registry import RegistryStore

SAMPLE_EVERY_S: Final = 5.0
"""How often figures that cost a query or a sum over what is in memory are looked at."""
LATE_GATHER_S: Final = 1.0
"""How long the city role lets events gather after hours that came late."""
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
    """A stage together with the adapters that were made for it; its steps are timed, its figures looked at from time to time."""

    def __init__(self, stage: Role, parts: "Parts", adapters: ExitStack) -> None:
        self._stage = stage
        self._adapters = adapters
        self._meters = parts.meters
        self._samples = parts.samples
        self._sample_at = 0.0

    def step(self, wait_s: float) -> bool:
        """Step the stage."""
        meters = self._meters
        began, waited_s = time.monotonic(), meters.waited_s
        busy = self._stage.step(wait_s)
        now = time.monotonic()
        if busy:
            meters.step.observe(max(0.0, now - began - (meters.waited_s - waited_s)))
        meters.steps.labels("busy" if busy else "idle").inc()
        if now >= self._sample_at:
            self._sample_at = now + SAMPLE_EVERY_S
            for sample in self._samples:
                sample()
        return busy

    def close(self) -> None:
        """Drain the stage, then let go of its adapters."""
        with self._adapters:
            self._stage.close()


def build_role(name: str, settings: Settings, meters: Meters | None = None) -> Role:
    """Return a role on the servers that the settings name; raises Unavailable where one is away, or InvalidConfiguration."""
    with ExitStack() as adapters:
        parts = Parts(settings, adapters, meters or Meters(name))
        stage = BUILDERS[name](parts)
        parts.meters.health.started()
        return WiredRole(stage, parts, adapters.pop_all())


def watch_for(settings: Settings, meters: Meters) -> AbstractContextManager[object]:
    """Return what notes, as long as a role's process runs, when it was able to work; in a replay nothing does: its time is another one."""
    if settings.bridge.virtual_clock:
        return nullcontext()
    database = Database(database_url(settings))
    presence = Presence(meters.role, meters.health, PostgresAccounts(database), MachineClock())
    ledger = PostgresLedger(database)
    return Watch(lambda: [presence.look, *(partial(note, ledger) for note in meters.notes)], database.close)


def make_topics(settings: Settings) -> None:
    """Make the topics that are missing; raises Unavailable."""
    partitions = dict.fromkeys(KAFKA_TOPICS, 1) | {REPORTS: settings.kafka.report_partitions}
    ensure_topics(kafka_address(settings.kafka), partitions, settings.kafka.replication)


class Parts:
    """Makes the adapters of one role; they are closed with it."""

    def __init__(self, settings: Settings, adapters: ExitStack, meters: Meters) -> None:
        self.settings = settings
        self.meters = meters
        self.samples: list[Callable[[], None]] = []
        """Called on the role's own thread every few seconds; each sets gauges."""
        self._adapters = adapters
        self.owner = f"{socket.gethostname()}:{os.getpid()}"

    def database(self, *, needed: bool = True) -> Database:
        """Return a database connection; `needed`: without it the role is not ready."""
        database = MeteredDatabase(database_url(self.settings), self.meters)
        self._adapters.callback(database.close)
        if needed:
            self.meters.health.require("database", lambda: database.is_reachable)
        return database

    def producer(self) -> KafkaLogProducer:
        """Return a producer."""
        producer = MeteredProducer(kafka_address(self.settings.kafka), f"ecovigil-{self.owner}", self.meters)
        self._adapters.callback(producer.close)
        self.meters.health.require("log", lambda: producer.is_reachable)
        return producer

    def consumer(self, topic: str, group: str) -> KafkaLogConsumer:
        """Return a member of a consumer group."""
        make_topics(self.settings)
        address, client_id = kafka_address(self.settings.kafka), f"ecovigil-{self.owner}"
        consumer = MeteredConsumer(address, topic, group, client_id, self.meters)
        self._adapters.callback(consumer.close)
        self.meters.health.require("log", lambda: consumer.is_reachable)
        self.meters.health.require("partitions", lambda: consumer.is_member)
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
    registry = CachedRegistry(RegistryStore(parts.database(needed=False)), cache)
    parts.closing(registry.close)
    subscription = SHARED if parts.settings.mqtt.shared else ALONE
    made = MqttFrameLink if parts.settings.mqtt.client == "frames" else MqttLink
    link = MeteredLink(made(mqtt, bridge.client_id, subscription=subscription), parts.meters)
    parts.closing(link.close)
    limits = Limits(bridge.max_report_bytes, bridge.future_tolerance_s * SECOND_US)
    bundles = BundleLimits(gather_s=bridge.gather_ms / 1000)
    bridge_settings = BridgeSettings(name=bridge.client_id, bundle=bundles)
    stage = Bridge(link, producer, _now(parts, mqtt, link), Intake(registry, limits), bridge_settings)
    parts.meters.health.require("mqtt", lambda: link.is_connected)
    parts.meters.health.require("log", lambda: not stage.is_blocked)
    parts.meters.registry.register(BridgeFigures(stage))
    parts.meters.notes.append(AcknowledgedNotes(bridge.client_id, stage.tally.by_hour, MachineClock()).note)
    return stage


def _now(parts: Parts, mqtt: MqttAddress, link: DeviceLink) -> MachineClock | VirtualClock:
    if not parts.settings.bridge.virtual_clock:
        return MachineClock()
    clock = VirtualClock(mqtt, parts.settings.bridge.client_id, lambda: link.is_connected)
    parts.closing(clock.close)
    return clock


def _detectors(parts: Parts) -> Role:
    worker = parts.settings.worker
    store = MeteredWorkStore(parts.database(), parts.meters)
    consumer = parts.consumer(REPORTS, worker.group)
    gather_s = worker.gather_ms / 1000
    stage = Worker(consumer, store, owner=parts.owner, max_records=worker.max_records, gather_s=gather_s)
    parts.samples.append(lambda: show_held(stage.held(), parts.meters.work))
    return stage


def _city(parts: Parts) -> Role:
    store = PostgresCityStore(parts.database())
    partitions = parts.settings.kafka.report_partitions
    consumer = parts.consumer(MEANS, "ecovigil-city")
    return CityStage(consumer, store, report_partitions=partitions, owner=parts.owner, gather_s=LATE_GATHER_S)


def _alerts(parts: Parts) -> Role:
    database = parts.database()
    consumer = parts.consumer(FINDINGS, "ecovigil-alerts")
    return AlertStage(consumer, PostgresAlerts(database), PostgresCityStore(database), parts.owner)


def _relay(parts: Parts) -> Role:
    make_topics(parts.settings)
    database = parts.database()
    producer = parts.producer()
    parts.samples.append(lambda: show_backlog(outbox_backlog(database), parts.meters.outbox))
    parts.meters.notes.append(Audit(MachineClock()).look)
    return Relay(PostgresOutbox(database), producer)


def _notifier(parts: Parts) -> Role:
    database = parts.database()
    webhook = Webhook(parts.settings.notifier.webhook_timeout_s)
    plain: dict[str, Channel] = {"console": Console(lambda text: print(text, flush=True)), "webhook": webhook}
    channels = {name: MeteredChannel(name, channel, parts.meters) for name, channel in plain.items()}
    parts.samples.append(lambda: show_telling(notification_backlog(database), parts.meters.telling))
    bell = Bell(database.url, "notification")
    parts.closing(bell.close)
    return Notifier(PostgresAlerts(database), channels, RegistryStore(database).registry, bell.wait)


BUILDERS: Final[dict[str, Callable[[Parts], Role]]] = {
    "clock": _clock,
    "bridge": _bridge,
    "detectors": _detectors,
    "city": _city,
    "alerts": _alerts,
    "relay": _relay,
    "notifier": _notifier,
}

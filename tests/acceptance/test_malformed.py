"""A hundred bad messages of ten kinds: kept with the right reason, none stops the bridge, and a mended registry lets them in."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pytest

from bus.kafka_address import KafkaAddress
from bus.kafka_log import KafkaLogConsumer, KafkaLogProducer
from bus.kafka_topics import ensure_topics
from bus.memory_link import MemoryLink
from bus.memory_log import MemoryLog
from bus.mqtt_address import MqttAddress
from bus.mqtt_fleet import DeviceFleetLink
from bus.mqtt_link import MqttLink
from bus.port import DeviceLink, LogConsumer, LogProducer
from detectors.worker import Worker
from ecovigil.commands.deadletter import replay_all
from ecovigil.embedded_kafka import KafkaServer
from ecovigil.embedded_mqtt import MqttServer
from ingest.bridge import Bridge
from ingest.intake import Intake
from ingest.registry_source import StoreRegistry
from ingest.replay import Fate, Replay
from schemas.codes import Rejection
from schemas.registry import Registry
from schemas.topics import REPORTS, report_topic
from store.letter_port import LetterFilter, LetterStore
from store.letters import PostgresLetters
from store.memory import MemoryStore
from store.port import WorkStore
from store.postgres import Database
from store.registry import RegistryStore
from store.work import PostgresWorkStore

pytestmark = pytest.mark.acceptance

NOON = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time
DAY = date(2026, 3, 10)
EACH = 10
GOOD = 30


def registry(*, mended: bool) -> Registry:
    """Return the registry: before the mend a device, a site of a device and a unit are wrong."""
    return Registry.from_tables(
        {
            "site": [{"id": name, "kind": "stack"} for name in ("stack-1", "stack-2", "stack-3", "stack-4")],
            "device": [
                {"id": "mn-1", "sites": ["stack-1", "stack-2"] if mended else ["stack-1"]},
                {"id": "mn-3", "sites": ["stack-3"]},
                *([{"id": "mn-new", "sites": ["stack-4"]}] if mended else []),
            ],
            "channel": [{"site": "stack-3", "parameter": "a21026", "unit": "mg/m3" if mended else "mg"}],
        }
    )


def report(minute: int, readings: Any, **changes: Any) -> bytes:
    content = {"observed_at": f"2026-03-10T10:{minute:02d}:00+08:00", "kind": "minute", "readings": readings}
    return json.dumps(content | changes).encode()


MN_1, MN_3, MN_NEW = (report_topic("220100", device) for device in ("mn-1", "mn-3", "mn-new"))
PM = [["a34013", 10.0]]

KINDS: dict[str, tuple[Rejection, Callable[[int], tuple[str, bytes]]]] = {
    "cut off": (Rejection.MALFORMED, lambda i: (MN_1, report(i, PM)[:-5])),
    "not text": (Rejection.MALFORMED, lambda i: (MN_1, bytes([0, 255, 254, i]))),
    "a clock that was never set": (
        Rejection.MALFORMED,
        lambda i: (MN_1, report(i, PM, observed_at=f"1970-01-01T00:{i:02d}")),
    ),
    "too long": (Rejection.OVERSIZED, lambda i: (MN_1, report(i, PM, note="x" * 65_536))),
    "another topic": (Rejection.WRONG_TOPIC, lambda i: (f"ecovigil/v1/220100/mn-1/reports/{i}", report(i, PM))),
    "not registered": (Rejection.UNKNOWN_DEVICE, lambda i: (MN_NEW, report(i, PM))),
    "a unit that cannot be": (Rejection.UNKNOWN_PARAMETER, lambda i: (MN_3, report(i, [["a21026", 20.0]]))),
    "another's site": (Rejection.NOT_ITS_SITE, lambda i: (MN_1, report(i, PM, site="stack-2"))),
    "an hour ahead": (Rejection.FUTURE_DATED, lambda i: (MN_1, report(i, PM, observed_at=f"2026-03-10T13:{i:02d}"))),
    "no number": (Rejection.INVALID_VALUE, lambda i: (MN_1, report(i, [["a34013", "high"]]))),
}
MENDED = {Rejection.UNKNOWN_DEVICE, Rejection.UNKNOWN_PARAMETER, Rejection.NOT_ITS_SITE}


class Noon:
    """A clock that stands."""

    def now(self) -> int:
        return NOON


@dataclass
class Plant:
    """Bridge and worker on one link, log and store; the test is the devices and the operator."""

    publish: Callable[[str, bytes], object]
    link: DeviceLink
    producer: LogProducer
    consumer: LogConsumer
    store: WorkStore
    letters: LetterStore
    register: Callable[[Registry, str, int], int]
    pump: Callable[[], object]
    """Let the devices' side make progress."""

    def __post_init__(self) -> None:
        self.intake = Intake(StoreRegistry(self.store))
        self.bridge = Bridge(self.link, self.producer, Noon(), self.intake)
        self.worker = Worker(self.consumer, self.store, owner="test")

    def run_until(self, reached: Callable[[], bool], steps: int = 3000) -> None:
        """Step both roles until `reached`; the books must balance all along."""
        for _ in range(steps):
            self.pump()
            busy = self.bridge.step(0.01) | self.worker.step(0.01)
            if busy:
                self.check_books()
            elif reached():
                return
        raise AssertionError("not reached")

    def check_books(self) -> None:
        for entry in self.letters.books(DAY):
            assert entry.received == entry.stored + entry.duplicate + entry.rejected, entry

    def booked(self) -> Counter[str]:
        """Return the day's sums over all devices."""
        sums: Counter[str] = Counter()
        for entry in self.letters.books(DAY):
            sums.update(
                received=entry.received, stored=entry.stored, rejected=entry.rejected, duplicate=entry.duplicate
            )
        return sums

    def reasons(self, state: str) -> dict[str, int]:
        return {count.reason: count.count for count in self.letters.letter_counts(LetterFilter(state=state))}


@pytest.fixture(params=["memory", pytest.param("servers", marks=pytest.mark.live)])
def plant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plant]:
    """Everything in memory, and everything on servers of its own."""
    if request.param == "memory":
        link, log, store = MemoryLink(), MemoryLog({REPORTS: 4}), MemoryStore()
        store.import_registry(registry(mended=False), "test", NOON)
        yield Plant(
            link.offer,
            link,
            log.producer(),
            log.consumer(REPORTS, "g"),
            store,
            store,
            store.import_registry,
            lambda: None,
        )
        return
    yield from on_servers(tmp_path, request.getfixturevalue("database_url"))


def on_servers(folder: Path, database_url: str) -> Iterator[Plant]:
    mqtt, kafka, database = MqttServer(folder / "mqtt"), KafkaServer(folder / "kafka"), Database(database_url)
    mqtt.start()
    kafka.start()
    log, broker = KafkaAddress(kafka.url, session_ms=3_000), MqttAddress(mqtt.url)
    ensure_topics(log, {REPORTS: 4})
    store, registries = PostgresWorkStore(database), RegistryStore(database)
    registries.import_registry(registry(mended=False), "test", NOON)
    fleet, link, producer = DeviceFleetLink(broker), MqttLink(broker, "bridge"), KafkaLogProducer(log, "bridge")
    consumer = KafkaLogConsumer(log, REPORTS, "detectors", "worker")
    while not link.is_connected:  # a message that is sent once must find the subscription
        link.poll(0.2, 1)
    link.poll(0.5, 1)
    fleet.poll_acks(0.5)
    yield Plant(
        lambda topic, payload: fleet.publish(topic, payload, keep=topic.endswith("/report")),
        link,
        producer,
        consumer,
        store,
        PostgresLetters(database),
        registries.import_registry,
        fleet.poll_acks,
    )
    for closing in (fleet, link, producer, consumer, database):
        closing.close()
    kafka.stop()
    mqtt.stop()


def send_everything(plant: Plant) -> None:
    """Publish a hundred bad messages with thirty good ones between them."""
    bad = [make(i) for i in range(EACH) for _, make in KINDS.values()]
    good = [(MN_1, report(i, PM)) for i in range(GOOD)]
    for message in chain.from_iterable(zip_longest(bad, good)):
        if message is not None:
            plant.publish(*message)
    plant.run_until(lambda: plant.booked()["received"] >= EACH * len(KINDS) + GOOD)


def test_each_of_a_hundred_bad_messages_is_kept_with_its_reason(plant: Plant) -> None:
    send_everything(plant)

    expected: Counter[str] = Counter()
    for rejection, _ in KINDS.values():
        expected[rejection] += EACH
    assert plant.reasons("kept") == expected
    sums = plant.booked()
    assert (sums["stored"], sums["rejected"]) == (GOOD, EACH * len(KINDS))


def test_the_bytes_of_every_bad_message_are_kept(plant: Plant) -> None:
    send_everything(plant)

    letters = plant.letters.letters(LetterFilter())
    kept = plant.letters.letter_bytes([letter.letter_id for letter in letters])
    assert sorted(kept.values()) == sorted(make(i)[1] for i in range(EACH) for _, make in KINDS.values())


def test_a_mended_registry_lets_the_replayed_ones_in(plant: Plant) -> None:
    send_everything(plant)
    plant.register(registry(mended=True), "test", NOON)

    outcomes = replay_all(plant.letters, LetterFilter(state="kept"), Replay(plant.intake, plant.producer, NOON))
    plant.run_until(lambda: plant.booked()["stored"] >= GOOD + EACH * len(MENDED))

    assert Counter(one.fate for one in outcomes)[Fate.SENT] == EACH * len(MENDED)
    assert plant.reasons("replayed") == dict.fromkeys(MENDED, EACH)
    assert plant.booked()["rejected"] == EACH * (len(KINDS) - len(MENDED))

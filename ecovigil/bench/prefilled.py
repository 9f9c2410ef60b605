"""A log that is full before the measurement begins: the same reports as bundles with ticks, and one record a report for those we are compared with."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, NamedTuple

from bus.kafka_log import KafkaLogProducer
from bus.kafka_topics import ensure_topics
from ecovigil.bench.bench_servers import BenchServers
from ecovigil.bench.fleet import FleetShape, payloads
from ecovigil.bench.ingest import PLAIN
from ecovigil.log_access import kafka_address
from ingest.bundler import Draft
from ingest.intake import Intake
from ingest.registry_source import FixedRegistry
from schemas.bundle import Tick, encode_bundle, encode_tick
from schemas.partitions import partition_of
from schemas.registry import Registry
from schemas.times import SECOND_US
from schemas.topics import REPORTS

ROUND: Final = 2
"""Turns in one bundle of a partition: with 1,000 devices on 4 partitions 500 reports, as the bridge makes them under load."""


class Entry(NamedTuple):
    """One record as it is appended."""

    topic: str
    partition: int
    value: bytes


def fill(servers: BenchServers, registry: Registry, shape: FleetShape, *, plain: bool) -> None:
    """Append all reports of a fleet, and a tick after each round; with `plain` also one record a report to the topic `plain`."""
    if plain:
        ensure_topics(kafka_address(servers.settings.kafka), {PLAIN: servers.partitions}, 1)
    append(servers, entries(registry, shape, range(shape.minutes), servers.partitions, plain=plain))


def append(servers: BenchServers, made: Iterable[Entry]) -> None:
    """Append records, and return when the log has them."""
    producer = KafkaLogProducer(kafka_address(servers.settings.kafka), "bench-fill")
    for topic, partition, value in made:
        producer.send(topic, value, partition=partition)
    producer.flush()
    producer.close()


def entries(
    registry: Registry, shape: FleetShape, turns: range, partitions: int, *, plain: bool = False
) -> Iterator[Entry]:
    """Yield the records of these turns: bundles, and a tick after each round; with `plain` also each report by itself."""
    intake = Intake(FixedRegistry(registry))
    intake.refresh()
    homes = [partition_of(shape.device_id(number), partitions) for number in range(shape.devices)]
    for _, group in groupby(payloads(shape, turns), key=lambda report: report[0] // ROUND):
        yield from _round(intake, shape, homes, list(group), plain=plain)


def _round(
    intake: Intake, shape: FleetShape, homes: list[int], reports: list[tuple[int, int, bytes]], *, plain: bool
) -> Iterator[Entry]:
    now = shape.instant(reports[-1][0]) + shape.period_us + 5 * SECOND_US
    drafts = {partition: Draft() for partition in set(homes)}
    for _, number, payload in reports:
        topic = shape.topic(number)
        drafts[homes[number]].add(topic, payload, intake.judge(topic, payload, now), now)
        if plain:
            yield Entry(PLAIN, homes[number], payload)
    for partition, draft in drafts.items():
        yield Entry(REPORTS, partition, encode_bundle(draft.seal("bench", intake.parameters)))
    for partition in sorted(drafts):
        yield Entry(REPORTS, partition, encode_tick(Tick(now)))

"""A log that is full before the measurement begins: the same reports as bundles with ticks, and one record a report for those we are compared with."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

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


def fill(servers: BenchServers, registry: Registry, shape: FleetShape, *, plain: bool) -> None:
    """Append all reports of a fleet, and a tick after each round; with `plain` also one record a report to the topic `plain`."""
    address = kafka_address(servers.settings.kafka)
    producer = KafkaLogProducer(address, "bench-fill")
    if plain:
        ensure_topics(address, {PLAIN: servers.partitions}, 1)
    intake = Intake(FixedRegistry(registry))
    intake.refresh()
    partitions = [partition_of(shape.device_id(number), servers.partitions) for number in range(shape.devices)]
    reports = payloads(shape, range(shape.minutes))
    for _, group in groupby(reports, key=lambda report: report[0] // ROUND):
        _append(producer, intake, shape, partitions, list(group), plain=plain)
    producer.flush()
    producer.close()


def _append(
    producer: KafkaLogProducer, intake: Intake, shape: FleetShape, partitions: list[int],
    reports: list[tuple[int, int, bytes]], *, plain: bool,
) -> None:  # fmt: skip
    now = shape.instant(reports[-1][0]) + shape.period_us + 5 * SECOND_US
    drafts = {partition: Draft() for partition in set(partitions)}
    for _, number, payload in reports:
        topic = shape.topic(number)
        drafts[partitions[number]].add(topic, payload, intake.judge(topic, payload, now), now)
        if plain:
            producer.send(PLAIN, payload, partition=partitions[number])
    for partition, draft in drafts.items():
        producer.send(REPORTS, encode_bundle(draft.seal("bench", intake.parameters)), partition=partition)
    _tick(producer, sorted(drafts), now)


def _tick(producer: KafkaLogProducer, partitions: Iterable[int], now: int) -> None:
    for partition in partitions:
        producer.send(REPORTS, encode_tick(Tick(now)), partition=partition)

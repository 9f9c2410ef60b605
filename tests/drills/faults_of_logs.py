"""The log loses what nobody has read yet: records are deleted, or the topic is made anew. Detected, alarmed, counted, and sent again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from kafka.structs import TopicPartition

from bus.kafka_topics import admin, high_water
from ecovigil.log_access import kafka_address
from schemas.codes import FindingKind
from schemas.topics import REPORTS
from tests.acceptance.drill import until
from tests.drills.chain import RECOVERED_WITHIN_S, RealChain
from tests.drills.faults import Fault

STEPS = 6
"""Played while nobody reads: their reports are acknowledged, and then gone."""


def records_gone(chain: RealChain) -> None:
    """Delete everything that the workers have not read; an operator lets them go on, and the devices send again."""
    with workers_frozen(chain):
        chain.await_steps(STEPS)
        with chain.halted():
            ends = _delete_all(chain)
    until(lambda: _is_told_of_all(chain, FindingKind.LOG_GAP), RECOVERED_WITHIN_S)
    read = dict(chain.rows("SELECT partition, next_offset FROM log_partition WHERE topic = %s", REPORTS))
    gone = {partition: end - read[partition] for partition, end in ends.items()}
    counted = {detail["partition"]: detail["records"] for detail in _findings(chain, FindingKind.LOG_GAP)}
    assert counted == gone, f"counted {counted}, gone are {gone}"
    for partition in gone:
        _resume(chain, partition)
    chain.healed()
    chain.send_again()
    chain.extras.append(f"{sum(gone.values())} records gone, counted and alarmed")


def topic_made_anew(chain: RealChain) -> None:
    """Make the topic anew, with what the workers had not read; the devices send again."""
    with workers_frozen(chain):
        chain.await_steps(STEPS)
        with chain.halted():
            chain.ground.remake_topics([REPORTS])
    chain.healed()
    chain.send_again()
    until(lambda: chain.rows("SELECT FROM alert WHERE kind = %s", FindingKind.LOG_REPLACED.value), RECOVERED_WITHIN_S)


@contextmanager
def workers_frozen(chain: RealChain) -> Iterator[None]:
    """Let no worker read as long as the body runs."""
    workers = chain.pids("detectors")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def _delete_all(chain: RealChain) -> dict[int, int]:
    """Delete all records and return, by partition, at which offset the next one will be."""
    kafka = kafka_address(chain.ground.settings.kafka)
    ends = {p: high_water(kafka, REPORTS, p) for p in range(chain.ground.settings.kafka.report_partitions)}
    with admin(kafka) as client:
        client.delete_records({TopicPartition(REPORTS, partition): end for partition, end in ends.items()})
    return ends


def _findings(chain: RealChain, kind: FindingKind) -> list[dict]:
    return [row[0]["detail"] for row in chain.rows("SELECT payload FROM finding WHERE kind = %s", kind.value)]


def _is_told_of_all(chain: RealChain, kind: FindingKind) -> bool:
    """Whether every partition has its finding of the kind, and every finding its alert."""
    partitions = {detail["partition"] for detail in _findings(chain, kind)}
    (alerts,) = chain.rows("SELECT count(*) FROM alert WHERE kind = %s", kind.value)
    return partitions == set(range(chain.ground.settings.kafka.report_partitions)) and alerts[0] == len(partitions)


def _resume(chain: RealChain, partition: int) -> None:
    command = [sys.executable, "-P", "-m", "ecovigil", "log", "resume", str(partition), "--by", "drill"]
    subprocess.run(command, env=chain.environment(""), check=True, capture_output=True, timeout=120)


ON_LOGS = (
    Fault("records deleted unread", records_gone, alarm="the partition stands still"),
    Fault("topic made anew", topic_made_anew, alarm="the log is another one"),
)

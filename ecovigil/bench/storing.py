"""`bench store`: our store writing raw bytes, reports, readings and offsets, beside binary COPY alone into the same table of readings."""

import os
import time
from typing import Final

import numpy as np

from ecovigil.bench.bare_copy import bare_copy
from ecovigil.bench.bench_servers import BenchServers
from ecovigil.bench.fleet import FleetShape, payloads, registry_of
from ecovigil.bench.result import Figure, Result, costs
from ecovigil.bench.runs import READINGS, Terms, found
from schemas.bundle import pack_raw
from schemas.codes import FLAG_NORMAL
from schemas.columns import Readings, Reports
from schemas.topics import REPORTS
from store.port import Advance, Lease, WorkBatch
from store.work import PostgresWorkStore

DEVICES: Final = 2000
"""Reports of one batch: 20,000 readings, as of a worker under load."""


def store(terms: Terms) -> Result:
    """Measure `commit_work` on batches that are ready, between two runs of COPY alone."""
    shape = FleetShape(devices=DEVICES, minutes=terms.of(300, 20))
    with BenchServers(registry_of(shape), embedded=terms.embedded) as servers:
        work = PostgresWorkStore(servers.connection)
        (lease,) = work.claim(REPORTS, "bench-store", [0], "bench")
        count = shape.reports * READINGS
        before = bare_copy(servers, count // 2)
        blob = raw_of(shape)
        batches = (batch_of(shape, lease, turn, blob) for turn in range(shape.minutes))
        servers.meter.watch("store", os.getpid())
        servers.meter.begin()
        taken = [committed_s(work, batch) for batch in batches]
        taken_s, own_s = sum(wall for wall, _ in taken), sum(cpu for _, cpu in taken)
        spent = costs(servers.meter.cpu_s(), servers.meter.peak_mb(), count)
        after = bare_copy(servers, count // 2, first_series=2_000_000)
        figures = [
            Figure(
                name="readings/s with raw bytes, reports and offsets", value=count / taken_s,
                beside="binary COPY of the readings alone, mean of before and after", beside_value=(before + after) / 2,
            ),
            Figure(name="CPU of our side", value=own_s / count * 1e6, unit="s a million readings"),
            Figure(name="COPY alone before", value=before, unit="readings/s"),
            Figure(name="COPY alone after", value=after, unit="readings/s"),
        ]  # fmt: skip
        note = "The process `store` also makes the batches; `CPU of our side` is of the commits alone."
        workload = f"{shape.minutes} commits of {DEVICES} reports"
        return found(servers, terms, "store", workload, figures, note, cost=spent)


def raw_of(shape: FleetShape) -> bytes:
    """Return the raw bytes of one turn of the fleet, packed; every batch brings them."""
    return pack_raw([payload for _, _, payload in payloads(shape, range(1))])


def committed_s(work: PostgresWorkStore, batch: WorkBatch) -> tuple[float, float]:
    """Return the seconds, and the CPU seconds of this process, that a commit takes."""
    started, cpu = time.perf_counter(), time.process_time()
    work.commit_work(batch)
    return time.perf_counter() - started, time.process_time() - cpu


def batch_of(shape: FleetShape, lease: Lease, turn: int, blob: bytes) -> WorkBatch:
    """Return what a worker would commit of one turn of the fleet; devices and series are numbered from 1, as new tables do."""
    at, number = shape.instant(turn), np.arange(shape.devices)
    report = np.repeat(number, READINGS).astype(np.int32)
    same = np.full(shape.devices, at)
    digests = np.random.default_rng(turn).bytes(32 * shape.devices)
    reports = Reports.of(
        device=number + 1, observed_at=same, kind=np.full(shape.devices, shape.kind), sha256=np.frombuffer(digests, "V32"),
        sent_at=same, received_at=same, bundle=np.zeros(shape.devices), position=number,
    )  # fmt: skip
    count = len(report)
    readings = Readings.of(
        series=np.arange(count) + 1, kind=np.full(count, shape.kind), observed_at=np.full(count, at),
        value=np.sin(np.arange(count) + turn), flag=np.full(count, FLAG_NORMAL), sent_at=np.full(count, at),
        sha8=np.arange(count),
    )  # fmt: skip
    return WorkBatch(
        [Advance(lease, turn + 1, at)], raws=[(0, turn, blob)], reports=reports, readings=readings,
        reading_report=report,
    )  # fmt: skip

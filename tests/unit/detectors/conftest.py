"""A worker over the in-memory log and store, and short words to feed it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from bus.memory_log import MemoryLog
from detectors.mark_desk import MarkDesk, Statement
from detectors.worker import Worker
from schemas.bundle import Bundle, Rejected, Tick, encode_bundle, encode_tick, pack_raw
from schemas.codes import FindingKind, Kind, Outcome
from schemas.events import Finding
from schemas.marks import Mark, MarkKind
from schemas.partitions import partition_of
from schemas.registry import Registry
from schemas.times import CST, DAY_US, HOUR_US, MINUTE_US, SECOND_US, to_us
from schemas.topics import REPORTS
from store.memory import MemoryStore
from store.port import Verdicts

CRUSHER = {
    "site": [{"id": "crusher", "kind": "stack"}],
    "binding": [
        {
            "site": "crusher",
            "standard": "GB 4915-2013",
            "category": "crusher, mill, packing and other vented equipment",
            "variant": "general",
            "effective_from": "2020-01-01",
            "reason": "permit",
        }
    ],
    "device": [{"id": "mn", "sites": ["crusher"]}],
}
TWO_LOGGERS = CRUSHER | {"device": [{"id": "mn", "sites": ["crusher"]}, {"id": "mn-new", "sites": ["crusher"]}]}


def at(text: str) -> int:
    """Return a China Standard Time such as `03-10 08:00` of 2026 in microseconds."""
    return to_us(datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=CST))


@dataclass
class Bench:
    """One worker on the partitions of a log, one unless it is given; `say` appends a bundle, `tick` appends a tick, `run` works everything off."""

    store: MemoryStore
    log: MemoryLog = field(default_factory=lambda: MemoryLog({REPORTS: 1}))

    def __post_init__(self) -> None:
        self.producer = self.log.producer()
        self.worker = self.new_worker()

    def new_worker(self) -> Worker:
        """Return a worker as after a restart."""
        return Worker(self.log.consumer(REPORTS, "detectors"), self.store, owner="test")

    def crash(self) -> None:
        """Lose the worker with all it remembers; a new one takes over."""
        self.worker.close()
        self.worker = self.new_worker()

    def minutes(
        self, start: str, count: int, value: float, *, flag: str = "N", received: str | None = None, **more: Any
    ) -> None:
        """Append `count` minute reports of the crusher's dust, from `start` on."""
        first = at(start)
        rows = [(first + i * MINUTE_US, value, flag) for i in range(count)]
        self.say(Kind.MINUTE, rows, received=at(received) if received else first + count * MINUTE_US, **more)

    def say_hours(self, start: str, count: int, value: float) -> None:
        """Append `count` hour values of the crusher's dust, from `start` on."""
        rows = [(at(start) + i * HOUR_US, value, "N") for i in range(count)]
        self.say(Kind.HOUR, rows, received=rows[-1][0] + HOUR_US)

    def say_day(self, start: str, value: float) -> None:
        """Append the day value of the crusher's dust."""
        self.say(Kind.DAY, [(at(start), value, "N")], received=at(start) + DAY_US)

    def say(
        self,
        kind: Kind,
        rows: list[tuple[int, float, str]],
        *,
        received: int,
        sent_at: int | None = None,
        parameter: str = "a34013",
        device: str = "mn",
        site: str = "crusher",
    ) -> None:
        """Append one bundle with one reading a report."""
        raws = [
            json.dumps([kind.wire, start, value, flag, parameter, sent_at, device]).encode()
            for start, value, flag in rows
        ]
        n = len(rows)
        bundle = Bundle(
            bridge="b", devices=[device], sites=[site], parameters=[parameter],
            report_device=np.zeros(n, np.int32),
            report_site=np.zeros(n, np.int32),
            report_observed_at=np.array([r[0] for r in rows], np.int64),
            report_kind=np.full(n, kind, np.uint8),
            report_sent_at=np.array([sent_at or r[0] + kind.length_s * SECOND_US for r in rows], np.int64),
            report_received_at=np.full(n, received, np.int64),
            report_sha256=np.frombuffer(b"".join(hashlib.sha256(raw).digest() for raw in raws), "V32"),
            report_position=np.arange(n, dtype=np.int32),
            report_letter=np.zeros(n, np.int64),
            reading_report=np.arange(n, dtype=np.int32),
            reading_parameter=np.zeros(n, np.uint16),
            reading_value=np.array([r[1] for r in rows], np.float64),
            reading_flag=np.array([ord(r[2]) for r in rows], np.uint8),
            rejected=[], received={device: n}, raw=pack_raw(raws),
        )  # fmt: skip
        partition = partition_of(device, self.producer.partitions(REPORTS))
        self.producer.send(REPORTS, encode_bundle(bundle), partition=partition)

    def mark(self, start: str, end: str, entered: str, kind: str = "fault", by: str = "operator-1") -> Mark:
        """Enter a mark of the crusher."""
        desk = MarkDesk(self.store, self.store.registry)
        return desk.add(Statement("crusher", MarkKind(kind), at(start), at(end), by), at(entered))

    def review(self, mark: Mark, accepted: bool, on: str) -> Mark:
        """Let the authority decide about a mark."""
        desk = MarkDesk(self.store, self.store.registry)
        return desk.review(mark.mark_id, accepted, "inspector", "seen on site", at(on))

    def findings(self, kind: FindingKind) -> list[Finding]:
        """Return what was found of a kind, as it stands."""
        rows = [row for row in self.store.tables.finding.values() if row.kind == kind]
        return [Finding.model_validate_json(row.payload) for row in rows]

    def refuse(self, reason: str, received: str) -> None:
        """Append a bundle with one rejected message."""
        letter = Rejected("t", "mn", reason, "", b"x" * 32, at(received), 0, True, "crusher")
        none = np.empty(0)
        columns = {name: none for name in Bundle.__dataclass_fields__ if name.startswith(("report_", "reading_"))}
        columns["report_sha256"] = np.empty(0, "V32")
        bundle = Bundle(
            bridge="b", devices=[], sites=[], parameters=[], rejected=[letter], received={"mn": 1},
            raw=pack_raw([b"?"]), **columns,
        )  # fmt: skip
        self.producer.send(REPORTS, encode_bundle(bundle), partition=0)

    def tick(self, text: str) -> None:
        """Append a tick to every partition."""
        for partition in range(self.producer.partitions(REPORTS)):
            self.producer.send(REPORTS, encode_tick(Tick(at(text))), partition=partition)

    def run(self) -> None:
        """Let the worker work everything off."""
        while self.worker.step(0.0):
            pass

    def verdict(self, start: str, period: int = 0) -> tuple[str, float, str]:
        """Return (outcome, value, reason) of the dust verdict of a window."""
        series = self.store.series_numbers([("crusher", "a34013")])
        found: Verdicts = self.store.verdicts_at(
            np.array(series, np.int32), np.array([period], np.uint8), np.array([at(start)], np.int64)
        )
        assert len(found) == 1
        return Outcome(found.outcome[0]), float(found.value[0]), str(found.reason[0])

    def day_validity(self, *days: str) -> list[bool]:
        """Return whether the dust's mean of each day is valid."""
        series = np.array(self.store.series_numbers([("crusher", "a34013")]), np.int32)
        starts = [np.array([at(f"{day} 00:00")], np.int64) for day in days]
        return [bool(self.store.means_between(series, 1, start, start + 1).valid[0]) for start in starts]

    def final(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all current means and verdicts, without versions."""
        series = np.arange(1, 1 + len(self.store.tables.series_names), dtype=np.int32)
        means, verdicts = [], []
        for period in (0, 1):
            rows = self.store.means_between(
                series, period, np.zeros(len(series), np.int64), np.full(len(series), 2**62)
            )
            means += list(zip(*(map(str, getattr(rows, name).tolist()) for name in rows.DTYPES), strict=True))
            found = self.store.verdicts_at(rows.series, rows.period, rows.start)
            value = [None if v != v else v for v in found.value.tolist()]
            keys = (getattr(found, n).tolist() for n in ("period", "start", "outcome"))
            verdicts += list(zip(*keys, value, strict=True))
        return {"means": means, "verdicts": verdicts}


@pytest.fixture
def fresh_bench() -> Callable[..., Bench]:
    """Return a maker of workers that know one crusher with a limit of 20 mg/m³, each with a store of its own."""

    def make(tables: dict[str, Any] = CRUSHER, store: type[MemoryStore] = MemoryStore) -> Bench:
        kept = store()
        kept.import_registry(Registry.from_tables(tables), "test", 0)
        return Bench(kept)

    return make


@pytest.fixture
def two_loggers(fresh_bench: Callable[..., Bench]) -> Bench:
    """Return one whose crusher has an old and a new logger."""
    return fresh_bench(TWO_LOGGERS)


@pytest.fixture
def bench(fresh_bench: Callable[..., Bench]) -> Bench:
    """Return one such worker."""
    return fresh_bench()

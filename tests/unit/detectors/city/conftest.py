"""A city stage over the in-memory log and store, and a bench that stands for worker, relay and clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from bus.memory_log import MemoryLog
from detectors.city import CityStage
from schemas.codes import FindingKind, Period
from schemas.columns import Means
from schemas.events import Finding, MeansClosed, MeanValue
from schemas.registry import Registry
from schemas.times import CST, HOUR_US, to_us
from schemas.topics import FINDINGS, MEANS, REPORTS
from store.memory import MemoryStore
from store.port import Advance, IndexRow, OutboxEvent, WorkBatch

CITY = "220100"
CLEAN = {"a34004": 30.0, "a34002": 40.0, "a21026": 10.0, "a21004": 30.0, "a21005": 0.8, "a05024": 40.0}
"""IAQI at most 43 under HJ 633-2012."""
HAZE = CLEAN | {"a34004": 190.0, "a34002": 200.0}


def at(text: str) -> int:
    """Return a China Standard Time such as `2026-01-10 18:00` in microseconds."""
    return to_us(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=CST))


def registry(stations: int = 1, **binding: Any) -> Registry:
    """Return a city with so many stations, bound to the 2024 thresholds and HJ 633-2012 unless told otherwise."""
    entry = {"thresholds": "CN-2024-06", "aqi": "hj633-2012", "effective_from": "2000-01-01"} | binding
    return Registry.from_tables(
        {
            "site": [{"id": f"s{n:02}", "kind": "ambient_air", "city": CITY} for n in range(stations)],
            "binding": [{"city": CITY, "reason": "test", **entry}] if entry["thresholds"] or entry["aqi"] else [],
        }
    )


@dataclass
class CityBench:
    """One city stage; means go into the tables and as events into the log, ticks into the tables."""

    registered: Registry = field(default_factory=registry)
    stage_records: int = 4000
    kept_h: int = 144
    gather_s: float = 0.0

    def __post_init__(self) -> None:
        self.store = MemoryStore()
        self.store.import_registry(self.registered, "test", 0)
        self.log = MemoryLog()
        self.producer = self.log.producer()
        (self.lease,) = self.store.claim(REPORTS, "log", [0], "worker")
        self.stage = self.new_stage()
        self.told: list[Finding] = []

    def new_stage(self) -> CityStage:
        """Return a stage as after a restart."""
        self.consumer = self.log.consumer(MEANS, "city")
        return CityStage(
            self.consumer,
            self.store,
            report_partitions=1,
            owner="test",
            max_records=self.stage_records,
            kept_h=self.kept_h,
            gather_s=self.gather_s,
        )

    def crash(self) -> None:
        """Lose the stage with all it remembers; a new one takes over."""
        self.stage.close()
        self.stage = self.new_stage()

    def close(
        self,
        start: int,
        values: Mapping[str, float | None],
        *,
        station: int = 0,
        period: Period = Period.HOUR,
        known_at: int | None = None,
        announced: bool = True,
    ) -> None:
        """Write the means of a station's period (None: invalid) and, where announced, tell of them."""
        site, code = f"s{station:02}", 1 if period is Period.DAY else 0
        series = self.store.series_numbers([(site, parameter) for parameter in values])
        length = HOUR_US if period is Period.HOUR else 24 * HOUR_US
        closed_at = start + length if known_at is None else known_at
        self.store.commit_work(WorkBatch([], means=_means(series, code, start, list(values.values()), closed_at)))
        means = [
            MeanValue(parameter=p, value=v, valid=v is not None, samples=60 if v is not None else 0)
            for p, v in values.items()
        ]
        event = MeansClosed(
            site_id=site, site_kind="ambient_air", city=CITY, organisation_id=None, period=period, start=start,
            closed_at=closed_at, means=means,
        )  # fmt: skip
        if announced:
            self.producer.send(MEANS, event.model_dump_json().encode(), key=CITY)

    def hours(
        self, start: str, count: int, values: Mapping[str, float | None], *, stations: Sequence[int] = (0,)
    ) -> None:
        """Close `count` hours of some stations, hour by hour."""
        for hour in range(count):
            for station in stations:
                self.close(at(start) + hour * HOUR_US, values, station=station)

    def day(self, start: str, values: Mapping[str, float | None], *, station: int = 0) -> None:
        """Close the day of a station."""
        self.close(at(start), values, station=station, period=Period.DAY)

    def tick(self, now: int | str) -> None:
        """Let all input partitions have ticked."""
        instant = at(now) if isinstance(now, str) else now
        self.store.commit_work(WorkBatch([Advance(self.lease, 0, instant)]))

    def run(self) -> None:
        """Let the stage work off everything; what it tells is kept in `told`."""
        while self.stage.step(0.0):
            pass
        with self.store.transaction() as tables:
            events: list[OutboxEvent] = [event for event in tables.outbox.values() if event.topic == FINDINGS]
            tables.outbox.clear()
        self.told += [Finding.model_validate_json(event.payload) for event in events]

    def rows(self) -> dict[tuple[str, int], IndexRow]:
        """Return all rows of the city."""
        return {(r.period, r.start): r for r in self.store.city_indices(CITY, 0, 1 << 60)}

    def aqi(self, period: str, start: str) -> int | None:
        """Return the index of a row that must be there."""
        return self.rows()[period, at(start)].aqi

    def findings(self) -> list[Finding]:
        """Return the findings as they stand, in order of onset."""
        kinds = [FindingKind.HEAVY_POLLUTION, FindingKind.HEALTH_NOTICE]
        return [Finding.model_validate_json(row.payload) for row in self.store.city_findings(CITY, kinds)]


def _means(series: Sequence[int], period: int, start: int, values: Sequence[float | None], closed_at: int) -> Means:
    n, valid = len(series), [value is not None for value in values]
    return Means.of(
        series=series, period=[period] * n, start=[start] * n, value=[float("nan") if v is None else v for v in values],
        samples=[60 if ok else 0 for ok in valid], kind=[1] * n, valid=valid,
        reason=["" if ok else "too_few_samples" for ok in valid], closed_at=[closed_at] * n,
    )  # fmt: skip


@pytest.fixture(scope="session")
def bench() -> type[CityBench]:
    """The class of the bench."""
    return CityBench


@pytest.fixture(scope="session")
def bound() -> Any:
    """The function that makes a city's registry."""
    return registry

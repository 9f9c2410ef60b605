"""The alerts role over the in-memory log and store, and short words for findings."""

from dataclasses import dataclass, field
from typing import Any

from alerts.stage import AlertStage
from bus.memory_log import MemoryLog
from schemas import topics
from schemas.codes import FindingKind, FindingStatus, Grade, Outcome, Period
from schemas.events import AlertChanged, Finding
from schemas.identity import content_id
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US
from store.alert_port import Alert, AlertFilter
from store.memory import MemoryStore
from store.port import Verdicts, WorkBatch

T0 = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""
REGISTRY = Registry.from_tables(
    {
        "organisation": [{"id": "mill", "name": "某水泥厂", "contact": "王工 138"}],
        "site": [
            {"id": "kiln-1", "kind": "stack", "organisation": "mill", "city": "220100"},
            {"id": "kiln-2", "kind": "stack", "organisation": "mill", "city": "220100"},
        ],
        "device": [{"id": "mn", "sites": ["kiln-1", "kiln-2"]}],
        "city": [{"id": "220100", "name": "长春市"}],
        "recipient": [
            {"id": "mill-desk", "channel": "console", "organisation": "mill"},
            {"id": "city-office", "channel": "console", "city": "220100", "min_grade": "orange"},
        ],
    }
)


@dataclass
class Room:
    """A store, a log and the alerts role between them."""

    store: MemoryStore = field(default_factory=MemoryStore)
    log: MemoryLog = field(default_factory=MemoryLog)

    def __post_init__(self) -> None:
        self.store.import_registry(REGISTRY, "test", T0)
        self.stage = self.another_stage()

    def another_stage(self) -> AlertStage:
        return AlertStage(self.log.consumer(topics.FINDINGS, "alerts"), self.store, self.store)

    def tell(self, *findings: Finding) -> None:
        for finding in findings:
            self.log.producer().send(topics.FINDINGS, finding.model_dump_json().encode())
        while self.stage.step(0):
            pass

    def judge(self, hour: int, outcome: Outcome, times_over: float = 0.3) -> Finding:
        """Write the verdict of one hour as the worker does, and return its finding."""
        (series,) = self.store.series_numbers([("kiln-1", "a21002")])
        start, nan = T0 + hour * HOUR_US, float("nan")
        row: dict[str, Any] = {
            "series": series, "period": 0, "start": start, "outcome": outcome.value, "value": 130.0, "limit_min": nan, "limit_max": 100.0,
            "times_over": times_over if outcome is Outcome.EXCEEDED else nan, "reason": "", "rule": "r", "binding": "b", "basis": "measured",
        }  # fmt: skip
        self.store.commit_work(WorkBatch([], verdicts=Verdicts.of(**{name: [value] for name, value in row.items()})))
        return finding(FindingKind.EXCEEDANCE, start=start, site_id="kiln-1", parameter="a21002", period=Period.HOUR)

    @property
    def alerts(self) -> list[Alert]:
        return self.store.find_alerts(AlertFilter())

    @property
    def events(self) -> list[AlertChanged]:
        sent = self.store.tables.outbox.values()
        return [AlertChanged.model_validate_json(e.payload) for e in sent if e.topic == topics.ALERTS]


def finding(kind: FindingKind, status: FindingStatus = FindingStatus.RAISED, at: int = 0, **about: Any) -> Finding:
    start = about.get("start", T0)
    about = {"start": start, "detected_at": start + HOUR_US + MINUTE_US + at} | about
    return Finding(finding_id=content_id(kind, start), kind=kind, status=status, **about)


def silence(status: FindingStatus = FindingStatus.RAISED, at: int = 0) -> Finding:
    return finding(FindingKind.SILENT_DEVICE, status, at, device_id="mn", site_id="kiln-1")


def episode(grade: Grade, status: FindingStatus = FindingStatus.RAISED, **about: Any) -> Finding:
    kind = about.pop("kind", FindingKind.HEAVY_POLLUTION)
    return finding(kind, status, about.pop("at", 0), city="220100", grade=grade, **about)

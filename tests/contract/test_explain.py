"""`ecovigil explain` on a database that a worker wrote: readings, marks, figures, rule and versions of one verdict."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ecovigil.cli import app
from ecovigil.commands.explain import account_of, window_named
from ecovigil.explanation import formula_lines, mark_lines, rule_lines
from ecovigil.registry_history import registration_lines, registrations_of
from schemas.bundle import pack_raw
from schemas.codes import Kind
from schemas.columns import Means, Readings, Reports
from schemas.errors import InvalidConfiguration
from schemas.marks import Mark, MarkKind, mark_id_of
from schemas.registry import Permit, Recipient, Registry
from schemas.times import HOUR_US, MINUTE_US, local_us
from store.explain import PostgresExplain, Window
from store.marks import PostgresMarks
from store.port import Advance, Verdicts, WorkBatch
from store.postgres import Database
from store.registry import RegistryStore
from store.work import PostgresWorkStore

pytestmark = pytest.mark.live

WINDOW = window_named("gt", "a21002", "hour", "2026-03-10T08:30")
T, NAN = WINDOW.start, float("nan")
PARAMETERS = ("a21002", "a19001")
REGISTRY = Registry.from_tables(
    {
        "site": [{"id": "gt", "kind": "stack", "name": "一号燃机"}],
        "device": [{"id": "mn", "sites": ["gt"]}],
        "binding": [
            {
                "site": "gt",
                "standard": "GB 13223-2011",
                "category": "natural gas turbine",
                "variant": "all",
                "effective_from": "2012-01-01",
                "reason": "排污许可证",
            }
        ],
    }
)
BINDING = REGISTRY.binding[0].id


class Plant:
    """A gas turbine's database: minutes of NOx and oxygen, the hour's means and its verdict."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = PostgresWorkStore(database)
        RegistryStore(database).import_registry(REGISTRY, "test", 0)
        self.series = self.store.series_numbers([("gt", parameter) for parameter in PARAMETERS])
        self.device = self.store.device_numbers(["mn"])[0]

    def commit(self, batch: WorkBatch) -> None:
        (lease,) = self.store.claim("reports", "log", [0], "test")
        batch.advances = [Advance(lease, lease.next_offset + 1, T)]
        self.store.commit_work(batch)

    def minutes(self, nox: list[float], oxygen: float) -> None:
        """Keep one report a minute, each with NOx and oxygen."""
        n = len(nox)
        at = T + MINUTE_US * np.arange(n)
        batch = WorkBatch([], raws=[(0, 0, pack_raw([b"%d" % i for i in range(n)]))])
        batch.reports = Reports.of(
            device=[self.device] * n, observed_at=at, kind=[1] * n,
            sha256=np.array([sha256(b"%d" % i).digest() for i in range(n)], "V32"),
            sent_at=at, received_at=at, bundle=[0] * n, position=range(n),
        )  # fmt: skip
        batch.readings = Readings.of(
            series=np.repeat(self.series, n), kind=[1] * 2 * n, observed_at=np.tile(at, 2),
            value=[*nox, *[oxygen] * n], flag=[ord("N")] * 2 * n, sent_at=np.tile(at, 2), sha8=[0] * 2 * n,
        )  # fmt: skip
        batch.reading_report = np.tile(np.arange(n, dtype=np.int32), 2)
        self.commit(batch)

    def verdict(
        self, outcome: str, value: float, *, over: float = NAN, reason: str = "", starts: Any = (T,), **more: Any
    ) -> None:
        """Keep a version of the verdict of each hour."""
        n = len(starts)
        words: dict[str, Any] = {"outcome": outcome, "reason": reason, "rule": "GB13223-2011-032", "binding": BINDING}
        figures = {"value": value, "limit_min": NAN, "limit_max": 50.0, "times_over": over}
        columns = {name: [content] * n for name, content in (words | figures | {"basis": "converted"} | more).items()}
        found = Verdicts.of(series=[self.series[0]] * n, period=[0] * n, start=starts, **columns)
        self.commit(WorkBatch([], verdicts=found))

    def means(self, *rows: tuple[float, float]) -> None:
        """Keep the hour means of NOx and oxygen from (value, converted)."""
        value, converted = zip(*rows, strict=True)
        fixed = {"period": [0] * 2, "start": [T] * 2, "samples": [60] * 2, "kind": [Kind.MINUTE] * 2}
        found = Means.of(
            series=self.series, value=value, converted=converted, valid=[True] * 2, reason=[""] * 2, **fixed
        )
        self.commit(WorkBatch([], means=found))


@pytest.fixture
def plant(database_url: str) -> Iterator[Plant]:
    """80 mg/m³ at 13 % oxygen: 80 · (21 − 15)/(21 − 13) = 60, over the limit of 50 by 0.2."""
    database = Database(database_url)
    found = Plant(database)
    found.minutes([80.0] * 60, 13.0)
    found.means((80.0, 60.0), (13.0, NAN))
    found.verdict("exceeded", 60.0, over=0.2)
    yield found
    database.close()


@pytest.fixture
def say(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run `ecovigil explain` on the test's database and return what it prints."""
    monkeypatch.setenv("ECOVIGIL_DATABASE__URL", database_url)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["explain", *arguments])
        if isinstance(result.exception, Exception):
            raise result.exception
        return result.stdout

    return run


def test_the_conversion_is_told_with_its_numbers(plant: Plant) -> None:
    told = "\n".join(formula_lines(account_of(plant.database, WINDOW)))

    assert "(80 + 80 + 80 + … + 80) / 60 = 4800 / 60 = 80 mg/m3" in told
    assert "= 80 × (21 − 15) / (21 − 13)" in told
    assert "60 > 50 mg/m3 → 超标 exceeded" in told
    assert "C/L − 1 = 60/50 − 1 = 0.2" in told


def test_the_rule_is_told_with_source_certainty_and_binding(plant: Plant) -> None:
    told = "\n".join(rule_lines(account_of(plant.database, WINDOW)))

    assert "GB13223-2011-032: GB 13223-2011" in told
    assert "m.taodocs.com/p-407926987 (R2" in told
    assert "排污许可证 (2012-01-01 – …)" in told


def test_every_reading_names_the_report_that_brought_it(plant: Plant) -> None:
    samples = PostgresExplain(plant.database).samples(WINDOW, PARAMETERS)

    assert len(samples) == 120
    first = next(sample for sample in samples if sample.parameter == "a21002")
    assert (first.observed_at, first.value, first.flag, first.device_id) == (T, 80.0, "N", "mn")
    assert first.sha256 == sha256(b"0").hexdigest()


def test_a_verdict_is_found_by_its_id(plant: Plant) -> None:
    plant.verdict("met", 10.0, starts=[T + HOUR_US * n for n in range(1, 200)])
    wanted = Window("gt", "a21002", WINDOW.period, T + 150 * HOUR_US)

    assert PostgresExplain(plant.database).window_of(wanted.verdict_id) == wanted
    assert PostgresExplain(plant.database).window_of(Window("gt", "x", WINDOW.period, T).verdict_id) is None


def test_a_mark_and_the_version_before_it_are_told(plant: Plant) -> None:
    start, end, entered = T, T + 20 * MINUTE_US, T + HOUR_US
    key = mark_id_of("gt", (), MarkKind.CALIBRATION, start, end, "李四", entered)
    mark = Mark(
        mark_id=key, site_id="gt", kind=MarkKind.CALIBRATION, start=start, end=end, entered_by="李四",
        entered_at=entered, evidence="工单 17", recorded_at=entered,
    )  # fmt: skip
    PostgresMarks(plant.database).keep_mark(mark, [], [])
    plant.verdict("not_judged", NAN, reason="marked")

    account = account_of(plant.database, WINDOW)

    assert [(v.version, v.outcome) for v in account.verdicts] == [(1, "exceeded"), (2, "not_judged")]
    assert "校准 calibration: 2026-03-10 08:00 – 2026-03-10 08:20 (李四" in next(mark_lines(account))
    assert sum(account.is_marked(sample) for sample in account.samples if sample.parameter == "a21002") == 20
    assert "数据已标记" in list(formula_lines(account))[-1]


PERMIT = Permit(site="gt", parameter="a21002", limit=70.0, averaging="hour_mean", effective_from=date(2026, 1, 1))


@pytest.fixture
def amended(plant: Plant) -> Plant:
    """The same, met under a permit of 70 that was entered on 11 March, after a version that says nothing else of this site."""
    entered = local_us_of("2026-03-11T09:30")
    other = REGISTRY.model_copy(update={"recipient": [Recipient(id="desk", channel="console")]})
    store = RegistryStore(plant.database)
    store.import_registry(Registry.model_validate(other.model_dump()), "li", entered - HOUR_US)
    store.import_registry(Registry.model_validate(REGISTRY.model_dump() | {"permit": [PERMIT]}), "wang", entered)
    plant.verdict("met", 60.0, limit_max=70.0, rule=PERMIT.id, binding=PERMIT.id)
    return plant


def test_a_permit_that_came_in_afterwards_is_told_with_its_time_and_author(amended: Plant) -> None:
    account = account_of(amended.database, WINDOW)

    assert [r.version for r in registrations_of(account) if r] == [1, 3]
    assert list(registration_lines(account))[-2:] == [
        "登记 registry v3 2026-03-11 09:30:00 (wang)",
        "  + 许可证限值 permit permit:gt:a21002:hour_mean@2026-01-01: 70 (2026-01-01 – …)",
    ]


def test_the_page_names_the_registry_of_each_version(amended: Plant, say: Callable[..., str]) -> None:
    told = json.loads(say("--json", "gt", "a21002", "hour", "2026-03-10T08:00"))

    assert [(v["outcome"], v["limit_max"], v["registry"]) for v in told["versions"]] == [
        ("exceeded", 50, 1),
        ("met", 70, 3),
    ]
    assert "登记的更改 changes of the registry" in say("gt", "a21002", "hour", "2026-03-10T08:00")


def test_the_page_has_every_part(plant: Plant, say: Callable[..., str]) -> None:
    told = say(str(WINDOW.verdict_id))

    print(told)
    for heading in ("超标 exceeded", "数据 readings", "标记 marks", "计算 formula", "依据 rule", "历次版本 versions"):
        assert heading in told
    assert "2026-03-10 08:00 – 2026-03-10 09:00 CST" in told


def test_a_verdict_can_be_named_by_its_window(plant: Plant, say: Callable[..., str]) -> None:
    told = json.loads(say("gt", "a21002", "hour", "2026-03-10 08:00", "--json"))

    assert told["verdict_id"] == str(WINDOW.verdict_id)
    assert (told["start"], told["unit"], len(told["readings"])) == ("2026-03-10T08:00:00+08:00", "mg/m3", 120)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "is no id of a verdict"),
        (["6f0e6ac0-4f4b-5c1e-9a67-0b1f5d1c2026"], "no verdict has the id"),
        (["gt", "a21002", "hour", "2026-03-11 08:00"], "nothing was judged"),
        (["gt", "a21002", "week", "2026-03-11"], "hour 或 or day"),
        (["gt", "a21002", "day", "yesterday"], "is no time"),
        (["gt", "a21002"], "VERDICT_ID, or SITE PARAMETER PERIOD START"),
    ],
)
def test_what_is_not_there_is_said(plant: Plant, say: Callable[..., str], arguments: list[str], message: str) -> None:
    with pytest.raises(InvalidConfiguration, match=message):
        say(*arguments)


def test_a_day_is_named_by_any_instant_in_it() -> None:
    window = window_named("gt", "a21002", "day", "2026-03-10T13:00")

    assert (window.start, window.end) == (local_us_of("2026-03-10"), local_us_of("2026-03-11"))


def local_us_of(day: str) -> int:
    return local_us(datetime.fromisoformat(day))

"""`ecovigil amounts` on a database that a worker wrote: measured, substituted and stopped hours, each by itself."""

import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

import numpy as np
import pytest
from typer.testing import CliRunner

from ecovigil.cli import app
from ecovigil.commands.amounts import amounts_in
from schemas.bundle import pack_raw
from schemas.codes import Kind
from schemas.columns import Means, Readings, Reports
from schemas.errors import InvalidConfiguration
from schemas.registry import Registry
from schemas.times import DAY_US, HOUR_US, local_us
from store.port import Advance, WorkBatch
from store.postgres import Database
from store.registry import RegistryStore
from store.work import PostgresWorkStore

pytestmark = pytest.mark.live

DAY = local_us(datetime.fromisoformat("2026-03-10T00:00"))
REGISTRY = Registry.from_tables({"site": [{"id": "stack", "kind": "stack"}, {"id": "air", "kind": "ambient_air"}]})


@pytest.fixture
def stack(database_url: str) -> Iterator[Database]:
    """24 hours of 2 kg SO2, but hour 20 and 21 are invalid, and in hours 22 and 23 the plant stands (flag F)."""
    database = Database(database_url)
    RegistryStore(database).import_registry(REGISTRY, "test", 0)
    store = PostgresWorkStore(database)
    (series,), (device,) = store.series_numbers([("stack", "a21026")]), store.device_numbers(["mn"])
    at = DAY + HOUR_US * np.arange(24)
    valid = np.arange(24) < 20
    means = Means.of(
        series=[series] * 24, period=[0] * 24, start=at, value=[50.0] * 24, samples=[1] * 24, kind=[Kind.HOUR] * 24,
        valid=valid, reason=["" if ok else "too_few_samples" for ok in valid], mass_kg=np.where(valid, 2.0, np.nan),
    )  # fmt: skip
    (lease,) = store.claim("reports", "log", [0], "test")
    batch = WorkBatch([Advance(lease, 1, DAY)], raws=[(0, 0, pack_raw([b"a", b"b"]))], means=means)
    batch.reports = Reports.of(
        device=[device] * 2, observed_at=at[22:], kind=[Kind.HOUR] * 2, sent_at=at[22:], received_at=at[22:],
        sha256=np.array([sha256(b"a").digest(), sha256(b"b").digest()], "V32"), bundle=[0] * 2, position=[0, 1],
    )  # fmt: skip
    batch.readings = Readings.of(
        series=[series] * 2, kind=[Kind.HOUR] * 2, observed_at=at[22:], value=[0.0] * 2, flag=[ord("F")] * 2,
        sent_at=at[22:], sha8=[0] * 2,
    )  # fmt: skip
    batch.reading_report = np.arange(2, dtype=np.int32)
    store.commit_work(batch)
    yield database
    database.close()


def test_measured_and_substituted_amounts_are_kept_apart(stack: Database) -> None:
    """20 h of 2 kg = 40 kg; 2 h of the maximum, 2 kg = 4 kg; capture 20/22 = 90.9 %."""
    found = amounts_in(stack, REGISTRY, "stack", DAY, DAY + DAY_US)["a21026"]

    assert (found.measured_kg, found.measured_hours) == (40.0, 20)
    assert (found.substituted_kg, found.substituted_hours, found.rule_ids) == (4.0, 2, ("HJ75-SUB-1",))
    assert (found.stopped_hours, found.missing_hours) == (2, 0)


def test_the_command_prints_them_with_the_mark_of_the_rule(
    stack: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECOVIGIL_DATABASE__URL", database_url)
    asked = ["amounts", "stack", "--from", "2026-03-10", "--to", "2026-03-10"]

    told, table = CliRunner().invoke(app, [*asked, "--json"]).stdout, CliRunner().invoke(app, asked).stdout

    assert json.loads(told)["a21026"]["capture_pct"] == {"2026-01-01": pytest.approx(100 * 20 / 22)}
    assert "HJ75-SUB-1: R2" in table


def test_a_site_without_an_outlet_has_no_amounts(stack: Database) -> None:
    with pytest.raises(InvalidConfiguration, match="no registered stack or effluent"):
        amounts_in(stack, REGISTRY, "air", DAY, DAY + DAY_US)

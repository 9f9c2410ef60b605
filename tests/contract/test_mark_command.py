"""`ecovigil mark` against PostgreSQL; what is entered now is always in time for today."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from detectors.mark_desk import Refused
from ecovigil.clock import MachineClock
from ecovigil.commands import mark
from schemas.errors import InvalidConfiguration
from schemas.registry import Registry
from schemas.times import DAY_US, to_cst
from schemas.topics import FINDINGS, MARKS
from store.postgres import Database
from store.registry import RegistryStore

pytestmark = pytest.mark.live

REGISTRY = Registry.from_tables({"site": [{"id": "crusher", "kind": "stack"}]})
TODAY = to_cst(MachineClock().now()).strftime("%Y-%m-%d")
LAST_WEEK = to_cst(MachineClock().now() - 7 * DAY_US).strftime("%Y-%m-%d")
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Invoke a command of `ecovigil mark` on a database with one crusher."""
    monkeypatch.setenv("ECOVIGIL_DATABASE__URL", database_url)
    monkeypatch.setenv("COLUMNS", "250")
    database = Database(database_url)
    RegistryStore(database).import_registry(REGISTRY, "test", 0)
    database.close()

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(mark.app, arguments, catch_exceptions=False)

    return invoke


def add(run: Run, day: str = TODAY, *more: str) -> Result:
    stretch = ("--from", f"{day}T08:10", "--to", f"{day}T08:30")
    return run("add", "crusher", "--kind", "fault", *stretch, "--by", "operator-1", *more)


def topics_of(database_url: str) -> list[str]:
    database = Database(database_url)
    with database.read() as cursor:
        found = [row[0] for row in cursor.execute("SELECT topic FROM outbox ORDER BY id").fetchall()]
    database.close()
    return found


def test_a_mark_is_entered_and_listed(run: Run, database_url: str) -> None:
    said = add(run, TODAY, "--evidence", "工单 17").stdout

    listed = run("list").stdout

    assert "故障 fault, operator-1" in said
    assert f"{TODAY} 08:10 – {TODAY} 08:30" in listed
    assert "待审 standing" in listed
    assert topics_of(database_url) == [MARKS]


def test_a_late_mark_is_kept_and_said_to_be_late(run: Run, database_url: str) -> None:
    said = add(run, LAST_WEEK).stdout

    assert "逾期" in said
    assert "kept, not applied" in said
    assert topics_of(database_url) == [MARKS, FINDINGS]


def test_a_mark_is_reviewed_by_the_beginning_of_its_id(run: Run) -> None:
    mark_id = json.loads(add(run, TODAY, "--json").stdout)["mark_id"]

    said = run("review", mark_id[:8], "reject", "--why", "no fault in the log", "--by", "inspector").stdout

    assert "驳回 rejected" in said
    versions = run("show", mark_id[:8]).stdout
    assert "待审 standing" in versions
    assert "no fault in the log" in versions


def test_a_mark_that_was_taken_back_cannot_be_reviewed(run: Run) -> None:
    mark_id = json.loads(add(run, TODAY, "--json").stdout)["mark_id"]
    run("withdraw", mark_id, "--why", "wrong stack")

    with pytest.raises(Refused, match="taken back"):
        run("review", mark_id, "accept", "--why", "fine")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("add", "mill", "--kind", "fault", "--from", f"{TODAY}T08:10", "--to", f"{TODAY}T08:30"), "no such site"),
        (("add", "crusher", "--kind", "fault", "--from", f"{TODAY}T08:30", "--to", f"{TODAY}T08:10"), "not after"),
        (("add", "crusher", "--kind", "fault", "--from", "2026-01-01T00:00", "--to", "2026-02-02T00:00"), "31 days"),
    ],
)
def test_what_cannot_be_a_mark_is_refused(run: Run, arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(Refused, match=problem):
        run(*arguments)


def test_an_unknown_mark_is_named(run: Run) -> None:
    with pytest.raises(InvalidConfiguration, match="no mark begins with 'abc'"):
        run("show", "abc")


def test_nothing_is_due_where_nothing_is_wrong(run: Run) -> None:
    assert "没有可标记的小时" in run("due").stdout

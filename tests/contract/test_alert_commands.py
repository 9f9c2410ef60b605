"""`ecovigil alerts` and `ecovigil plans` against PostgreSQL."""

import json
from collections.abc import Callable

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from alerts.desk import Refused
from alerts.draft import Draft
from alerts.lifecycle import Change, Reason
from ecovigil.commands import alerts, plans
from schemas.codes import AlertState, FindingKind, Grade
from schemas.errors import InvalidConfiguration
from schemas.identity import content_id
from schemas.registry import Registry
from store.alert_port import Alert
from store.alerts import PostgresAlerts
from store.postgres import Database

pytestmark = pytest.mark.live

T0 = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""
REGISTRY = Registry.from_tables({"city": [{"id": "220100", "name": "长春市", "name_en": "Changchun"}]})
Run = Callable[..., Result]


def an_alert(kind: FindingKind, grade: Grade, **about: object) -> Alert:
    return Alert(
        content_id("alert", kind), kind, AlertState.OPEN, grade, T0, T0, first_start=T0, last_start=T0, **about
    )


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("ECOVIGIL_DATABASE__URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    database = Database(database_url)
    draft = Draft(PostgresAlerts(database), REGISTRY)
    draft.apply(Change(an_alert(FindingKind.HEAVY_POLLUTION, Grade.ORANGE, city="220100"), Reason.RAISED))
    draft.apply(Change(an_alert(FindingKind.SILENT_DEVICE, Grade.BLUE, device_id="mn", sites=("s-1",)), Reason.RAISED))
    PostgresAlerts(database).commit_alerts(draft.finished())
    database.close()

    def invoke(app: typer.Typer, *arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, catch_exceptions=False)

    return invoke


def short(kind: FindingKind) -> str:
    return str(content_id("alert", kind))[:6]


def test_alerts_are_listed_in_words_and_local_time(run: Run) -> None:
    shown = run(alerts.app, "list").stdout

    for part in ("橙色/orange", "重污染天气 heavy pollution", "2026-03-10 08:00", "待处理 open", "蓝色/blue"):
        assert part in shown


def test_filters_narrow_the_list(run: Run) -> None:
    listed = json.loads(run(alerts.app, "list", "--open", "--site", "s-1", "--json").stdout)

    assert [alert["kind"] for alert in listed] == ["silent_device"]
    assert listed[0]["raised_at"] == "2026-03-10T08:00:00+08:00"
    assert "没有告警" in run(alerts.app, "list", "--grade", "red").stdout


def test_one_alert_is_shown_with_its_history(run: Run) -> None:
    shown = run(alerts.app, "show", short(FindingKind.HEAVY_POLLUTION)).stdout

    assert "实况依据" in shown
    assert "新发生 raised" in shown


def test_people_acknowledge_and_close(run: Run) -> None:
    alert = short(FindingKind.SILENT_DEVICE)

    assert "已受理" in run(alerts.app, "acknowledge", alert, "--by", "officer-1").stdout
    assert "已关闭" in run(alerts.app, "close", alert, "--by", "officer-1", "--reason", "power is back").stdout

    history = json.loads(run(alerts.app, "show", alert, "--json").stdout)["history"]
    assert [(event["reason"], event["by"], event["note"]) for event in history] == [
        ("raised", "", ""), ("acknowledged", "officer-1", ""), ("closed", "officer-1", "power is back"),
    ]  # fmt: skip


def test_what_is_closed_cannot_be_acknowledged(run: Run) -> None:
    alert = short(FindingKind.SILENT_DEVICE)
    run(alerts.app, "close", alert, "--reason", "power is back")

    with pytest.raises(Refused, match="not open"):
        run(alerts.app, "acknowledge", alert)


def test_an_id_that_fits_none_or_several_is_refused(run: Run) -> None:
    with pytest.raises(InvalidConfiguration, match="no alert begins with"):
        run(alerts.app, "show", "zzz")
    with pytest.raises(InvalidConfiguration, match="is not unique"):
        run(alerts.app, "show", "")


def test_a_proposal_is_shown_confirmed_and_lifted(run: Run) -> None:
    (proposed,) = json.loads(run(plans.app, "list", "--json").stdout)
    activation = proposed["activation_id"][:8]

    assert "建议启动 proposed" in run(plans.app, "list").stdout
    assert "at least 20 %" in run(plans.app, "show", activation).stdout
    assert "已确认启动" in run(plans.app, "confirm", activation, "--by", "emergency office").stdout
    assert "已解除" in run(plans.app, "lift", activation, "--by", "emergency office").stdout


def test_only_a_proposal_can_be_confirmed_and_only_what_is_in_force_lifted(run: Run) -> None:
    (proposed,) = json.loads(run(plans.app, "list", "--json").stdout)

    with pytest.raises(Refused, match="not in force"):
        run(plans.app, "lift", proposed["activation_id"])
    with pytest.raises(InvalidConfiguration, match="is not there"):
        run(plans.app, "show", "zzz")

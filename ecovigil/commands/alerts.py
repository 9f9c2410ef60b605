"""`ecovigil alerts`: what stands, what became of it, and the decisions of the duty desk."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alerts import words
from alerts.desk import Desk
from ecovigil.database_access import opened_database
from schemas.codes import FindingKind, Grade
from schemas.errors import InvalidConfiguration
from schemas.times import cst_text, to_cst
from store.alert_port import Alert, AlertEvent, AlertFilter, Notification
from store.alerts import PostgresAlerts
from store.registry import RegistryStore

app = typer.Typer(help="告警：列出、查看、受理、关闭。 Alerts: list, show, acknowledge, close.", no_args_is_help=True)

COLOURS: Final = {Grade.BLUE: "blue", Grade.YELLOW: "yellow", Grade.ORANGE: "dark_orange", Grade.RED: "red"}
SHORT_ID: Final = 8
INSTANTS: Final = ("raised_at", "changed_at", "first_start", "last_start", "acknowledged_at", "closed_at", "at")

By = Annotated[str | None, typer.Option("--by", help="经办人，缺省为当前用户。 Who; default: the user's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。 Print JSON.")]
AlertId = Annotated[
    str, typer.Argument(metavar="ALERT", help="告警编号，可缩写。 Id of the alert; its beginning will do.")
]


@contextmanager
def opened_desk() -> Iterator[tuple[PostgresAlerts, Desk]]:
    """Give the alerts of the database and the desk for decisions about them."""
    with opened_database() as database:
        store = PostgresAlerts(database)
        yield store, Desk(store, RegistryStore(database).registry)


def colour_words(grade: Grade) -> str:
    """Return the colour in its own colour and in words: 橙色/orange."""
    return f"[{COLOURS[grade]}]{grade.zh}/{grade.value}[/]"


def both(pair: tuple[str, str]) -> str:
    """Return Chinese and English of a word."""
    return f"{pair[0]} {pair[1]}"


def found(store: PostgresAlerts, prefix: str) -> Alert:
    """Return the alert whose id begins with `prefix`; raises InvalidConfiguration where that is none or several."""
    matches = store.alerts_by_prefix(prefix.lower())
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise InvalidConfiguration(f"没有编号以 {prefix!r} 开头的告警 no alert begins with {prefix!r}")
    ids = ", ".join(str(alert.alert_id)[: len(prefix) + SHORT_ID] for alert in matches)
    raise InvalidConfiguration(f"{prefix!r} 不唯一 is not unique: {ids}")


def json_of(row: Any) -> dict[str, Any]:
    """Return a row as JSON values, instants as ISO 8601 in China Standard Time."""
    values = asdict(row)
    times = {name: to_cst(values[name]).isoformat() for name in INSTANTS if values.get(name) is not None}
    return {name: str(value) if name.endswith("_id") and value else value for name, value in (values | times).items()}


@app.command("list")
def list_(
    open_: Annotated[bool, typer.Option("--open", help="只列待处理和处理中的。 Only what is left to do.")] = False,
    grade: Annotated[Grade | None, typer.Option(help="级别。 Colour.")] = None,
    site: Annotated[str | None, typer.Option(help="点位。 Site id.")] = None,
    city: Annotated[str | None, typer.Option(help="城市。 City id.")] = None,
    kind: Annotated[FindingKind | None, typer.Option(help="种类。 Kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="最多列出多少条。 At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """列出告警，最近变化的在前。 List alerts, the latest change first."""
    wanted = AlertFilter(open_, grade, site, city, kind.value if kind else None, limit)
    with opened_desk() as (store, _):
        alerts = store.find_alerts(wanted)
    if as_json:
        typer.echo(json.dumps([json_of(alert) for alert in alerts], ensure_ascii=False, indent=2))
    elif not alerts:
        typer.echo("没有告警 no alerts")
    else:
        Console().print(_listed(alerts))


def _listed(alerts: list[Alert]) -> Table:
    columns = ("编号 id", "级别 grade", "种类 kind", "对象 subject", "发生 raised (CST)", "状态 state", "变化 step")
    shown = Table(*columns, title=f"告警 alerts ({len(alerts)})", row_styles=("", "dim"))
    for alert in alerts:
        shown.add_row(
            str(alert.alert_id)[:SHORT_ID],
            colour_words(alert.grade),
            both(words.KIND_WORDS[alert.kind]),
            escape(subject_words(alert)),
            cst_text(alert.raised_at),
            both(words.STATE_WORDS[alert.state]),
            str(alert.step),
        )
    return shown


def subject_words(alert: Alert) -> str:
    """Return what an alert is about in a few words."""
    subject = alert.device_id or ", ".join(alert.sites) or alert.city or ""
    return f"{subject} {words.parameter_words(alert.parameter)[0]}" if alert.parameter else subject


@app.command("show")
def show(alert: AlertId, as_json: AsJson = False) -> None:
    """查看一条告警：全文、经过、通知。 Show one alert: text, history, who was told."""
    with opened_desk() as (store, _):
        kept = found(store, alert)
        history, told = store.alert_history(kept.alert_id), store.notifications_of(kept.alert_id)
    if as_json:
        parts = {"history": [json_of(e) for e in history], "notifications": [json_of(n) for n in told]}
        typer.echo(json.dumps(json_of(kept) | parts, ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(f"{kept.alert_id}  {colour_words(kept.grade)}  {both(words.STATE_WORDS[kept.state])}")
    console.print(escape(kept.text_zh))
    console.print(escape(kept.text_en))
    console.print(_steps(history))
    if told:
        console.print(_told(told))


def _steps(history: list[AlertEvent]) -> Table:
    shown = Table(
        "步 step", "时间 time (CST)", "变化 change", "级别 grade", "经办 by", "说明 note", title="经过 history"
    )
    for event in history:
        reason = both(words.REASON_WORDS[event.reason])
        by = event.by or "系统 system"
        shown.add_row(
            str(event.step), cst_text(event.at), reason, colour_words(event.grade), escape(by), escape(event.note)
        )
    return shown


def _told(told: list[Notification]) -> Table:
    states = {"pending": "待送 pending", "delivered": "已送达 delivered", "failed": "失败 failed"}
    shown = Table(
        "步 step",
        "收件 recipient",
        "理由 reason",
        "状态 state",
        "次数 attempts",
        "错误 error",
        title="通知 notifications",
    )
    for one in told:
        row = (str(one.step), one.recipient_id, one.reason, states[one.state], str(one.attempts), one.error)
        shown.add_row(*map(escape, row))
    return shown


@app.command("acknowledge")
def acknowledge(alert: AlertId, by: By = None) -> None:
    """受理一条告警。 Take an open alert on."""
    with opened_desk() as (store, desk):
        kept = desk.acknowledge(found(store, alert).alert_id, by or getpass.getuser())
    typer.echo(f"已受理 acknowledged: {kept.alert_id} ({kept.acknowledged_by})")


@app.command("close")
def close(
    alert: AlertId,
    reason: Annotated[str, typer.Option("--reason", help="关闭理由。 Why.")],
    by: By = None,
) -> None:
    """关闭一条告警；之后再超标为新告警。 End an alert; what is exceeded afterwards is a new one."""
    with opened_desk() as (store, desk):
        kept = desk.close(found(store, alert).alert_id, by or getpass.getuser(), reason)
    typer.echo(f"已关闭 closed: {kept.alert_id} ({kept.closed_by}: {kept.closed_reason})")

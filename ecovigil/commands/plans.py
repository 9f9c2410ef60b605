"""`ecovigil plans`: proposed activations of emergency plans; confirming and lifting records what people decided."""

import getpass
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alerts import words
from ecovigil.commands.alerts import SHORT_ID, AsJson, By, both, colour_words, json_of, opened_desk
from schemas.codes import Grade
from schemas.errors import InvalidConfiguration
from schemas.times import cst_text, to_cst
from store.alert_port import Activation
from store.alerts import PostgresAlerts

app = typer.Typer(help="应急预案：建议、确认、解除。 Emergency plans: list, show, confirm, lift.", no_args_is_help=True)

ActivationId = Annotated[
    str, typer.Argument(metavar="ACTIVATION", help="启动编号，可缩写。 Id of the activation; its beginning will do.")
]


def found(store: PostgresAlerts, prefix: str) -> Activation:
    """Return the activation whose id begins with `prefix`; raises InvalidConfiguration where that is none or several."""
    matches = [a for a in store.activations() if str(a.activation_id).startswith(prefix.lower())]
    if len(matches) != 1:
        problem = "不唯一 is not unique" if matches else "不存在 is not there"
        raise InvalidConfiguration(f"启动 activation {prefix!r} {problem}")
    return matches[0]


def activation_json(activation: Activation) -> dict[str, Any]:
    """Return an activation as JSON values."""
    times = {
        name: to_cst(at).isoformat() for name in ("proposed_at", "decided_at") if (at := getattr(activation, name))
    }
    return json_of(activation) | times


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """列出启动建议与启动记录。 List proposals and activations, the latest change first."""
    with opened_desk() as (store, _):
        activations = store.activations()
    if as_json:
        typer.echo(json.dumps([activation_json(a) for a in activations], ensure_ascii=False, indent=2))
    elif not activations:
        typer.echo("没有启动建议 no activations")
    else:
        Console().print(_listed(activations))


def _listed(activations: list[Activation]) -> Table:
    columns = ("编号 id", "城市 city", "预案 plan", "级别 grade", "状态 state", "提出 proposed (CST)", "经办 by")
    shown = Table(*columns, title=f"预案启动 activations ({len(activations)})")
    for a in activations:
        shown.add_row(
            str(a.activation_id)[:SHORT_ID],
            escape(a.city),
            escape(a.plan_id),
            colour_words(a.grade),
            both(words.ACTIVATION_WORDS[a.state]),
            cst_text(a.proposed_at),
            escape(a.decided_by),
        )
    return shown


@app.command("show")
def show(activation: ActivationId, as_json: AsJson = False) -> None:
    """查看一次启动：措施与涉及的企业。 Show the measures and the enterprises they would touch."""
    with opened_desk() as (store, _):
        kept = found(store, activation)
        alert = store.alert(kept.alert_id)
    if as_json:
        typer.echo(json.dumps(activation_json(kept), ensure_ascii=False, indent=2))
        return
    console = Console()
    plan = kept.detail["plan"]
    console.print(f"{kept.activation_id}  {colour_words(kept.grade)}  {both(words.ACTIVATION_WORDS[kept.state])}")
    console.print(escape(f"{plan['name']} {plan['name_en']} ({plan['source']})"))
    if alert is not None:
        console.print(escape(f"{alert.text_zh}\n{alert.text_en}"))
    console.print("本系统只提出建议，由有权机关确认和发布。 A proposal only: the authority confirms and announces.")
    console.print(_measures(kept))
    if kept.detail["enterprises"]:
        console.print(_enterprises(kept))


def _measures(activation: Activation) -> Table:
    shown = Table("级别 from", "措施 measure", "减排 cut %", "企业 enterprises", title="措施 measures")
    for measure in activation.detail["measures"]:
        text = f"{measure['text']}\n{measure['text_en']}".strip()
        cut = "" if measure["cut_pct"] is None else f"{measure['cut_pct']:g}"
        touched = ", ".join(measure["enterprises"])
        shown.add_row(colour_words(Grade(measure["grade"])), escape(text), cut, escape(touched))
    return shown


def _enterprises(activation: Activation) -> Table:
    shown = Table("编号 id", "名称 name", "行业 industry", "绩效 class", title="涉及企业 enterprises")
    for o in activation.detail["enterprises"]:
        shown.add_row(*map(escape, (o["id"], o["name"], o["industry"], o["performance_class"])))
    return shown


@app.command("confirm")
def confirm(activation: ActivationId, by: By = None) -> None:
    """记录：有权机关已确认启动。 Record that the authority confirmed it; nothing is announced by this."""
    with opened_desk() as (store, desk):
        kept = desk.confirm(found(store, activation).activation_id, by or getpass.getuser())
    typer.echo(f"已确认启动 confirmed: {kept.activation_id} ({kept.decided_by})")


@app.command("lift")
def lift(activation: ActivationId, by: By = None) -> None:
    """记录：有权机关已解除。 Record that the authority lifted it."""
    with opened_desk() as (store, desk):
        kept = desk.lift(found(store, activation).activation_id, by or getpass.getuser())
    typer.echo(f"已解除 lifted: {kept.activation_id} ({kept.decided_by})")

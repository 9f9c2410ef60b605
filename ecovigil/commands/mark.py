"""`ecovigil mark`: enter, list, review and take back marks; what may still be marked, and how long."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape

from detectors.mark_desk import MarkDesk, Statement
from ecovigil.clock import MachineClock
from ecovigil.commands.mark_tables import due_table, mark_line, mark_table, version_table, year_table
from ecovigil.database_access import opened_database
from schemas.errors import InvalidConfiguration
from schemas.marks import Mark, MarkKind, MarkStatus
from schemas.times import HOUR_US, date_us, local_us
from standards.incineration import downtime_us, is_incinerator, year_of
from standards.marks import first_markable
from store.mark_port import MarkFilter
from store.marks import PostgresMarks
from store.registry import RegistryStore

app = typer.Typer(help="标记：数据无效或特殊工况的申报。 Marks: statements about data.", no_args_is_help=True)

TIMES: Final = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]

Site = Annotated[str, typer.Argument(metavar="SITE", help="点位。 Site id.")]
MarkId = Annotated[
    str, typer.Argument(metavar="MARK", help="标记编号，可缩写。 Id of the mark; its beginning will do.")
]
By = Annotated[str | None, typer.Option(help="经办人，缺省为当前用户。 Who; default: the user's name.")]
Why = Annotated[str, typer.Option(help="理由。 Why.")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。 Print JSON.")]


@contextmanager
def opened_desk() -> Iterator[tuple[PostgresMarks, MarkDesk]]:
    """Give the marks of the database and the desk where they are handed in."""
    with opened_database() as database:
        store = PostgresMarks(database)
        yield store, MarkDesk(store, RegistryStore(database).registry)


def now() -> int:
    """Return the machine's time: when a mark is entered decides whether it is in time."""
    return MachineClock().now()


def found(store: PostgresMarks, prefix: str) -> UUID:
    """Return the mark whose id begins with `prefix`; raises InvalidConfiguration where that is none or several."""
    matches = store.mark_ids(prefix.lower())
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise InvalidConfiguration(f"没有编号以 {prefix!r} 开头的标记 no mark begins with {prefix!r}")
    raise InvalidConfiguration(f"{prefix!r} 不唯一 is not unique: {', '.join(map(str, matches))}")


@app.command()
def add(
    site: Site,
    kind: Annotated[MarkKind, typer.Option(help="类别。 Kind.")],
    start: Annotated[
        datetime, typer.Option("--from", formats=TIMES, help="起时（北京时间）。 First minute (China Standard Time).")
    ],
    end: Annotated[datetime, typer.Option("--to", formats=TIMES, help="止时（不含）。 End, exclusive.")],
    parameter: Annotated[
        list[str] | None, typer.Option(help="监测因子，可重复；缺省为全部。 HJ 212 code, repeatable; default: all.")
    ] = None,
    variant: Annotated[Literal["", "cold", "hot"], typer.Option(help="启炉的冷热。 Of a start-up.")] = "",
    evidence: Annotated[str, typer.Option(help="依据（工单、日志、照片）。 What proves it.")] = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """登记一条标记；涉及的小时随即重新判定。 Enter a mark; the hours it touches are judged again at once.

    The marks of a day may be entered until 12:00 of the next; later ones are kept but not applied.
    """
    who, parameters = by or getpass.getuser(), tuple(parameter or ())
    said = Statement(site, kind, local_us(start), local_us(end), who, evidence, parameters, variant)
    with opened_desk() as (_, desk):
        mark = desk.add(said, now())
        registry = desk.registry()
    typer.echo(mark.model_dump_json() if as_json else mark_line(mark, registry))


@app.command("list")
def list_(
    site: Annotated[str | None, typer.Option(help="点位。 Site id.")] = None,
    status: Annotated[MarkStatus | None, typer.Option(help="状态。 Status.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="起始日期。 Stretches that end after this day began.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="最多列出多少条。 At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """列出标记，最近登记的在前。 List marks, the latest entered first."""
    wanted = MarkFilter(site, status, local_us(since) if since else None, limit)
    with opened_desk() as (store, _):
        marks = store.marks(wanted)
    if as_json:
        typer.echo(json.dumps([mark.model_dump(mode="json") for mark in marks], ensure_ascii=False, indent=2))
    elif not marks:
        typer.echo("没有标记 no marks")
    else:
        Console().print(mark_table(marks))


@app.command()
def show(mark: MarkId) -> None:
    """查看一条标记的全部版本。 All versions of one mark."""
    with opened_desk() as (store, desk):
        versions = store.mark_versions(found(store, mark))
        registry = desk.registry()
    console = Console()
    console.print(escape(mark_line(versions[-1], registry)))
    console.print(version_table(versions))


@app.command()
def review(
    mark: MarkId,
    decision: Annotated[
        Literal["accept", "reject"], typer.Argument(help="认可或驳回。 Accept or reject.", show_choices=True)
    ],
    why: Why,
    by: By = None,
) -> None:
    """审核：认可或驳回；驳回后数据重新判定。 The authority's decision; data under a rejected mark are judged again."""
    with opened_desk() as (store, desk):
        kept = desk.review(found(store, mark), decision == "accept", by or getpass.getuser(), why, now())
    typer.echo(_decided(kept))


@app.command()
def withdraw(mark: MarkId, why: Why, by: By = None) -> None:
    """撤回一条标记；其数据重新判定。 Take a mark back; its data are judged again."""
    with opened_desk() as (store, desk):
        kept = desk.withdraw(found(store, mark), by or getpass.getuser(), why, now())
    typer.echo(_decided(kept))


def _decided(mark: Mark) -> str:
    return f"{mark.status.zh} {mark.status.value}: {mark.mark_id} ({mark.decided_by}: {mark.decided_why})"


@app.command()
def due(
    site: Annotated[list[str] | None, typer.Option(help="点位，可重复；缺省为全部。 Site id, repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """还能标记什么：超标或无效的小时及剩余时间。 What may still be marked: exceeded or invalid hours, and the time left."""
    at = now()
    with opened_desk() as (store, _):
        hours = store.markable(first_markable(at), site)
    if as_json:
        typer.echo(json.dumps([vars(hour) for hour in hours], ensure_ascii=False, indent=2))
    elif not hours:
        typer.echo("没有可标记的小时 nothing to mark")
    else:
        Console().print(due_table(hours, at))


@app.command()
def year(
    site: Annotated[list[str] | None, typer.Option(help="点位，可重复；缺省为全部。 Site id, repeatable.")] = None,
    of: Annotated[int | None, typer.Option("--year", help="年份，缺省为今年。 Default: this year.")] = None,
    as_json: AsJson = False,
) -> None:
    """焚烧炉全年启炉、停炉、故障时间与剩余（每年 60 小时）。 Start, stop and fault time of incinerators: 60 h a year."""
    asked = year_of(now() if of is None else date_us(date(of, 1, 1)))
    with opened_desk() as (store, desk):
        registry = desk.registry()
        sites = [s.id for s in registry.site if is_incinerator(registry, s.id) and (site is None or s.id in site)]
        marks = store.marks_over(sites, *asked)
    used = {name: downtime_us(registry, name, marks, asked) / HOUR_US for name in sites}
    if as_json:
        typer.echo(json.dumps(used, ensure_ascii=False, indent=2))
    elif not used:
        typer.echo("没有焚烧炉 no incinerator")
    else:
        Console().print(year_table(used, asked[0]))

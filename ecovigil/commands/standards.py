"""`ecovigil standards`: which limit is in force since when, where it was read, and whether a table can be right."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from schemas.errors import InvalidConfiguration
from standards.provisions import Provision, provisions
from standards.standard_files import bundled_problems, problems_of_file

app = typer.Typer(help="标准与限值：列出、查看、检查。 Standards and limits: list, show, check.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。 Print JSON.")]


@app.command("list")
def list_(
    standard: Annotated[
        str | None, typer.Option(help="标准，如 'GB 13223-2011'，可缩写。 Its name may be cut short.")
    ] = None,
    code: Annotated[str | None, typer.Option(help="因子编码，如 a21026。 HJ 212 code.")] = None,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="只列该日有效的。 Only what is in force on that day.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """列出限值；不加条件时列出各标准。 List limits; without a filter, the standards they are from."""
    found = matching(standard, code, on.date() if on else None)
    if as_json:
        typer.echo(json.dumps([json_of(provision) for provision in found], ensure_ascii=False, indent=2))
    elif not found:
        typer.echo("没有符合条件的限值 no limit fits")
    else:
        Console().print(_rows(found) if standard or code or on else _standards(found))


def matching(standard: str | None, code: str | None, on: date | None) -> list[Provision]:
    """Return the rows of a standard (its name or a part of it), a parameter and a day; None = any."""
    wanted = (standard or "").replace(" ", "").lower()
    base = code.removesuffix("-Zs") if code else None
    return [
        provision
        for provision in provisions()
        if wanted in provision.standard.replace(" ", "").lower()
        and base in (None, provision.code)
        and (on is None or provision.covers(on))
    ]


def json_of(provision: Provision) -> dict[str, Any]:
    """Return a row as JSON values: our reading of it, and the row as it stands in the table."""
    needs = [{"zh": zh, "en": en} for zh, en in provision.binding_needs()]
    parts = {name: value for name, value in asdict(provision).items() if name not in ("rule", "row")}
    first, last = provision.dates
    told = {"effective_from": first, "effective_to": last, "confidence": provision.row["confidence"]}
    return parts | told | {"binding_needs": needs, "row": provision.row}


def _rows(found: Sequence[Provision]) -> Table:
    shown = Table(title=f"限值 limits ({len(found)})", row_styles=("", "dim"))
    shown.add_column("编号 id", no_wrap=True)
    for heading in ("对象 subject", "限值 limit", "均值 averaging", "有效期 in force", "可信 mark"):
        shown.add_column(heading)
    for provision in found:
        mark = provision.mark[1].split(":")[0]
        subject = f"{provision.code} {provision.subject}\n{provision.scope}".strip()
        days = _days(provision).replace(" – ", "\n– ")
        shown.add_row(*map(escape, (provision.provision_id, subject, provision.limit, provision.averaging, days, mark)))
    return shown


def _days(provision: Provision) -> str:
    first, last = provision.dates
    return f"{first or '…'} – {last or '…'}"


def _standards(found: Sequence[Provision]) -> Table:
    groups: dict[str, list[Provision]] = defaultdict(list)
    for provision in found:
        groups[provision.standard].append(provision)
    columns = ("标准 standard", "行数 rows", "R", "R2", "M", "始于 from", "止于 to")
    shown = Table(*columns, title=f"标准 standards ({len(groups)})")
    for name, rows in groups.items():
        marks = [provision.mark[1].split(":")[0] for provision in rows]
        first = min((p.dates[0] for p in rows if p.dates[0]), default="")
        last = max(p.dates[1] or "…" for p in rows)
        shown.add_row(name, str(len(rows)), *(str(marks.count(m) or "") for m in ("R", "R2", "M")), first, last)
    return shown


@app.command("show")
def show(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="编号，如 GB13223-2011-032。 Id of the row.")],
    as_json: AsJson = False,
) -> None:
    """查看一条限值：出处、可信度、有效期、条件、适用标准须写明什么。 Show a limit: source, certainty, dates, condition, what a binding must say."""
    provision = _found(rule)
    if as_json:
        typer.echo(json.dumps(json_of(provision), ensure_ascii=False, indent=2))
        return
    shown = Table.grid(padding=(0, 2))
    for name, value in card(provision):
        shown.add_row(f"[bold]{name}[/]", escape(value))
    Console().print(shown)


def _found(rule: str) -> Provision:
    known = {provision.provision_id: provision for provision in provisions()}
    if rule in known:
        return known[rule]
    close = get_close_matches(rule, known, n=1)
    meant = f"; 是否指 did you mean {close[0]!r}?" if close else ""
    raise InvalidConfiguration(f"没有编号 {rule!r} 的限值 no limit has that id{meant}")


def card(provision: Provision) -> list[tuple[str, str]]:
    """Return all that is known of a limit, as (heading, words)."""
    row = provision.row
    lines = [
        ("编号 id", provision.provision_id),
        ("标准 standard", provision.standard),
        ("对象 subject", f"{provision.code} {provision.subject}".strip()),
        ("范围 scope", provision.scope),
        ("限值 limit", provision.limit),
        ("均值 averaging", provision.averaging),
        ("有效期 in force", _days(provision)),
        ("条件 condition", row.get("condition", "")),
        ("备注 note", row.get("note", "")),
        ("可信度 certainty", " ".join(provision.mark)),
        ("出处 source", row["source"]),
        *(("适用标准 binding", " ".join(need)) for need in provision.binding_needs()),
    ]
    return [(name, value) for name, value in lines if value]


@app.command("check")
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE…", help="CSV 文件；缺省为随附的标准表。 Default: the bundled tables."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """检查标准表，列出全部问题；有问题时退出码为 1。 Check tables; every problem is printed with file, row and reason, exit code 1."""
    problems = [p for path in files for p in problems_of_file(path)] if files else bundled_problems()
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            typer.echo(str(problem))
        typer.echo(f"{len(problems)} 个问题 problems" if problems else "没有问题 no problems")
    raise typer.Exit(1 if problems else 0)

"""`ecovigil explain`: the readings, marks, formulas, rule and versions behind one verdict."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ecovigil.account import BESIDE, MADE_OF, Account
from ecovigil.database_access import opened_database
from ecovigil.explanation import (
    OUTCOME_WORDS,
    formula_lines,
    mark_lines,
    number,
    rule_lines,
    words,
)
from ecovigil.registry_history import registration_lines, registrations_of
from schemas.codes import Kind, Outcome, Period
from schemas.errors import InvalidConfiguration
from schemas.periods import PERIODS, period_start
from schemas.registry import Registry
from schemas.times import cst_text, local_us, to_cst
from standards.marks import LeftOut, left_out, reach
from standards.parameters import CONVERTED, names_of
from store.explain import PostgresExplain, Sample, Window
from store.marks import PostgresMarkReader
from store.postgres import Database
from store.registry import RegistryStore

SHA_SHOWN: Final = 12


def explain(
    verdict: Annotated[
        list[str],
        typer.Argument(
            metavar="VERDICT_ID | SITE PARAMETER PERIOD START",
            help="判定编号；或点位、因子、hour|day|month|instant、开始时间（北京时间）。 Id, or site, parameter, hour|day|month|instant and start (CST).",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。 Print JSON.")] = False,
) -> None:
    """解释一条判定：数据、标记、公式与数字、依据与出处、历次版本。 Explain a verdict: readings, marks, formulas with numbers, rule and source, versions."""
    with opened_database() as database:
        account = account_of(database, _window(PostgresExplain(database), verdict))
    if as_json:
        typer.echo(json.dumps(json_of(account), ensure_ascii=False, indent=2))
    else:
        _print(Console(), account)


def _window(store: PostgresExplain, words: list[str]) -> Window:
    if len(words) == 4:
        return window_named(*words)
    if len(words) != 1:
        raise InvalidConfiguration("explain: VERDICT_ID, or SITE PARAMETER PERIOD START")
    try:
        verdict_id = UUID(words[0])
    except ValueError:
        raise InvalidConfiguration(f"{words[0]!r} 不是判定编号 is no id of a verdict") from None
    found = store.window_of(verdict_id)
    if found is None:
        raise InvalidConfiguration(f"没有这条判定 no verdict has the id {verdict_id}")
    return found


def window_named(site: str, parameter: str, period: str, start: str) -> Window:
    """Return the window that words name: any instant in it will do; raises InvalidConfiguration."""
    if period not in tuple(PERIODS):
        raise InvalidConfiguration(f"{period!r}: {' 或 or '.join(PERIODS)}")
    try:
        instant = local_us(datetime.fromisoformat(start))
    except ValueError:
        raise InvalidConfiguration(f"{start!r} 不是时间 is no time such as 2026-03-10T08:00") from None
    return Window(site, parameter, Period(period), period_start(Period(period), instant))


def account_of(database: Database, window: Window) -> Account:
    """Return everything that a verdict rests on; raises InvalidConfiguration where nothing was judged there."""
    store, (_, registry) = PostgresExplain(database), RegistryStore(database).registry()
    verdicts = store.verdicts(window)
    if not verdicts:
        where = f"{window.site} {window.parameter} {window.period} {cst_text(window.start)}"
        raise InvalidConfiguration(f"没有判定 nothing was judged: {where}")
    if window.site not in registry.sites:
        raise InvalidConfiguration(f"点位已不在登记中 the registry has no site {window.site!r} any more")
    parameters = (window.parameter, window.parameter + CONVERTED, *BESIDE, *MADE_OF.get(window.parameter, ()))
    hours = store.means(window, parameters, Period.HOUR) if window.period in (Period.DAY, Period.MONTH) else []
    samples = store.samples(window, parameters)
    marks = _left_out(PostgresMarkReader(database), registry, window)
    means, registrations = store.means(window, parameters), store.registrations(window.site)
    return Account(window, registry, verdicts, means, hours, samples, marks, registrations)


def _left_out(marks: PostgresMarkReader, registry: Registry, window: Window) -> list[LeftOut]:
    first = reach(registry, window.site, window.start)
    return left_out(registry, marks.marks_over([window.site], first, window.end))


def json_of(account: Account) -> dict[str, Any]:
    """Return an account as JSON values, instants as ISO 8601 in China Standard Time."""
    window = account.window
    rows: dict[str, Sequence[Any]] = {
        "versions": account.verdicts,
        "means": account.means,
        "hours": account.hours,
        "readings": account.samples,
    }
    texts = {
        "marks": mark_lines(account),
        "formula": formula_lines(account),
        "rule": rule_lines(account),
        "registry": registration_lines(account),
    }
    told = {
        "verdict_id": str(window.verdict_id),
        **_timed(asdict(window)),
        "unit": account.unit,
        **{name: [_timed(asdict(row)) for row in found] for name, found in rows.items()},
        **{name: list(lines) for name, lines in texts.items()},
    }
    for version, registration in zip(told["versions"], registrations_of(account), strict=True):
        version["registry"] = None if registration is None else registration.version
    return told


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    times = {
        name: to_cst(row[name]).isoformat()
        for name in ("start", "recorded_at", "observed_at", "received_at")
        if name in row
    }
    return row | times | ({"kind": row["kind"].wire} if "kind" in row else {})


def _print(console: Console, account: Account) -> None:
    window, verdict = account.window, account.verdict
    zh, en = OUTCOME_WORDS[Outcome(verdict.outcome)]
    name = account.registry.sites[window.site].name or window.site
    console.print(f"[bold]{zh} {en}[/]  {window.verdict_id}  v{verdict.version}")
    about = f"{name} ({window.site})  {' '.join(names_of(window.parameter))} {window.parameter}"
    console.print(
        escape(f"{about}  {window.period} {cst_text(window.start)} – {cst_text(window.end)} CST"), soft_wrap=True
    )
    console.print(_hours(account) if account.hours else _readings(account))
    _section(console, "标记 marks", mark_lines(account))
    _section(console, "计算 formula", formula_lines(account))
    _section(console, "依据 rule", rule_lines(account))
    _section(console, "登记的更改 changes of the registry", registration_lines(account))
    console.print(_versions(account))


def _section(console: Console, title: str, lines: Iterable[str]) -> None:
    console.print(f"[bold]{title}[/]")
    for line in [*lines] or ["无 none"]:
        console.print(f"  {escape(line)}", soft_wrap=True)


def _readings(account: Account) -> Table:
    """Return the readings, one row an instant and kind; those that do not count say why."""
    parameters = list(dict.fromkeys(sample.parameter for sample in account.samples))
    shown = Table("时间 time (CST)", "类型 kind", *parameters, "报文 report", title="数据 readings")
    for (kind, at), samples in _by_instant(account.samples):
        cells = {sample.parameter: "" for sample in samples}
        for sample in samples:
            cells[sample.parameter] += _reading(account, sample)
        reports = Counter(sample.sha256[:SHA_SHOWN] for sample in samples)
        row = (cst_text(at, seconds=True), kind.wire, *(cells.get(parameter, "") for parameter in parameters))
        shown.add_row(*map(escape, row), " ".join(reports))
    return shown


def _by_instant(samples: Iterable[Sample]) -> Iterator[tuple[tuple[Kind, int], list[Sample]]]:
    rows: dict[tuple[Kind, int], list[Sample]] = {}
    for sample in samples:
        rows.setdefault((sample.kind, sample.observed_at), []).append(sample)
    yield from sorted(rows.items())


def _reading(account: Account, sample: Sample) -> str:
    if sample.superseded:
        return f" (被替代 superseded: {number(sample.value)} {sample.flag})"
    marked = " 已标记 marked" if account.is_marked(sample) else ""
    return f"{number(sample.value)} {sample.flag}{marked}"


def _hours(account: Account) -> Table:
    """Return the hour means that a day is made of."""
    parameters = list(dict.fromkeys(hour.parameter for hour in account.hours))
    shown = Table("小时 hour (CST)", *parameters, title="小时均值 hour means")
    cells: dict[int, dict[str, str]] = {}
    for parameter in parameters:
        for hour in account.hours_in_force(parameter):
            text = number(hour.value) if hour.valid else f"{number(hour.value)} 无效 invalid: {words(hour.reason)}"
            cells.setdefault(hour.start, {})[parameter] = text
    for start, row in sorted(cells.items()):
        shown.add_row(cst_text(start), *(escape(row.get(parameter, "")) for parameter in parameters))
    return shown


def _versions(account: Account) -> Table:
    shown = Table(
        "版本 version",
        "记录于 recorded (CST)",
        "判定 outcome",
        "值 value",
        "限值 limit",
        "依据或原因 rule or reason",
        "登记 registry",
        title="历次版本 versions",
    )
    for version, registration in zip(account.verdicts, registrations_of(account), strict=True):
        outcome = " ".join(OUTCOME_WORDS[Outcome(version.outcome)])
        bounds = [number(bound) for bound in (version.limit_min, version.limit_max) if bound is not None]
        why = words(version.reason) if version.reason else version.rule
        registered = "–" if registration is None else f"v{registration.version}"
        row = (str(version.version), cst_text(version.recorded_at, seconds=True), outcome, number(version.value))
        shown.add_row(*map(escape, (*row, "–".join(bounds), why, registered)))
    return shown

"""`ecovigil judge`: means and verdicts of recorded data, without any server."""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from detectors.offline import Judged, judge_readings
from ecovigil.recordings import read_recordings
from schemas.codes import KIND_BY_WIRE, Kind, Outcome
from schemas.errors import InvalidConfiguration
from schemas.identity import content_id
from schemas.registry import Registry
from schemas.times import cst_text, to_cst
from standards.parameters import CONVERTED, canonical_unit
from standards.registration import read_registry

MEAN_COLUMNS: Final = ("samples", "kind", "valid", "reason", "value", "converted", "mass_kg")
VERDICT_COLUMNS: Final = (
    "outcome", "judged_value", "basis", "limit_min", "limit_max", "times_over", "not_judged_because", "rule", "binding",
)  # fmt: skip
HEADER: Final = ("site", "parameter", "period", "start", "unit", *MEAN_COLUMNS, *VERDICT_COLUMNS, "verdict_id")
OUTCOME_WORDS: Final = {
    Outcome.MET: "[green]达标 met[/]",
    Outcome.EXCEEDED: "[bold red]超标 exceeded[/]",
    Outcome.NOT_JUDGED: "[yellow]未判定 not judged[/]",
}
_Row = dict[str, Any]


Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE…",
        help="CSV：site, parameter, observed_at, kind, value, flag；或每因子一列。 Long or wide form.",
    ),
]
Registries = Annotated[
    list[Path], typer.Option("--registry", "-r", help="登记文件或文件夹。 Registry: a TOML file, or a folder.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="全部均值与判定写入 CSV；- 为标准输出。 All means and verdicts; - is standard output."
    ),
]
OfSite = Annotated[
    str | None, typer.Option(help="没有 site 列的文件属于哪个点位。 Site of files without a column site.")
]
OfKind = Annotated[
    str,
    typer.Option(
        help="没有 kind 列时的数据类型。 Kind without a column kind: minute, five_minute, ten_minute, hour, day."
    ),
]
Shown = Annotated[int, typer.Option(min=0, help="屏幕上最多列出多少条。 At most so many rows on the screen.")]


def judge(
    files: Files,
    registry: Registries,
    output: Output = None,
    site: OfSite = None,
    kind: OfKind = "hour",
    limit: Shown = 100,
) -> None:
    """离线判定：小时、日均值与是否达标，不需要任何服务。 Judge recorded data: hour and day means and verdicts, without any server.

    Long form: columns site, parameter, observed_at, kind, value, flag. Wide form: observed_at and one column for each HJ 212 code
    (a21002, a21002-Zs …), flags in a21002-Flag. Times without an offset are China Standard Time and start the period. Every window is
    taken as closed. The screen shows what is exceeded or not judged; -o writes every mean with its verdict.
    """
    if kind not in KIND_BY_WIRE:
        raise InvalidConfiguration(f"--kind: {kind!r} is none of {', '.join(KIND_BY_WIRE)}")
    known = read_registry(registry)
    recording, ignored = read_recordings(files, site=site, kind=Kind.from_wire(kind))
    for note in (*_unread(ignored), *_alone(recording.channels)):
        typer.echo(note, err=True)
    rows = list(rows_of(known, judge_readings(known, recording)))
    if output is not None:
        _write(rows, output)
    if output is None or str(output) != "-":
        _show(rows, limit)


def _unread(ignored: list[str]) -> Iterator[str]:
    if ignored:
        yield f"不是因子，未读 no parameters, not read: {', '.join(ignored)}"


def _alone(channels: Any) -> Iterator[str]:
    """Yield the converted values that nothing is judged by, since the measured one is not there."""
    there = set(channels)
    for site, parameter in channels:
        measured = parameter.removesuffix(CONVERTED)
        if parameter != measured and (site, measured) not in there:
            yield f"{site}: 只有折算值 {parameter}，没有 {measured}，按折算值判定 is there without {measured}: judged as the device says"


def rows_of(registry: Registry, judged: Judged) -> Iterator[_Row]:
    """Yield every mean with its verdict, and verdicts of which there is no mean, by site, parameter, period and start; what there is not is None."""
    means, verdicts = judged.mean_rows(), judged.verdict_rows()
    for key in sorted(means.keys() | verdicts.keys()):
        site, parameter, period, start = key
        unit = canonical_unit(registry.sites[site].kind, parameter)
        named = {"site": site, "parameter": parameter, "period": period, "start": start, "unit": unit}
        yield named | _mean(judged, means.get(key)) | _verdict(judged, verdicts.get(key), key)


def _mean(judged: Judged, row: int | None) -> _Row:
    if row is None:
        return dict.fromkeys(MEAN_COLUMNS)
    found = {name: _plain(getattr(judged.means, name)[row]) for name in MEAN_COLUMNS}
    return found | {"kind": Kind(found["kind"]).wire}


def _verdict(judged: Judged, row: int | None, key: tuple[str, str, str, int]) -> _Row:
    if row is None:
        return dict.fromkeys((*VERDICT_COLUMNS, "verdict_id"))
    theirs = {"judged_value": "value", "not_judged_because": "reason"}
    found = {name: _plain(getattr(judged.verdicts, theirs.get(name, name))[row]) for name in VERDICT_COLUMNS}
    return found | {"verdict_id": content_id("verdict", *key)}


def _plain(cell: Any) -> Any:
    """Return a cell of a column as a Python value, None for NaN."""
    value = cell.item() if hasattr(cell, "item") else cell
    return None if isinstance(value, float) and isnan(value) else value


def _write(rows: list[_Row], output: Path) -> None:
    valid = {True: "true", False: "false", None: None}
    lines = (row | {"start": to_cst(row["start"]).isoformat(), "valid": valid[row["valid"]]} for row in rows)
    try:
        if str(output) == "-":
            _write_lines(sys.stdout, lines)
            return
        with output.open("w", encoding="utf-8", newline="") as sink:
            _write_lines(sink, lines)
    except OSError as error:
        raise InvalidConfiguration(f"{output}: {error.strerror or error}") from None


def _write_lines(sink: Any, lines: Iterator[_Row]) -> None:
    writer = csv.DictWriter(sink, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)


def _show(rows: list[_Row], limit: int) -> None:
    console = Console()
    console.print(_summary(rows))
    told = [row for row in rows if row["outcome"] in (Outcome.EXCEEDED, Outcome.NOT_JUDGED)]
    if told:
        console.print(_judged(told[:limit]))
    if len(told) > limit:
        more = len(told) - limit
        console.print(f"还有 {more} 条，见 -o 的 CSV 文件 and {more} more: write them with -o OUT.csv")


def _summary(rows: list[_Row]) -> Table:
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for row in rows:
        count = counts.setdefault((row["site"], row["parameter"], row["period"]), Counter())
        mean = () if row["valid"] is None else ("means", "valid" if row["valid"] else "invalid")
        count.update((*mean, row["outcome"] or "unlimited"))
    headings = ("点位 因子 series", "均值 means", "有效 valid", "达标 met", "超标 exceeded", "未判定 not judged")
    shown = Table(*headings, title="判定汇总 summary")
    for (site, parameter, period), count in counts.items():
        figures = (count["means"], count["valid"], *(count[outcome] for outcome in Outcome))
        shown.add_row(escape(f"{site} {parameter} {period}"), *(str(figure) for figure in figures))
    return shown


def _judged(rows: list[_Row]) -> Table:
    headings = (
        "点位 因子 series",
        "开始 start (CST)",
        "判定 outcome",
        "值/限值 value/limit",
        "超标倍数 over",
        "依据 rule",
    )
    shown = Table(*headings, title="超标与未判定 exceeded and not judged")
    for row in rows:
        over = "" if row["times_over"] is None else f"{row['times_over']:.3f}"
        why = row["not_judged_because"] or row["rule"]
        series = f"{row['site']} {row['parameter']} {row['period']}"
        outcome = OUTCOME_WORDS[Outcome(row["outcome"])]
        shown.add_row(escape(series), cst_text(row["start"]), outcome, _compared(row), over, escape(why))
    return shown


def _compared(row: _Row) -> str:
    if row["judged_value"] is None:
        return ""
    limits = (f"{row[name]:g}" for name in ("limit_min", "limit_max") if row[name] is not None)
    return f"{row['judged_value']:.6g} / {'–'.join(limits)}"

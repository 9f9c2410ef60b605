"""`ecovigil aqi`: the air quality index of every row of a CSV file."""

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TextIO

import numpy as np
import typer
from numpy.typing import NDArray

from schemas.codes import AqiStandard
from schemas.errors import InvalidConfiguration
from standards.air_quality import Averaging, IndexColumns, aqi_of, items_of, level_of

MISSING: Final = frozenset(
    {"", "NA", "N/A", "NAN", "NULL", "NONE", "-", "--", "—", "——", "_", "/", "INF", "-INF", "缺测", "无"}
)
"""Cells that say "no value" (in capitals); other cells that are no numbers count as missing too, and are told on stderr."""


@dataclass
class Table:
    """A CSV file as text: header and rows of equal width."""

    name: str
    header: list[str]
    rows: list[list[str]]
    strange: list[str] = field(default_factory=list)
    """Cells that are neither numbers nor known words for a missing value."""

    def column(self, name: str) -> NDArray[np.float64]:
        """Return a column as numbers, NaN where there is none."""
        position = self.header.index(name)
        return np.array([self._number(row[position], name, line) for line, row in enumerate(self.rows, 2)], np.float64)

    def _number(self, cell: str, name: str, line: int) -> float:
        try:
            return float(cell)
        except ValueError:
            if cell.strip().upper() not in MISSING:
                self.strange.append(f"{cell!r} ({name}, row {line})")
            return float("nan")


def renames(text: str) -> dict[str, str]:
    """Return {our item: column of the file} from `pm25=PM2.5,co=CO`; raises InvalidConfiguration."""
    pairs = [part.split("=", 1) for part in text.split(",") if part.strip()]
    if any(len(pair) != 2 or not pair[1].strip() for pair in pairs):
        raise InvalidConfiguration(f"--columns: expected item=column,… but got {text!r}")
    found = {ours.strip(): theirs.strip() for ours, theirs in pairs}
    known = ("so2", "no2", "co", "o3_1h", "o3_8h", "pm10", "pm25")
    unknown = [ours for ours in found if ours not in known]
    if unknown:
        raise InvalidConfiguration(f"--columns: no item {unknown[0]!r}; there are {', '.join(known)}")
    return found


@contextmanager
def _source(path: str) -> Iterator[TextIO]:
    """Open a file, a .gz file or standard input as text; a byte order mark is skipped."""
    if path == "-":
        lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        yield lines
        lines.detach()
        return
    opened: Any = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
        yield text


def read_table(path: str) -> Table:
    """Return a CSV file; raises InvalidConfiguration where it can't be read as one."""
    try:
        with _source(path) as lines:
            found = [row for row in csv.reader(lines) if row]
    except UnicodeDecodeError:
        raise InvalidConfiguration(f"{path}: not UTF-8 text") from None
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise InvalidConfiguration(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if not found:
        raise InvalidConfiguration(f"{path}: empty, not even a header")
    header, rows = found[0], found[1:]
    for line, row in enumerate(rows, 2):
        if len(row) > len(header):
            raise InvalidConfiguration(f"{path}: row {line} has {len(row)} cells, the header has {len(header)}")
        row.extend([""] * (len(header) - len(row)))
    return Table(path, header, rows)


def _concentrations(table: Table, items: tuple[str, ...], renamed: dict[str, str]) -> dict[str, NDArray[np.float64]]:
    """Return the columns of the items, all NaN where the file has no such column."""
    for ours, theirs in renamed.items():
        if theirs not in table.header:
            raise InvalidConfiguration(
                f"{table.name}: no column {theirs!r} (for {ours}); there are {', '.join(table.header)}"
            )
    names = {item: renamed.get(item, item) for item in items}
    there = {item: table.column(name) for item, name in names.items() if name in table.header}
    if not there:
        raise InvalidConfiguration(f"{table.name}: none of the columns {', '.join(names.values())}; use --columns")
    absent = [names[item] for item in items[:6] if item not in there]
    if absent:
        typer.echo(f"{table.name}: 缺少列 no column {', '.join(absent)}", err=True)
    return {item: there.get(item, np.full(len(table.rows), np.nan)) for item in items}


def _cells(column: NDArray[np.float64]) -> list[str]:
    return ["" if value != value else str(int(value)) for value in column.tolist()]


def result_columns(index: IndexColumns) -> dict[str, list[str]]:
    """Return the added columns as text: individual indices, index, primary items joined by `;`, class in Chinese."""
    added = {f"ecovigil_iaqi_{item}": _cells(index.iaqi[i]) for i, item in enumerate(index.items)}
    class_zh = {str(aqi): level.zh for aqi in range(501) if (level := level_of(aqi))} | {"": ""}
    said = _cells(index.aqi)
    return added | {
        "ecovigil_aqi": said,
        "ecovigil_primary": [";".join(index.primary(row)) for row in range(len(said))],
        "ecovigil_level": [class_zh[cell] for cell in said],
    }


@contextmanager
def _sink(path: Path | None) -> Iterator[TextIO]:
    """Open the result for writing: standard output, a file, or a .gz file."""
    if path is None:
        screen = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
        yield screen
        screen.flush()
        screen.detach()
        return
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8", newline="") as sink:
        yield sink


def write_table(table: Table, added: dict[str, list[str]], path: Path | None) -> None:
    """Write the given columns as they were, then the added ones; raises InvalidConfiguration."""
    doubled = [name for name in added if name in table.header]
    if doubled:
        raise InvalidConfiguration(f"{table.name}: column {doubled[0]} is there already")
    try:
        with _sink(path) as sink:
            writer = csv.writer(sink, lineterminator="\n")
            writer.writerow(table.header + list(added))
            writer.writerows(
                row + list(more) for row, more in zip(table.rows, zip(*added.values(), strict=True), strict=True)
            )
    except OSError as error:
        raise InvalidConfiguration(f"{path or 'standard output'}: {error.strerror or error}") from None


def aqi(
    source: Annotated[
        str, typer.Argument(metavar="IN.csv[.gz]", help="输入文件；- 为标准输入。 Input file; - is standard input.")
    ],
    standard: Annotated[AqiStandard, typer.Option(help="所用标准。 Which standard.")],
    averaging: Annotated[
        Literal["hour", "day"],
        typer.Option(help="实时报（1 小时值）或日报（24 小时值）。 Hourly report of 1-hour values, or daily report."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="结果文件（.gz 压缩）；缺省为标准输出。 Result; default: standard output."),
    ] = None,
    columns: Annotated[str, typer.Option(help="列名对应，如 pm25=PM2.5,co=CO。 Names of the columns.")] = "",
) -> None:
    """逐行计算空气质量指数。 Compute the air quality index of every row of a CSV file.

    Reads the columns so2, no2, co, o3_1h, o3_8h, pm10, pm25 (µg/m³, CO in mg/m³; a blank cell, NA or - is missing) and passes all
    columns through. Adds ecovigil_iaqi_* for each item of the report, ecovigil_aqi (blank when it can't be said), ecovigil_primary
    (primary pollutants by our column names, joined by ";"; none up to 50) and ecovigil_level (优, 良, 轻度污染, 中度污染, 重度污染,
    严重污染). An hour takes 1-hour values, with hj633-2012 1-hour PM on the 24-hour table, and no o3_8h. A day takes 24-hour values
    and the daily maximum 8-hour ozone; with hj633-2012 also the maximum 1-hour ozone where it is given.
    """
    asked: Averaging = averaging
    table = read_table(source)
    renamed = renames(columns)
    index = aqi_of(standard, asked, _concentrations(table, items_of(standard, asked), renamed))
    write_table(table, result_columns(index), output)
    if table.strange:
        typer.echo(
            f"{source}: {len(table.strange)} 个单元格不是数字，按缺测处理 cells are no numbers and count as missing, e.g. {table.strange[0]}",
            err=True,
        )

"""`ecovigil aqi`: the air quality index of every row of a CSV file."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
from numpy.typing import NDArray

from ecovigil.csv_tables import Table, read_table, write_table
from schemas.codes import AqiStandard
from schemas.errors import InvalidConfiguration
from standards.air_quality import Averaging, IndexColumns, aqi_of, items_of, level_of


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

"""`ecovigil water-class`: the GB 3838 class of every row of a CSV file."""

from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import typer
from numpy.typing import NDArray

from ecovigil.csv_tables import MISSING, Table, read_table, write_table
from schemas.errors import InvalidConfiguration
from standards.surface_water import CLASS_NAMES, NITROGEN, Item, WaterBody, classify, items_of, nitrogen

COLUMN_OF: Final = {
    "ph": "ph",
    "do": "do_mgl",
    "codmn": "codmn_mgl",
    "nh3n": "nh3n_mgl",
    "tp": "tp_mgl",
    "tn": "tn_mgl",
}
"""Columns that are read without being named: those of the national network's publication."""
_NOT_MEASURED: Final = MISSING | {"*"}


def rated_items(water_body: WaterBody) -> dict[str, Item]:
    """Return what can be read for a water body: the items of the class, and nitrogen where it is rated apart."""
    return items_of(water_body) | ({NITROGEN: nitrogen()} if water_body == "lake" else {})


def renamed(text: str, water_body: WaterBody) -> dict[str, str]:
    """Return {item: column of the file} from `cod=CODcr,bod5=BOD`; raises InvalidConfiguration."""
    pairs = [part.split("=", 1) for part in text.split(",") if part.strip()]
    if any(len(pair) != 2 or not pair[1].strip() for pair in pairs):
        raise InvalidConfiguration(f"--columns: expected item=column,… but got {text!r}")
    found = {item.strip(): column.strip() for item, column in pairs}
    unknown = [item for item in found if item not in rated_items(water_body)]
    if unknown:
        known = ", ".join(rated_items(water_body))
        raise InvalidConfiguration(f"--columns: {unknown[0]!r} is not rated for a {water_body}; there are {known}")
    return found


def _concentrations(table: Table, water_body: WaterBody, named: dict[str, str]) -> dict[str, NDArray[np.float64]]:
    """Return the columns of the items that the file has."""
    absent = [f"{column!r} (for {item})" for item, column in named.items() if column not in table.header]
    if absent:
        raise InvalidConfiguration(f"{table.name}: no column {absent[0]}; there are {', '.join(table.header)}")
    columns = COLUMN_OF | named
    there = [item for item in rated_items(water_body) if columns.get(item) in table.header]
    if not set(there) - {NITROGEN}:
        raise InvalidConfiguration(f"{table.name}: none of the columns {', '.join(columns.values())}; use --columns")
    return {item: table.column(columns[item], _NOT_MEASURED) for item in there}


def result_columns(water_body: WaterBody, concentrations: dict[str, NDArray[np.float64]]) -> dict[str, list[str]]:
    """Return the added columns as text: class, deciding items joined by `;`, for lakes the class of nitrogen."""
    classes = classify(water_body, concentrations)
    deciding = [";".join(classes.deciding(row)) for row in range(len(classes.rank))]
    added = {"ecovigil_class": classes.names(), "ecovigil_deciding": deciding}
    if water_body == "lake":
        apart = concentrations.get(NITROGEN, np.full(len(deciding), np.nan))
        added["ecovigil_tn_class"] = [CLASS_NAMES[rank] for rank in nitrogen().ranks(apart).tolist()]
    return added


def water_class(
    source: Annotated[
        str, typer.Argument(metavar="IN.csv[.gz]", help="输入文件；- 为标准输入。 Input file; - is standard input.")
    ],
    water_body: Annotated[
        Literal["river", "lake"], typer.Option(help="河流，或湖泊、水库。 River, or lake and reservoir.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="结果文件（.gz 压缩）；缺省为标准输出。 Result; default: standard output."),
    ] = None,
    columns: Annotated[
        str, typer.Option(help="列名对应，如 cod=CODcr,bod5=BOD5。 Names of the columns; also of further items.")
    ] = "",
) -> None:
    """逐行判定地表水水质类别（GB 3838-2002）。 Give the GB 3838-2002 class of every row of a CSV file.

    Reads ph, do_mgl, codmn_mgl, nh3n_mgl, tp_mgl (mg/L; a blank cell, NA, - or * is not measured) and further items of the table that
    --columns names (cod, bod5, cu, zn, f, … in the table's units), and passes all columns through. Adds ecovigil_class (Ⅰ … Ⅴ, 劣Ⅴ; blank
    where nothing is measured) and ecovigil_deciding (the items in that class, joined by ";"). The worst item decides; a pH outside
    6 to 9 is 劣Ⅴ. Water temperature, total nitrogen and coliform do not count; for lakes ecovigil_tn_class rates nitrogen (tn_mgl) apart.
    """
    body: WaterBody = water_body
    table = read_table(source)
    concentrations = _concentrations(table, body, renamed(columns, body))
    write_table(table, result_columns(body, concentrations), output)
    if table.strange:
        typer.echo(
            f"{source}: {len(table.strange)} 个单元格不是数字，按缺测处理 cells are no numbers and count as missing, e.g. {table.strange[0]}",
            err=True,
        )

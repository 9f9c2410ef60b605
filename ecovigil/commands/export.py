"""`ecovigil export`: results as text for comparison and for others' systems."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ecovigil.database_access import opened_database
from schemas.errors import InvalidConfiguration
from store.export import PostgresExport
from store.final_port import final_lines

app = typer.Typer(help="导出结果。 Results as text.", no_args_is_help=True)


@app.callback()
def export() -> None:
    """导出结果。 Results as text."""


@app.command()
def final(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="缺省写到标准输出。 Default: standard output.")
    ] = None,
) -> None:
    """最终结果（均值、判定、指数、有效告警、账目），每行一条 JSON。 The final state: a line of JSON a row, sorted by natural key.

    Two runs over the same reports, in any order and with any crash, give the same bytes: no surrogate ids, versions,
    times of arrival or of recording are in it, nor withdrawn alerts or those about the stream itself.
    """
    with opened_database() as database:
        lines = final_lines(PostgresExport(database).final_rows())
        if output is None:
            _write(lines, sys.stdout.buffer)
        else:
            write_file(lines, output)


def write_file(lines: Iterable[str], output: Path) -> None:
    """Write the lines to a file that is there whole or not at all; raises InvalidConfiguration where it cannot be written."""
    unfinished = output.with_name(output.name + ".part")
    try:
        with unfinished.open("wb") as file:
            _write(lines, file)
        unfinished.replace(output)
    except OSError as error:
        raise InvalidConfiguration(f"{output}: {error.strerror}") from None


def _write(lines: Iterable[str], file: BinaryIO) -> None:
    for line in lines:
        file.write(line.encode())
    file.flush()

"""`ecovigil registry`: import, list and check what is registered."""

import getpass
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ecovigil.database_access import opened_database
from schemas.errors import InvalidConfiguration
from schemas.registry import TABLES, Registry
from schemas.times import cst_text
from sim.example import EXAMPLE
from standards.registration import read_registry
from store.registry import RegistryStore

app = typer.Typer(help="登记信息：企业、点位、适用标准、许可、数采仪。 Registry.", no_args_is_help=True)

Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE|FOLDER…", help="TOML 文件，或以表命名的 CSV 文件。 TOML files, or CSV files named after a table."
    ),
]
Example = Annotated[bool, typer.Option("--example", help="随附的示例登记。 The bundled example.")]


def _read(sources: list[Path] | None, example: bool) -> Registry:
    paths = [*(sources or []), *([EXAMPLE] if example else [])]
    if not paths:
        raise InvalidConfiguration("registry: name a file or folder, or use --example")
    return read_registry(paths)


def _contents(registry: Registry) -> str:
    counts = ((table, len(getattr(registry, table))) for table in TABLES)
    return ", ".join(f"{table} {count}" for table, count in counts if count)


@app.command("check")
def check(sources: Sources = None, example: Example = False) -> None:
    """检查登记文件，列出全部问题。 Check registry files; every problem is printed with file and key."""
    typer.echo(f"没有问题 no problems: {_contents(_read(sources, example))}")


@app.command("import")
def import_(
    sources: Sources = None,
    example: Example = False,
    by: Annotated[str | None, typer.Option(help="谁登记的。 Who imports; default: the user's name.")] = None,
) -> None:
    """检查后作为新版本登记（整体替换）。 Check, then keep as the new version, which replaces the one before as a whole."""
    registry = _read(sources, example)
    with opened_database() as database:
        store = RegistryStore(database)
        version, newest = store.registry()
        if version and newest == registry:
            typer.echo(f"登记未变，仍为第 {version} 版 unchanged, still version {version}: {_contents(registry)}")
            return
        version = store.import_registry(registry, by or getpass.getuser(), time.time_ns() // 1000)
    typer.echo(f"已登记第 {version} 版 imported as version {version}: {_contents(registry)}")


@app.command("list")
def list_(
    table: Annotated[
        str | None, typer.Argument(help=f"{', '.join(TABLES)}; 缺省：各版本与条数。 Default: versions and counts.")
    ] = None,
) -> None:
    """列出登记内容。 List what is registered."""
    if table is not None and table not in TABLES:
        raise InvalidConfiguration(f"registry: no table {table!r}; there are {', '.join(TABLES)}")
    with opened_database() as database:
        store = RegistryStore(database)
        imports, (version, registry) = store.versions(), store.registry()
    if table is not None:
        Console().print(_entries(registry, table))
        return
    for kept in imports:
        typer.echo(
            f"第 {kept.version} 版 version {kept.version}: {cst_text(kept.imported_at, seconds=True)} {kept.imported_by}"
        )
    typer.echo(f"现行 in force: {version or '-'}: {_contents(registry) or '空 empty'}")


def _entries(registry: Registry, table: str) -> Table:
    """Return one table of the registry, with those columns that any entry fills."""
    rows = [entry.model_dump(mode="json", exclude_defaults=True) for entry in getattr(registry, table)]
    columns = [name for name in TABLES[table].model_fields if any(name in row for row in rows)]
    shown = Table(*columns, title=f"{table} ({len(rows)})")
    for row in rows:
        shown.add_row(*(_cell(row.get(name)) for name in columns))
    return shown


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(str(part.get("text", part)) if isinstance(part, dict) else str(part) for part in value)
    return "" if value is None else str(value)

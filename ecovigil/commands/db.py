"""`ecovigil db`: bring the database's tables up to date, and say where they are."""

import typer

from ecovigil.database_access import opened_database
from store.schema import migrate as apply_migrations
from store.schema import status as status_of

app = typer.Typer(help="数据库结构：升级与状态。 The database's tables: migrate, status.", no_args_is_help=True)


@app.command("migrate")
def migrate() -> None:
    """执行尚未执行的迁移脚本（可重复执行）。 Apply the migrations that are missing; running it again changes nothing."""
    with opened_database() as database:
        applied = apply_migrations(database)
    for name in applied:
        typer.echo(f"已执行 applied: {name}")
    if not applied:
        typer.echo("数据库已是最新，无需迁移。 The database is up to date.")


@app.command("status")
def status() -> None:
    """显示已执行、待执行与被改动的迁移。 Show which migrations are applied, pending or changed; exit code 1 where any is."""
    with opened_database() as database:
        found = status_of(database)
    kind = "TimescaleDB 超表 hypertable" if found.timescale else "按月分区 monthly partitions"
    typer.echo(f"PostgreSQL {found.server}; reading: {kind}")
    typer.echo(f"已执行 applied: {len(found.applied)}")
    for name in found.pending:
        typer.echo(f"待执行 pending: {name}")
    for name in found.changed:
        typer.echo(f"执行后被改动 changed after it was applied: {name}")
    if found.pending or found.changed:
        raise typer.Exit(1)

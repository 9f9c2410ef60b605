"""The database for a command of an operator: the settings' server, else our own, which is started if it does not run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecovigil.embedded_database import DatabaseServer
from ecovigil.settings import Settings, load
from store.postgres import Database
from store.schema import migrate

_PORT_LINE = 3
"""Where PostgreSQL writes its port in postmaster.pid."""


@contextmanager
def opened_database(settings: Settings | None = None) -> Iterator[Database]:
    """Give a database as long as the body runs; our own is migrated, others' only by `ecovigil db migrate`. Raises Unavailable."""
    settings = settings or load()
    if settings.database.url is not None:
        with _closing(Database(settings.database.url.get_secret_value())) as database:
            yield database
        return
    with _own_server(settings) as url, _closing(Database(url)) as database:
        migrate(database)
        yield database


@contextmanager
def _closing(database: Database) -> Iterator[Database]:
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _own_server(settings: Settings) -> Iterator[str]:
    """Give the address of our server: of the one that runs, else of one that is started and stopped again."""
    server = DatabaseServer(settings.data_path, settings.embedded.database_port)
    running = running_port(server.cluster)
    if running is not None:
        server.port = running
        if server.is_ready():
            yield server.url
            return
        server.port = settings.embedded.database_port
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def running_port(cluster: Path) -> int | None:
    """Return the port that PostgreSQL noted when it started on a data directory; None where it stopped in order or never ran."""
    try:
        return int((cluster / "postmaster.pid").read_text(encoding="ascii").splitlines()[_PORT_LINE])
    except (OSError, IndexError, ValueError):
        return None

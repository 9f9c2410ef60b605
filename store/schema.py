"""Numbered, forward-only migrations: each in a transaction of its own, under one advisory lock, with its checksum."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from schemas.errors import InvalidConfiguration
from store.postgres import Cursor, Database

_LOCK = 0x65636F
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True)
class Migration:
    """One numbered file."""

    name: str
    statements: bytes

    @property
    def checksum(self) -> str:
        """SHA-256 of the file: an applied migration must not be edited."""
        return sha256(self.statements).hexdigest()


@dataclass(frozen=True)
class Status:
    """Where a database is."""

    applied: list[str]
    pending: list[str]
    changed: list[str]
    """Applied, but the file is another one now."""
    server: str
    timescale: bool
    """`reading` is a hypertable."""


def migrations() -> list[Migration]:
    """Return all migrations in their order."""
    found = [f for f in (files("store") / "migrations").iterdir() if f.name.endswith(".sql")]
    return [Migration(f.name.removesuffix(".sql"), f.read_bytes()) for f in sorted(found, key=lambda f: f.name)]


def migrate(database: Database) -> list[str]:
    """Apply what is missing and return its names; raises InvalidConfiguration where an applied file was changed."""
    applied = []
    for migration in migrations():
        with database.transaction() as cursor:
            cursor.execute("SET LOCAL lock_timeout TO 0")  # another one who migrates may take long
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute(_TABLE)
            if _is_due(cursor, migration):
                cursor.execute(migration.statements)
                insert = "INSERT INTO schema_migration (name, checksum) VALUES (%s, %s)"
                cursor.execute(insert, [migration.name, migration.checksum])
                applied.append(migration.name)
    return applied


def status(database: Database) -> Status:
    """Return which migrations are applied, pending or changed, and what the server is."""
    with database.read() as cursor:
        known = _applied(cursor)
        server = cursor.execute("SHOW server_version").fetchone()
        hyper = cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    ours = migrations()
    return Status(
        applied=[m.name for m in ours if m.name in known],
        pending=[m.name for m in ours if m.name not in known],
        changed=[m.name for m in ours if known.get(m.name, m.checksum) != m.checksum],
        server=server[0] if server else "",
        timescale=bool(hyper and hyper[0]),
    )


def _is_due(cursor: Cursor, migration: Migration) -> bool:
    cursor.execute("SELECT checksum FROM schema_migration WHERE name = %s", [migration.name])
    row = cursor.fetchone()
    if row is not None and row[0] != migration.checksum:
        raise InvalidConfiguration(f"migration {migration.name} was changed after it had been applied")
    return row is None


def _applied(cursor: Cursor) -> dict[str, str]:
    exists = cursor.execute("SELECT to_regclass('schema_migration') IS NOT NULL").fetchone()
    if not (exists and exists[0]):
        return {}
    return dict(cursor.execute("SELECT name, checksum FROM schema_migration").fetchall())

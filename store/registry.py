"""The registry in PostgreSQL: every import is kept whole as a new version, the greatest version counts."""

from typing import NamedTuple

from schemas.errors import InvalidConfiguration
from schemas.registry import Registry
from schemas.times import from_us, to_us
from store.postgres import Database
from store.sql import queries

SQL = queries("registry")


class Import(NamedTuple):
    """One version: when and by whom it was imported."""

    version: int
    imported_at: int
    """µs."""
    imported_by: str


class RegistryStore:
    """Versions of the registry; all reads see what was last committed and raise Unavailable where the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._newest: tuple[int, Registry] = (0, Registry())

    def import_registry(self, registry: Registry, imported_by: str, imported_at: int) -> int:
        """Keep a new version of the registry and return its number (from 1)."""
        row = {
            "imported_at": from_us(imported_at),
            "imported_by": imported_by,
            "content": registry.model_dump_json(exclude_defaults=True),
        }
        with self._database.transaction() as cursor:
            cursor.execute(SQL["lock"])
            found = cursor.execute(SQL["import"], row).fetchone()
        if found is None:
            raise InvalidConfiguration("the registry was not kept")
        return int(found[0])

    def registry(self) -> tuple[int, Registry]:
        """Return the newest version and its registry; 0 and an empty one where nothing was imported. Read once as long as it is the newest."""
        if self.registry_version() != self._newest[0]:
            with self._database.read() as cursor:
                found = cursor.execute(SQL["newest"]).fetchone()
            self._newest = (found[0], Registry.model_validate_json(found[1])) if found else (0, Registry())
        return self._newest

    def registry_version(self) -> int:
        """Return the newest version, 0 where nothing was imported."""
        with self._database.read() as cursor:
            found = cursor.execute(SQL["newest_version"]).fetchone()
        return int(found[0]) if found else 0

    def registry_at(self, version: int) -> Registry:
        """Return an earlier version, an empty registry for 0; raises KeyError where there is no such version."""
        if version == 0:
            return Registry()
        with self._database.read() as cursor:
            found = cursor.execute(SQL["at"], {"version": version}).fetchone()
        if found is None:
            raise KeyError(version)
        return Registry.model_validate_json(found[0])

    def versions(self) -> list[Import]:
        """Return all imports, oldest first."""
        with self._database.read() as cursor:
            rows = cursor.execute(SQL["versions"]).fetchall()
        return [Import(version, to_us(at), by) for version, at, by in rows]

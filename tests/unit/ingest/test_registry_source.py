"""The registry on disk: the bridge starts while the database is away."""

from pathlib import Path

import pytest

from ingest.registry_source import CachedRegistry, StoreRegistry
from schemas.errors import Unavailable
from schemas.registry import Registry

REGISTRY = Registry.from_tables(
    {"site": [{"id": "s", "kind": "stack", "name": "一号炉"}], "device": [{"id": "mn", "sites": ["s"]}]}
)


class Shelf:
    """A store of registries that can be away."""

    def __init__(self, version: int = 1, *, away: bool = False, holds: Registry = REGISTRY) -> None:
        self.version = version
        self.away = away
        self.holds = holds

    def registry(self) -> tuple[int, Registry]:
        return self.registry_version(), self.holds

    def registry_version(self) -> int:
        if self.away:
            raise Unavailable("database: away")
        return self.version


def test_a_copy_on_disk_serves_while_the_database_is_away(tmp_path: Path) -> None:
    CachedRegistry(Shelf(version=3), tmp_path / "registry.json").close()

    cached = CachedRegistry(Shelf(away=True), tmp_path / "registry.json")

    assert cached.current() == (3, REGISTRY)
    cached.close()


def test_a_copy_of_another_database_is_not_believed_though_its_version_has_the_same_number(tmp_path: Path) -> None:
    CachedRegistry(Shelf(holds=Registry()), tmp_path / "registry.json").close()

    cached = CachedRegistry(Shelf(), tmp_path / "registry.json")

    assert cached.current() == (1, REGISTRY)
    cached.close()


def test_without_store_and_copy_the_registry_is_unavailable(tmp_path: Path) -> None:
    cached = CachedRegistry(Shelf(away=True), tmp_path / "registry.json")

    with pytest.raises(Unavailable):
        cached.current()
    cached.close()


def test_a_broken_copy_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "registry.json").write_text("3\n{")
    cached = CachedRegistry(Shelf(away=True), tmp_path / "registry.json")

    with pytest.raises(Unavailable):
        cached.current()
    cached.close()


def test_a_new_version_is_taken_over_when_the_store_is_back(tmp_path: Path) -> None:
    shelf = Shelf(version=1)
    cached = CachedRegistry(shelf, tmp_path / "registry.json", every_s=3600)
    shelf.version = 2

    cached.refresh()

    assert cached.current()[0] == 2
    cached.close()


def test_the_in_memory_store_is_asked_each_time() -> None:
    shelf = Shelf(version=1)
    source = StoreRegistry(shelf)
    source.current()
    shelf.version = 2

    assert source.current()[0] == 2

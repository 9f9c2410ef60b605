"""The registry store: PostgreSQL and the in-memory twin keep the same versions."""

from datetime import date

import pytest

from schemas.codes import SiteKind
from schemas.registry import Binding, Device, Registry, Site
from store.memory import MemoryStore
from store.postgres import Database
from store.registry import RegistryStore


@pytest.fixture(params=["memory", pytest.param("postgresql", marks=pytest.mark.live)])
def store(request):
    if request.param == "memory":
        yield MemoryStore()
        return
    database = Database(request.getfixturevalue("database_url"))
    yield RegistryStore(database)
    database.close()


FIRST = Registry(site=[Site(id="s", kind=SiteKind.STACK, accepted_on=date(2020, 1, 2))])
SECOND = Registry(
    site=FIRST.site,
    binding=[
        Binding(site="s", standard="GB 4915-2013", conditions=["x"], effective_from=date(2020, 1, 1), reason="测试")
    ],
    device=[Device(id="mn-1", sites=["s"], silent_after_s=600)],
)


def test_nothing_imported_is_version_0_and_empty(store):
    assert store.registry_version() == 0
    assert store.registry() == (0, Registry())


def test_the_newest_import_counts_and_comes_back_as_it_was(store):
    numbers = [store.import_registry(registry, "test", 1_000_000) for registry in (FIRST, SECOND)]

    assert numbers == [1, 2]
    assert store.registry_version() == 2
    assert store.registry() == (2, SECOND)


def test_every_version_is_kept(store):
    for registry in (FIRST, SECOND):
        store.import_registry(registry, "test", 1_000_000)

    assert [store.registry_at(version) for version in (0, 1, 2)] == [Registry(), FIRST, SECOND]
    with pytest.raises(KeyError):
        store.registry_at(3)

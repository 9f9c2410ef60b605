"""The files of statements and migrations keep to their form."""

from importlib.resources import files

import pytest

from store.schema import migrations
from store.sql import queries

FILES = sorted(f.name.removesuffix(".sql") for f in (files("store") / "queries").iterdir() if f.name.endswith(".sql"))


@pytest.mark.parametrize("file", FILES)
def test_every_named_statement_is_one_statement(file: str) -> None:
    assert all(text and b";" not in text and b"--" not in text for text in queries(file).values())


@pytest.mark.parametrize("file", FILES)
def test_no_name_is_there_twice(file: str) -> None:
    text = (files("store") / "queries" / f"{file}.sql").read_text("utf-8")

    assert text.count("-- name:") == len(queries(file))


def test_migrations_are_numbered_without_a_double() -> None:
    numbers = [migration.name[:4] for migration in migrations()]

    assert numbers == sorted(set(numbers))

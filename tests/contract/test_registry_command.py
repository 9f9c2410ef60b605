"""`ecovigil registry` against PostgreSQL."""

import pytest
from typer.testing import CliRunner

from ecovigil.commands.registry import app
from ecovigil.database_access import running_port

pytestmark = pytest.mark.live


@pytest.fixture
def run(database_url, monkeypatch):
    monkeypatch.setenv("ECOVIGIL_DATABASE__URL", database_url)
    return lambda *arguments: CliRunner().invoke(app, arguments, catch_exceptions=False, terminal_width=200)


def test_the_example_is_imported_once(run):
    first, second = (run("import", "--example", "--by", "tester").stdout for _ in range(2))

    assert "imported as version 1" in first
    assert "unchanged, still version 1" in second


def test_versions_and_tables_are_listed(run):
    run("import", "--example", "--by", "tester")

    versions, cities = run("list").stdout, run("list", "city").stdout

    assert "version 1" in versions
    assert "tester" in versions
    assert "北京市" in cities


def test_an_empty_registry_is_listed_as_empty(run):
    assert "空 empty" in run("list").stdout


def test_a_server_that_never_ran_has_no_port(tmp_path):
    assert running_port(tmp_path) is None

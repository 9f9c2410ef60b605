"""Every package that the product imports is one that it declares: what a developer happens to have installed does not count."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent for path in ROOT.glob("*/__init__.py"))
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
OWN = {room.name for room in ROOMS}


def _plain(name: str) -> str:
    return re.split(r"[\[<>=!~; ]", name)[0].lower().replace("_", "-")


def _imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.split(".")[0] for name in whole | parts}


def _used() -> set[str]:
    names = {name for room in ROOMS for path in room.rglob("*.py") for name in _imported(path)}
    owners = packages_distributions()
    foreign = names - OWN - set(sys.stdlib_module_names)
    return {_plain(distribution) for name in foreign for distribution in owners.get(name, [name])}


def test_everything_imported_is_declared() -> None:
    # pydantic-core is a part of pydantic, pinned by it
    assert _used() - {_plain(one) for one in DECLARED} - {"pydantic-core"} == set()


def test_every_dependency_has_its_row() -> None:
    rows = (ROOT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")

    assert [one for one in DECLARED if f"| {_plain(one)}" not in rows] == []

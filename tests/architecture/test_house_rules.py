"""The shape of the code: first sentences, short files, names that say something, no excuses."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent for path in ROOT.glob("*/__init__.py"))
PRODUCT = sorted(path for room in ROOMS for path in room.rglob("*.py") if path.name != "__init__.py")
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE = 300
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "core", "base", "lib", "tools"}
VAGUE_VERB = re.compile(r"^_?(get|do|handle|process|perform|manage)_")
EXCUSE = re.compile(r"#\s*(type:\s*ignore|noqa|pragma:\s*no cover)|#.*\b(TODO|FIXME|XXX|HACK)\b")


def _nodes(paths: Iterable[Path]) -> Iterator[tuple[str, ast.AST]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield str(path.relative_to(ROOT)), node


def test_every_module_opens_with_a_sentence() -> None:
    modules = [(where, node) for where, node in _nodes(PRODUCT) if isinstance(node, ast.Module)]

    assert [where for where, module in modules if not (ast.get_docstring(module) or "").strip()] == []


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): path.read_bytes().count(b"\n") for path in PRODUCT + TESTS}

    assert {where: lines for where, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_files_have_names_that_say_something() -> None:
    words = {path: {path.stem, *path.relative_to(ROOT).parts[:-1]} for path in PRODUCT + TESTS}

    assert [path for path, names in words.items() if names & VAGUE] == []


def test_no_function_gets_does_or_handles() -> None:
    functions = [(where, node) for where, node in _nodes(PRODUCT) if isinstance(node, ast.FunctionDef)]

    assert [(where, function.name) for where, function in functions if VAGUE_VERB.match(function.name)] == []


def test_no_line_asks_to_be_excused() -> None:
    lines = [(path, line) for path in PRODUCT + TESTS for line in path.read_text(encoding="utf-8").splitlines()]

    assert [(path, line) for path, line in lines if EXCUSE.search(line) and "re.compile" not in line] == []


def test_no_test_sleeps() -> None:
    calls = [(where, ast.unparse(node.func)) for where, node in _nodes(TESTS) if isinstance(node, ast.Call)]

    assert [(where, name) for where, name in calls if name in {"sleep", "time.sleep"}] == []

"""docs/standards-coverage.md names tests and scenarios that are there, and every row names one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "standards-coverage.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"tests/[\w/]+\.(?:toml|py::\w+)", TEXT)))


def is_there(named: str) -> bool:
    path, _, test = named.partition("::")
    file = ROOT / path
    return file.exists() and (not test or f"def {test}(" in file.read_text(encoding="utf-8"))


def test_every_named_test_is_there() -> None:
    assert [named for named in NAMED if not is_there(named)] == []


def test_every_row_names_a_test() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| clause")]

    assert [row for row in rows if "tests/" not in row.rsplit(" | ", 1)[1]] == []
    assert len(rows) > 30

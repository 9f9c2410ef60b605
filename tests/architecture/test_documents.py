"""What the documents say can be typed and opened: make targets, commands and links."""

import re
from pathlib import Path

import pytest
import typer

from ecovigil.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
COMMANDS = set(getattr(typer.main.get_command(app), "commands", {}))

every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@every_document
def test_every_make_target_of_a_document_is_there(path: Path) -> None:
    named = set(re.findall(r"(?:`|^|\s\s)make ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE))

    assert named - TARGETS == set()


@every_document
def test_every_command_of_a_document_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^|\| )ecovigil ([a-z]+(?:-[a-z]+)*)\b", text, re.MULTILINE))

    assert named - COMMANDS == set()


@every_document
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))

    assert [link for link in links if not (path.parent / link).exists()] == []


def test_both_readmes_name_the_two_commands() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")

        assert "make demo" in text
        assert "make test" in text

"""Reads the named statements of `store/queries/*.sql`: `-- name: …`, a comment on the guarantee, the statement."""

from functools import cache
from importlib.resources import files


@cache
def queries(file: str) -> dict[str, bytes]:
    """Return the statements of one file by name."""
    text = (files("store") / "queries" / f"{file}.sql").read_text("utf-8")
    parts = [part.partition("\n") for part in text.split("-- name:")[1:]]
    return {name.strip(): _without_comments(body).encode() for name, _, body in parts}


def _without_comments(body: str) -> str:
    return "\n".join(line for line in body.splitlines() if not line.startswith("--")).strip().removesuffix(";")

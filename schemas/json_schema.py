"""The JSON Schemas of what flows, generated from the models: `python -m schemas.json_schema` writes schemas/json/."""

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from schemas.events import AlertChanged, DeadLettered, Finding, MeansClosed
from schemas.marks import Mark
from schemas.registry import Registry
from schemas.report import ReportV1

FOLDER: Final = Path(__file__).parent / "json"
WIRE: Final[dict[str, type[BaseModel]]] = {
    "report.v1": ReportV1,
    "means.v1": MeansClosed,
    "findings.v1": Finding,
    "alerts.v1": AlertChanged,
    "dead_letters.v1": DeadLettered,
    "mark.v1": Mark,
    "registry": Registry,
}
"""What others read or write, by its name on the wire."""


def schema_files() -> dict[str, str]:
    """Return the text of each schema file by its name."""
    return {f"{name}.json": _text(name, model) for name, model in WIRE.items()}


def _text(name: str, model: type[BaseModel]) -> str:
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | model.model_json_schema() | {"title": name}, ensure_ascii=False, indent=2) + "\n"


def write(folder: Path = FOLDER) -> None:
    """Write all schema files, and remove those of names that are gone."""
    folder.mkdir(exist_ok=True)
    files = schema_files()
    for stale in {path.name for path in folder.glob("*.json")} - files.keys():
        (folder / stale).unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()

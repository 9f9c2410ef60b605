"""Incidents of the simulated fleet, with the ground truth of what has to be told about each."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from schemas.errors import InvalidConfiguration
from sim.scenario_tables import Count, Kind, Moment, Name, Parameter, Positive, Table

BUNDLED: Final = Path(__file__).parent / "data" / "incidents.toml"


class Truth(Table):
    """What must be known of an incident, and nothing else about that device."""

    alert: Kind | None = None
    """Kind of the alert that must be raised; absent: none."""
    parameters: list[Parameter] = Field(default_factory=list)
    """Parameters it may be about; empty: it is about the device."""
    raised: Annotated[list[Moment], Field(min_length=2, max_length=2)] | None = None
    """[not before, before]."""
    duplicate: Count = 0
    """Duplicates in the books of the device."""


class Incident(Table):
    """Something that goes wrong at one device between two instants."""

    id: Name
    title: Name
    kind: Literal["bypass", "silence", "duplicates", "late"]
    site: Name
    start: Moment = Field(alias="from")
    to: Moment
    factor: float = 1.0
    """bypass: by how much the concentrations of `parameters` rise."""
    parameters: list[Parameter] = Field(default_factory=list)
    copies: Positive = 1
    """duplicates: how often each report is sent."""
    arrives: Moment | None = None
    """late: when all of it comes."""
    truth: Truth


class _File(Table):
    incident: list[Incident]


def read_incidents(path: Path = BUNDLED) -> list[Incident]:
    """Return the incidents of a TOML file; raises InvalidConfiguration naming file and key."""
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return _File.model_validate(tables).incident
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidConfiguration(f"{path}: {error}") from None
    except ValidationError as error:
        raise InvalidConfiguration(
            [f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        ) from None

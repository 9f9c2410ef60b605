"""Reads a scenario: one TOML file with a small registry, what devices send, what people enter, and what must come out.

Strict about every table, key and name: a scenario that is not understood must never pass.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from schemas.errors import InvalidConfiguration
from schemas.registry import Registry
from schemas.times import cst_text
from sim.scenario_expect import Expectation, Expectations, ExpectedBooks
from sim.scenario_inputs import REGISTRY_TABLES, Feed, Mark, RegistryTables, Step
from sim.scenario_tables import Moment, Name, Table

Model = TypeVar("Model", bound=BaseModel)


class Play(Table):
    """All of a file but its registry."""

    title: Name
    why: str
    starts: Moment
    """First tick."""
    ends: Moment
    """Last tick."""
    feed: list[Feed] = Field(default_factory=list)
    mark: list[Mark] = Field(default_factory=list)
    step: list[Step] = Field(default_factory=list)
    expect: Expectations


@dataclass(frozen=True)
class Registration:
    """A new version of the registry, and when it comes."""

    at: int
    registry: Registry


@dataclass(frozen=True)
class Scenario:
    """One scenario as read."""

    path: Path
    play: Play
    registry: Registry
    """As it is known at the start."""
    registrations: tuple[Registration, ...] = ()
    """Its later versions, in order of time."""

    @property
    def expectations(self) -> list[tuple[str, Expectation]]:
        """(list and number, expectation) of everything that must come out."""
        return list(self.play.expect.all())


def scenario_files(paths: list[Path]) -> list[Path]:
    """Return the files, and the `*.toml` of the folders; raises InvalidConfiguration where there is none."""
    found = [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]
    if not found:
        raise InvalidConfiguration(f"{', '.join(map(str, paths))}: no scenario (*.toml) there")
    return found


def read_scenario(path: Path) -> Scenario:
    """Return the scenario in `path`; raises InvalidConfiguration naming the file, and each key that is wrong."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidConfiguration(f"{path}: {error}") from None
    return scenario_of(tables, path)


def scenario_of(tables: dict[str, Any], path: Path) -> Scenario:
    """Return the scenario of parsed TOML tables; raises InvalidConfiguration."""
    entries = _checked(RegistryTables, {n: t for n, t in tables.items() if n in REGISTRY_TABLES}, path)
    play = _checked(Play, {n: t for n, t in tables.items() if n not in REGISTRY_TABLES}, path)
    edges = [at for at in entries.edges() if at > play.starts]
    first, *later = (Registration(at, _registry(entries, at, path)) for at in (play.starts, *edges))
    scenario = Scenario(path, play, first.registry, tuple(later))
    problems = [f"{path}: {problem}" for problem in _problems(scenario)]
    if problems:
        raise InvalidConfiguration(problems)
    return scenario


def _registry(entries: RegistryTables, instant: int, path: Path) -> Registry:
    return Registry.from_tables(entries.known(instant), str(path))


def _checked(model: type[Model], tables: dict[str, Any], path: Path) -> Model:
    try:
        return model.model_validate(tables)
    except ValidationError as error:
        raise InvalidConfiguration([f"{path}: {_key(e['loc'])}: {e['msg']}" for e in error.errors()]) from None


def _key(location: tuple[int | str, ...]) -> str:
    """Return `feed 2 values` for ("feed", 1, "values"): people count from one."""
    return " ".join(str(part + 1) if isinstance(part, int) else part for part in location)


def _problems(scenario: Scenario) -> Iterator[str]:
    play = scenario.play
    if play.ends <= play.starts:
        yield "ends: not after starts"
    if not scenario.expectations:
        yield "expect: nothing is expected"
    devices = set(scenario.registry.devices) | {feed.device for feed in play.feed}
    for registration in scenario.registrations:
        if registration.at > play.ends:
            yield f"entered_at or removed_at: {cst_text(registration.at)} is after ends"
    for name, expectation in scenario.expectations:
        if isinstance(expectation, ExpectedBooks):
            yield from _unknown(f"expect {name} device", expectation.device, devices)
        else:
            yield from _unknown_subject(f"expect {name}", expectation, scenario.registry)
    for number, entry in enumerate([*play.mark, *play.step], 1):
        yield from _unknown_subject(f"mark or step {number}", entry, scenario.registry)


def _unknown_subject(name: str, entry: Any, registry: Registry) -> Iterator[str]:
    yield from _unknown(f"{name} site", getattr(entry, "site", None), set(registry.sites))
    cities = set(registry.cities) | set(registry.city_bindings)
    yield from _unknown(f"{name} city", getattr(entry, "city", None), cities)


def _unknown(name: str, value: str | None, known: set[str]) -> Iterator[str]:
    if value is not None and value not in known:
        yield f"{name}: no {value} in this scenario"

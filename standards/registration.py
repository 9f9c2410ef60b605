"""Reads registry files (TOML and CSV tables) and checks them against the law as data; every problem names file and key."""

import csv
import io
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from schemas.codes import FindingKind
from schemas.errors import InvalidConfiguration
from schemas.registry import (
    TABLES,
    Binding,
    Channel,
    Device,
    Entry,
    Organisation,
    Permit,
    Plan,
    Recipient,
    Registry,
    Site,
)
from standards.parameters import is_known, to_canonical, unit_name
from standards.rules import ALL, PERIOD_OF_AVERAGING, rules
from standards.thresholds import schemes
from standards.water_targets import BODIES, GB_3838, RANKS

LIST_SEPARATOR: Final = ";"
"""Between the members of a list in a CSV cell, for example the sites of a device."""
_LISTS: Final = frozenset({"sites", "conditions", "kinds"})
PERFORMANCE_CLASSES: Final = ("A", "B", "B-", "C", "D", "引领性", "非引领性")


@dataclass(frozen=True)
class Placed:
    """One entry, and the file and place it was read from."""

    table: str
    entry: Entry
    place: str


@dataclass
class Reading:
    """What was read so far, and what was wrong with it."""

    placed: list[Placed] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_registry(paths: Sequence[Path]) -> Registry:
    """Return the registry of files and folders (`*.toml`, and `<table>.csv`); raises InvalidConfiguration with every problem.

    A CSV file is one table and is named after it (`site.csv`); an empty cell is absent, lists are separated by ";".
    """
    reading = Reading()
    for path in _files(paths, reading):
        for table, number, values in _entries(path, reading):
            _place(reading, table, f"{path}: {table} {number}", values)
    tables: dict[str, list[Entry]] = {table: [] for table in TABLES}
    for placed in reading.placed:
        tables[placed.table].append(placed.entry)
    registry = Registry.model_validate(tables)
    problems = reading.problems + [_located(problem, reading.placed) for problem in registry.problems()]
    problems += problems_of(registry, reading.placed)
    if problems:
        raise InvalidConfiguration(problems)
    return registry


def _files(paths: Sequence[Path], reading: Reading) -> Iterator[Path]:
    for path in paths:
        found = sorted(f for f in path.iterdir() if f.suffix in (".toml", ".csv")) if path.is_dir() else [path]
        if not found:
            reading.problems.append(f"{path}: no .toml or .csv file there")
        yield from found


def _entries(path: Path, reading: Reading) -> list[tuple[str, int, dict[str, Any]]]:
    """Return (table, number, values) of every entry of a file; numbers count from 1, of CSV rows from 2 (the header is 1)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _csv_entries(path, text) if path.suffix == ".csv" else _toml_entries(text)
    except OSError as error:
        reading.problems.append(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        reading.problems.append(f"{path}: not UTF-8 text")
    except (tomllib.TOMLDecodeError, csv.Error, ValueError) as error:
        reading.problems.append(f"{path}: {error}")
    return []


def _toml_entries(text: str) -> list[tuple[str, int, dict[str, Any]]]:
    tables: dict[str, Any] = tomllib.loads(text)
    wrong = [name for name, entries in tables.items() if not isinstance(entries, list)]
    if wrong:
        raise ValueError(f"{wrong[0]}: expected [[{wrong[0]}]] entries")
    return [(name, i, values) for name, entries in tables.items() for i, values in enumerate(entries, 1)]


def _csv_entries(path: Path, text: str) -> list[tuple[str, int, dict[str, Any]]]:
    if path.stem not in TABLES:
        raise ValueError(f"no such table{_nearest(path.stem, TABLES)}")
    found = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text), restkey="", strict=True), 2):
        if "" in row:
            raise ValueError(f"row {number} has more cells than the header")
        values = {key: _cell(key, cell) for key, cell in row.items() if cell}
        found.append((path.stem, number, values))
    return found


def _cell(key: str, cell: str) -> Any:
    return [part.strip() for part in cell.split(LIST_SEPARATOR)] if key in _LISTS else cell.strip()


def _place(reading: Reading, table: str, place: str, values: Any) -> None:
    model = TABLES.get(table)
    if model is None:
        reading.problems.append(f"{place}: no such table{_nearest(table, TABLES)}")
        return
    try:
        reading.placed.append(Placed(table, model.model_validate(values), place))
    except ValidationError as error:
        for e in error.errors():
            key = ".".join(map(str, e["loc"]))
            reading.problems.append(f"{place}: {key + ': ' if key else ''}{e['msg']}")


def _located(problem: str, placed: Iterable[Placed]) -> str:
    """Return a problem between entries with the place of the entry that it speaks of."""
    words = set(problem.replace(":", " ").split())
    for p in placed:
        if problem.startswith(p.table) and words & {getattr(p.entry, "id", None), getattr(p.entry, "site", None)}:
            return f"{p.place}: {problem}"
    return problem


def _nearest(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.4)
    return f"; did you mean {close[0]!r}?" if close else ""


def problems_of(registry: Registry, placed: Sequence[Placed] = ()) -> list[str]:
    """Return what in a registry does not fit the law as data: standards, schemes, parameters, units, classes.

    Without `placed` the problems name tables and numbers only.
    """
    given = placed or [
        Placed(table, entry, f"{table} {i}") for table in TABLES for i, entry in enumerate(getattr(registry, table), 1)
    ]
    return [f"{p.place}: {problem}" for p in given for problem in _problems(p.entry, registry)]


def _problems(entry: Entry, registry: Registry) -> Iterator[str]:
    match entry:
        case Binding():
            yield from _of_binding(entry, registry)
        case Permit():
            yield from _of_permit(entry)
        case Channel():
            yield from _of_channel(entry, registry)
        case Device():
            yield from _of_device(entry)
        case Recipient():
            yield from _of_recipient(entry, registry)
        case Plan() if entry.city not in registry.cities:
            yield f"city: no city {entry.city!r}{_nearest(entry.city, registry.cities)}"
        case Organisation() if entry.performance_class not in ("", *PERFORMANCE_CLASSES):
            yield f"performance_class: {entry.performance_class!r} is none of {', '.join(PERFORMANCE_CLASSES)}"
        case Site() if entry.region and not (len(entry.region) == 6 and entry.region.isdigit()):
            yield f"region: {entry.region!r} is no six-digit code"


def _of_binding(binding: Binding, registry: Registry) -> Iterator[str]:
    if binding.effective_to is not None and binding.effective_to < binding.effective_from:
        yield "effective_to: before effective_from"
    if binding.city is not None and binding.city not in registry.cities:
        yield f"city: no city {binding.city!r}{_nearest(binding.city, registry.cities)}"
    if binding.thresholds is not None and binding.thresholds not in schemes():
        yield f"thresholds: no scheme {binding.thresholds!r}{_nearest(binding.thresholds, schemes())}"
    if binding.standard is not None:
        yield from _of_standard(binding)


def _of_standard(binding: Binding) -> Iterator[str]:
    if binding.standard == GB_3838:
        yield from _of_water(binding)
        return
    standards = {rule.standard for rule in rules()} | {GB_3838}
    if binding.standard not in standards:
        yield f"standard: no standard {binding.standard!r}{_nearest(binding.standard or '', standards)}"
        return
    own = [rule for rule in rules() if rule.standard == binding.standard]
    categories = {rule.category for rule in own}
    if binding.category not in categories:
        yield f"category: {binding.standard} has no category {binding.category!r}{_nearest(binding.category or '', categories)}"
        return
    variants = {rule.variant for rule in own if rule.category in (binding.category, ALL)}
    if binding.variant not in variants:
        yield f"variant: {binding.category!r} has no variant {binding.variant!r}{_nearest(binding.variant or '', variants)}"
    ids = {rule.rule_id for rule in own if rule.category in (binding.category, ALL)}
    for condition in binding.conditions:
        if condition not in ids:
            yield f"conditions: no row {condition!r} of that standard and category{_nearest(condition, ids)}"


def _of_water(binding: Binding) -> Iterator[str]:
    if binding.category not in BODIES:
        yield f"category: {binding.category!r} is none of {', '.join(BODIES)}"
    if binding.variant not in RANKS:
        yield f"variant: {binding.variant!r} is no class, Ⅰ to Ⅴ"


def _unknown_parameter(parameter: str) -> str:
    return f"parameter: {parameter!r} is no HJ 212-2017 code that we know"


def _of_permit(permit: Permit) -> Iterator[str]:
    if not is_known(permit.parameter):
        yield _unknown_parameter(permit.parameter)
    if permit.limit is None and permit.annual_t is None:
        yield "limit: neither limit nor annual_t"
    if permit.limit is not None and permit.averaging not in PERIOD_OF_AVERAGING:
        yield f"averaging: {permit.averaging!r} is none of {', '.join(PERIOD_OF_AVERAGING)}: the figure would never be compared"
    if permit.effective_to is not None and permit.effective_to < permit.effective_from:
        yield "effective_to: before effective_from"


def _of_channel(channel: Channel, registry: Registry) -> Iterator[str]:
    if not is_known(channel.parameter):
        yield _unknown_parameter(channel.parameter)
    elif unit_name(channel.unit) is None:
        yield f"unit: no unit {channel.unit!r}"
    elif channel.site in registry.sites:
        try:
            to_canonical(registry.sites[channel.site].kind, channel.parameter, channel.unit)
        except ValueError as error:
            yield f"unit: {channel.parameter}: {error}"


def _of_device(device: Device) -> Iterator[str]:
    if not device.id or set(device.id) & set("/+#"):
        yield f"id: {device.id!r} can't be part of an MQTT topic"


def _of_recipient(recipient: Recipient, registry: Registry) -> Iterator[str]:
    if recipient.channel == "webhook" and not recipient.address.startswith(("http://", "https://")):
        yield "address: a webhook needs an http(s) address"
    if recipient.organisation is not None and recipient.organisation not in registry.organisations:
        yield f"organisation: no organisation {recipient.organisation!r}{_nearest(recipient.organisation, registry.organisations)}"
    if recipient.city is not None and recipient.city not in registry.cities:
        yield f"city: no city {recipient.city!r}{_nearest(recipient.city, registry.cities)}"
    for kind in recipient.kinds:
        if kind not in set(FindingKind):
            yield f"kinds: no kind {kind!r}{_nearest(kind, FindingKind)}"

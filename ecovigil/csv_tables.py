"""CSV files as text: read whole, passed through with columns added."""

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray

from schemas.errors import InvalidConfiguration

MISSING: Final = frozenset(
    {"", "NA", "N/A", "NAN", "NULL", "NONE", "-", "--", "—", "——", "_", "/", "INF", "-INF", "缺测", "无"}
)
"""Cells that say "no value" (in capitals); other cells that are no numbers count as missing too, and are told on stderr."""


@dataclass
class Table:
    """A CSV file as text: header and rows of equal width."""

    name: str
    header: list[str]
    rows: list[list[str]]
    strange: list[str] = field(default_factory=list)
    """Cells that are neither numbers nor known words for a missing value."""

    def column(self, name: str, missing: frozenset[str] = MISSING) -> NDArray[np.float64]:
        """Return a column as numbers, NaN where there is none; `missing` are the words for that."""
        position = self.header.index(name)
        cells = (row[position] for row in self.rows)
        return np.array([self._number(cell, name, line, missing) for line, cell in enumerate(cells, 2)], np.float64)

    def _number(self, cell: str, name: str, line: int, missing: frozenset[str]) -> float:
        try:
            return float(cell)
        except ValueError:
            if cell.strip().upper() not in missing:
                self.strange.append(f"{cell!r} ({name}, row {line})")
            return float("nan")


@contextmanager
def _source(path: str) -> Iterator[TextIO]:
    """Open a file, a .gz file or standard input as text; a byte order mark is skipped."""
    if path == "-":
        lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        yield lines
        lines.detach()
        return
    opened: Any = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
        yield text


def read_table(path: str) -> Table:
    """Return a CSV file; raises InvalidConfiguration where it can't be read as one."""
    try:
        with _source(path) as lines:
            found = [row for row in csv.reader(lines) if row]
    except UnicodeDecodeError:
        raise InvalidConfiguration(f"{path}: not UTF-8 text") from None
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise InvalidConfiguration(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if not found:
        raise InvalidConfiguration(f"{path}: empty, not even a header")
    header, rows = found[0], found[1:]
    for line, row in enumerate(rows, 2):
        if len(row) > len(header):
            raise InvalidConfiguration(f"{path}: row {line} has {len(row)} cells, the header has {len(header)}")
        row.extend([""] * (len(header) - len(row)))
    return Table(path, header, rows)


@contextmanager
def _sink(path: Path | None) -> Iterator[TextIO]:
    """Open the result for writing: standard output, a file, or a .gz file."""
    if path is None:
        screen = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
        yield screen
        screen.flush()
        screen.detach()
        return
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8", newline="") as sink:
        yield sink


def write_table(table: Table, added: dict[str, list[str]], path: Path | None) -> None:
    """Write the given columns as they were, then the added ones; raises InvalidConfiguration."""
    doubled = [name for name in added if name in table.header]
    if doubled:
        raise InvalidConfiguration(f"{table.name}: column {doubled[0]} is there already")
    try:
        with _sink(path) as sink:
            writer = csv.writer(sink, lineterminator="\n")
            writer.writerow(table.header + list(added))
            writer.writerows(
                row + list(more) for row, more in zip(table.rows, zip(*added.values(), strict=True), strict=True)
            )
    except OSError as error:
        raise InvalidConfiguration(f"{path or 'standard output'}: {error.strerror or error}") from None

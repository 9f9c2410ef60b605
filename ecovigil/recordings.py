"""CSV recordings of monitors, in long or wide form, as columns for judging."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Final

import numpy as np

from detectors.offline import Recording
from ecovigil.csv_tables import MISSING, Table, read_table
from schemas.codes import KIND_BY_WIRE, DataFlag, Kind
from schemas.errors import InvalidConfiguration
from schemas.times import local_us
from standards.parameters import is_known

LONG: Final = ("parameter", "value")
TIME: Final = "observed_at"
FLAG_SUFFIX: Final = "-Flag"
"""Of the column beside a parameter's, in wide form, as HJ 212 names it."""
_FLAGS: Final = {flag.value: ord(flag.value) for flag in DataFlag}
_SHOWN: Final = 20
_Row = tuple[int, int, int, float, int]
"""Channel, kind, observed_at, value, flag."""


@dataclass
class Reader:
    """Collects the rows of several files, and what is wrong with them."""

    site: str | None
    """Site of files without a column `site`."""
    kind: Kind
    """Kind of files without a column `kind`."""
    channels: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: list[_Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    """Columns that are no parameters."""

    def add(self, table: Table) -> None:
        """Take in a file; raises InvalidConfiguration where its columns say neither form."""
        if TIME not in table.header or ("site" not in table.header and self.site is None):
            needed = TIME if TIME not in table.header else "site (或用 or --site)"
            raise InvalidConfiguration(f"{table.name}: 缺少列 no column {needed}")
        read = self._long if set(LONG) <= set(table.header) else self._wide
        read(table)

    def recording(self) -> Recording:
        """Return what was read; raises InvalidConfiguration with the first problems."""
        if self.problems:
            more = len(self.problems) - _SHOWN
            told = self.problems[:_SHOWN] + ([f"还有 {more} 个问题 and {more} more problems"] if more > 0 else [])
            raise InvalidConfiguration(told)
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * 5
        dtypes = (np.int32, np.uint8, np.int64, np.float64, np.uint8)
        return Recording(list(self.channels), *(np.array(c, d) for c, d in zip(columns, dtypes, strict=True)))

    def _long(self, table: Table) -> None:
        for where, cells in _rows(table):
            self._keep(where, cells, cells["parameter"], cells["value"], cells.get("flag", ""))

    def _wide(self, table: Table) -> None:
        parameters = [name for name in table.header if is_known(name)]
        flags = {name + FLAG_SUFFIX for name in parameters}
        self.ignored += [n for n in table.header if n not in {*parameters, *flags, TIME, "site", "kind"}]
        if not parameters:
            raise InvalidConfiguration(
                f"{table.name}: 没有因子列 no column is a parameter, nor are there {', '.join(LONG)}"
            )
        for where, cells in _rows(table):
            for parameter in parameters:
                self._keep(where, cells, parameter, cells[parameter], cells.get(parameter + FLAG_SUFFIX, ""))

    def _keep(self, where: str, cells: dict[str, str], parameter: str, value: str, flag: str) -> None:
        """Keep a reading; a missing value is no reading, as it would be none on the wire."""
        if value.upper() in MISSING:
            return
        try:
            kind = KIND_BY_WIRE[cells["kind"]] if cells.get("kind") else self.kind
            row = (kind, _instant(cells[TIME]), _number(value), _FLAGS[flag or "N"])
        except KeyError as error:
            self.problems.append(f"{where}: 未知 kind 或 flag unknown kind or flag {error}")
        except ValueError as error:
            self.problems.append(f"{where}: {error}")
        else:
            channel = (cells.get("site") or self.site or "", parameter)
            self.rows.append((self.channels.setdefault(channel, len(self.channels)), *row))


def read_recordings(paths: Sequence[str], *, site: str | None, kind: Kind) -> tuple[Recording, list[str]]:
    """Return the readings of CSV files and the columns that were ignored; raises InvalidConfiguration with file, row and reason."""
    reader = Reader(site, kind)
    for path in paths:
        reader.add(read_table(path))
    return reader.recording(), list(dict.fromkeys(reader.ignored))


def _rows(table: Table) -> Iterator[tuple[str, dict[str, str]]]:
    for line, row in enumerate(table.rows, 2):
        cells = (cell.strip() for cell in row)
        yield f"{table.name}: 第 {line} 行 row {line}", dict(zip(table.header, cells, strict=True))


def _instant(text: str) -> int:
    try:
        return local_us(datetime.fromisoformat(text))
    except ValueError:
        raise ValueError(f"{TIME}: {text!r} 不是时间 is no time such as 2026-03-10T08:00") from None


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise ValueError(f"{text!r} 不是数字 is no number")
    return number

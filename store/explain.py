"""What one verdict rests on, from PostgreSQL: its versions, the means beside it, and the readings with the reports that brought them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from schemas.codes import Kind, Period
from schemas.identity import NAMESPACE, content_id
from schemas.periods import PERIODS, period_end
from schemas.registry import Binding, Permit
from schemas.times import from_us, to_us
from store.postgres import Database
from store.sql import queries

SQL = queries("explain")
"""By the number that the tables carry."""
FETCH_ROWS: Final = 50_000


@dataclass(frozen=True)
class Window:
    """The natural key of a verdict."""

    site: str
    parameter: str
    period: Period
    start: int

    @property
    def end(self) -> int:
        """End of the window, exclusive."""
        return period_end(self.period, self.start)

    @property
    def verdict_id(self) -> UUID:
        """The id of its verdict, the same in every version."""
        return content_id("verdict", self.site, self.parameter, self.period, self.start)


@dataclass(frozen=True)
class VerdictVersion:
    """One version of a verdict."""

    version: int
    outcome: str
    value: float | None
    limit_min: float | None
    limit_max: float | None
    times_over: float | None
    reason: str
    rule: str
    binding: str
    basis: str
    recorded_at: int


@dataclass(frozen=True)
class MeanVersion:
    """One version of a mean."""

    parameter: str
    start: int
    version: int
    value: float | None
    samples: int
    kind: Kind
    valid: bool
    reason: str
    converted: float | None
    mass_kg: float | None
    recorded_at: int


@dataclass(frozen=True)
class Sample:
    """One reading, and the report that brought it."""

    parameter: str
    kind: Kind
    observed_at: int
    value: float | None
    flag: str
    superseded: bool
    """Another value of the same instant is in force."""
    device_id: str
    sha256: str
    received_at: int


@dataclass(frozen=True)
class Registration:
    """A version of the registry that says something else of a site than the one before."""

    version: int
    imported_at: int
    imported_by: str
    bindings: tuple[Binding, ...]
    permits: tuple[Permit, ...]


_BINDINGS: Final = TypeAdapter(tuple[Binding, ...])
_PERMITS: Final = TypeAdapter(tuple[Permit, ...])


class PostgresExplain:
    """Reads for `ecovigil explain`; raises Unavailable where the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def window_of(self, verdict_id: UUID) -> Window | None:
        """Return the window that a verdict id is the hash of, None where no verdict has it.

        The id is no column: it would cost an index on the hot path for a question that people ask a few times a day. All windows are
        hashed until one fits, some half a million a second (docs/decisions/0010).
        """
        for exceeded in (True, False):
            for window in self._windows(exceeded, verdict_id):
                if window.verdict_id == verdict_id:
                    return window
        return None

    def _windows(self, exceeded: bool, verdict_id: UUID) -> Iterator[Window]:
        """Yield the windows whose hash begins as the id does."""
        wanted, prefixes = verdict_id.bytes[:6], _Prefixes()
        with self._database.transaction() as cursor, cursor.connection.cursor(name="windows", binary=True) as rows:
            rows.itersize = FETCH_ROWS
            rows.execute(SQL["windows"], {"exceeded": exceeded})
            for site, parameter, period, start in rows:
                if prefixes.digest(site, parameter, PERIODS[period], start)[:6] == wanted:
                    yield Window(site, parameter, PERIODS[period], start)

    def verdicts(self, window: Window) -> list[VerdictVersion]:
        """Return all versions of a verdict, the one in force last; none where nothing was judged."""
        asked = {"site": window.site, "parameter": window.parameter, "period": PERIODS.index(window.period)}
        rows = self._rows("verdicts", asked | {"start": from_us(window.start)})
        return [VerdictVersion(*(*row, to_us(at))) for *row, at in rows]

    def means(self, window: Window, parameters: Sequence[str], period: Period | None = None) -> list[MeanVersion]:
        """Return all versions of the means of the window, or of the hours in it, by parameter and start, the one in force last."""
        asked = {"site": window.site, "parameters": list(parameters), "period": PERIODS.index(period or window.period)}
        rows = self._rows("means", asked | _stretch(window))
        return [_mean(row) for row in rows]

    def registrations(self, site: str) -> list[Registration]:
        """Return the versions of the registry that say something else of a site than the one before, oldest first."""
        return [
            Registration(version, to_us(at), by, _BINDINGS.validate_json(bindings), _PERMITS.validate_json(permits))
            for version, at, by, bindings, permits in self._rows("registrations", {"site": site})
        ]

    def samples(self, window: Window, parameters: Sequence[str]) -> list[Sample]:
        """Return the readings of the window, by parameter, kind and instant; one that lost stands behind the one in force."""
        rows = self._rows("samples", {"site": window.site, "parameters": list(parameters)} | _stretch(window))
        return [_sample(row) for row in rows]

    def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._database.read() as cursor:
            return cursor.execute(SQL[name], parameters).fetchall()


class _Prefixes:
    """Hashes natural keys, the part that they share only once: SHA-1 of the namespace and the name, as UUIDv5 has it."""

    def __init__(self) -> None:
        self._begun: dict[tuple[str, str, str], Any] = {}

    def digest(self, site: str, parameter: str, period: str, start: int) -> bytes:
        key = (site, parameter, period)
        begun = self._begun.get(key)
        if begun is None:
            name = "\x1f".join(("verdict", *key, "")).encode()
            begun = self._begun[key] = sha1(NAMESPACE.bytes + name, usedforsecurity=False)
        hashed = begun.copy()
        hashed.update(b"%d" % start)
        found: bytes = hashed.digest()
        return found


def _stretch(window: Window) -> dict[str, datetime]:
    return {"start": from_us(window.start), "finish": from_us(window.end)}


def _mean(row: tuple[Any, ...]) -> MeanVersion:
    parameter, start, version, value, samples, kind, *rest, at = row
    return MeanVersion(*(parameter, to_us(start), version, value, samples, Kind(kind), *rest, to_us(at)))


def _sample(row: tuple[Any, ...]) -> Sample:
    parameter, kind, observed_at, value, flag, superseded, device_id, sha256, received_at = row
    return Sample(
        parameter, Kind(kind), to_us(observed_at), value, chr(flag), superseded, device_id, bytes(sha256).hex(),
        to_us(received_at),
    )  # fmt: skip

"""The final state as text: what two runs over the same reports must have in common, byte for byte."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, Protocol

from schemas.codes import STREAM_KINDS, AlertState, Kind, NotJudged
from schemas.periods import PERIODS
from schemas.times import to_cst

FINAL_TABLES: Final[dict[str, tuple[str, ...]]] = {
    "mean": (
        "site",
        "parameter",
        "period",
        "start",
        "value",
        "samples",
        "kind",
        "valid",
        "reason",
        "converted",
        "mass_kg",
    ),
    "verdict": (
        "site",
        "parameter",
        "period",
        "start",
        "outcome",
        "value",
        "limit_min",
        "limit_max",
        "times_over",
        "reason",
        "rule",
        "binding",
        "basis",
    ),
    "air_index": ("subject", "is_city", "period", "start", "standard", "aqi", "primary", "detail"),
    "alert": (
        "kind",
        "site",
        "city",
        "device",
        "parameter",
        "period",
        "first_start",
        "last_start",
        "state",
        "grade",
    ),
    "book": ("device", "day", "stored", "rejected"),
}
"""Columns of each section, in the order of the file. The natural key comes first: sections are sorted by it."""

INSTANTS: Final = frozenset({"start", "first_start", "last_start"})
PERIOD_NAMES: Final = tuple(period.value for period in PERIODS)
KIND_NAMES: Final = tuple(kind.wire for kind in Kind)
HIDDEN_KINDS: Final = tuple(sorted(STREAM_KINDS))
"""Alerts about the stream depend on arrival."""
HIDDEN_STATE: Final = AlertState.WITHDRAWN
HIDDEN_REASON: Final = NotJudged.NOT_LIMITED
"""A verdict that another registry took back: judged only under that one, there would be none."""

_INSTANTS_OF: Final = {section: tuple(INSTANTS.intersection(columns)) for section, columns in FINAL_TABLES.items()}
_JSON: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

FinalRow = tuple[Any, ...]
"""Values of one section's columns; instants in µs, NaN as None."""


class FinalStore(Protocol):
    """What `export final` reads, in one snapshot; raises Unavailable where the database is away."""

    def final_rows(self) -> Iterator[tuple[str, FinalRow]]:
        """Yield (section, row), sections in the order of FINAL_TABLES, rows by natural key in code point order."""
        ...


def final_lines(rows: Iterator[tuple[str, FinalRow]]) -> Iterator[str]:
    """Yield one line of JSON a row, ended by a line feed; floats as the shortest text that reads back the same."""
    for section, row in rows:
        values = {"table": section, **dict(zip(FINAL_TABLES[section], row, strict=True))}
        for name in _INSTANTS_OF[section]:
            values[name] = _instant(values[name])
        yield _JSON.encode(values) + "\n"


@lru_cache(maxsize=65536)
def _instant(instant_us: int | None) -> str | None:
    return None if instant_us is None else to_cst(instant_us).isoformat()


def stable(detail: Any) -> Any:
    """Return JSON content with its keys in order."""
    content = json.loads(detail) if isinstance(detail, str) else detail
    return json.loads(json.dumps(content, sort_keys=True))

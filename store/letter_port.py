"""What people need of the dead letters and the books; PostgreSQL and the in-memory twin serve it alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from store.port import BookEntry

KEPT = "kept"
REPLAYED = "replayed"


@dataclass(frozen=True)
class Letter:
    """A message, or one reading of a stored report, that was refused; its bytes are asked for apart."""

    letter_id: int
    topic: str
    device_id: str
    """"" where the topic has none."""
    site_id: str
    """"" where it is not known."""
    reason: str
    """A `Rejection` value."""
    detail: str
    sha256: bytes
    received_at: int
    """µs."""
    whole: bool
    """False: only some readings of a stored report were refused."""
    state: str
    """kept, replayed."""
    size: int
    """Bytes that are kept."""


@dataclass(frozen=True)
class LetterFilter:
    """Which letters are meant; None does not narrow."""

    ids: tuple[int, ...] | None = None
    reason: str | None = None
    device_id: str | None = None
    since: int | None = None
    """First instant of `received_at`, µs."""
    until: int | None = None
    """First instant after."""
    state: str | None = None


@dataclass(frozen=True)
class LetterCount:
    """How many letters share a reason and a state."""

    reason: str
    state: str
    count: int


class LetterStore(Protocol):
    """Dead letters and books, for reading; the worker writes both. Raises Unavailable where the database is away."""

    def letters(self, wanted: LetterFilter, *, after: int = 0, limit: int = 500) -> list[Letter]:
        """Return the letters with an id above `after`, oldest first."""
        ...

    def latest_letters(self, wanted: LetterFilter, limit: int) -> list[Letter]:
        """Return the last letters, newest first."""
        ...

    def letter_counts(self, wanted: LetterFilter) -> list[LetterCount]:
        """Return how many there are, by reason and state."""
        ...

    def letter_bytes(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the bytes of these letters as they were received."""
        ...

    def books(self, day: date) -> list[BookEntry]:
        """Return the books of a China Standard Time day, by device."""
        ...

"""What a worker asks of the store about marks."""

from collections.abc import Sequence
from typing import Protocol

from schemas.marks import Mark


class MarkReader(Protocol):
    """What a worker asks about marks; all reads see what was last committed. Raises Unavailable where the database is away."""

    def mark_revision(self) -> int:
        """Return how far the marks go: it grows with every version, in the order of their commits; 0 = there are none."""
        ...

    def marks_after(self, revision: int) -> list[Mark]:
        """Return the present version of every mark that changed after `revision`."""
        ...

    def marks_over(self, sites: Sequence[str], start: int, end: int) -> list[Mark]:
        """Return the present version of the marks of these sites whose stretch meets [start, end), by stretch."""
        ...

    def marks_followed(self, topic: str, partition: int) -> int:
        """Return up to which revision a partition has judged its windows again."""
        ...

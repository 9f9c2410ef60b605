"""Dead letters and books in the in-memory twin, for reading."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from store.letter_port import Letter, LetterCount, LetterFilter
from store.memory_tables import LetterRow, MemorySlice
from store.port import BookEntry


class MemoryLetters(MemorySlice):
    """`LetterStore` over dicts."""

    def letters(self, wanted: LetterFilter, *, after: int = 0, limit: int = 500) -> list[Letter]:
        """Return the letters with an id above `after`, oldest first."""
        return [letter for letter in self._matching(wanted) if letter.letter_id > after][:limit]

    def latest_letters(self, wanted: LetterFilter, limit: int) -> list[Letter]:
        """Return the last letters, newest first."""
        return self._matching(wanted)[::-1][:limit]

    def letter_counts(self, wanted: LetterFilter) -> list[LetterCount]:
        """Return how many there are, by reason and state."""
        counts = Counter((letter.reason, letter.state) for letter in self._matching(wanted))
        return [LetterCount(reason, state, counts[reason, state]) for reason, state in sorted(counts)]

    def letter_bytes(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the bytes of these letters as they were received."""
        with self.tables.lock:
            return {i: self.tables.dead_letter[i].raw for i in ids if i in self.tables.dead_letter}

    def books(self, day: date) -> list[BookEntry]:
        """Return the books of a China Standard Time day, by device."""
        with self.tables.lock:
            entries = [entry for (_, of), entry in self.tables.book.items() if of == day]
        return sorted(entries, key=lambda entry: entry.device_id)

    def _matching(self, wanted: LetterFilter) -> list[Letter]:
        with self.tables.lock:
            rows = [row for _, row in sorted(self.tables.dead_letter.items())]
        return [_letter(row) for row in rows if _is_wanted(row, wanted)]


def _letter(row: LetterRow) -> Letter:
    return Letter(
        row.letter_id,
        row.topic,
        row.device_id,
        row.site_id,
        row.reason,
        row.detail,
        row.sha256,
        row.received_at,
        row.whole,
        row.state,
        len(row.raw),
    )


def _is_wanted(row: LetterRow, wanted: LetterFilter) -> bool:
    return (
        (wanted.ids is None or row.letter_id in wanted.ids)
        and (wanted.reason is None or row.reason == wanted.reason)
        and (wanted.device_id is None or row.device_id == wanted.device_id)
        and (wanted.since is None or row.received_at >= wanted.since)
        and (wanted.until is None or row.received_at < wanted.until)
        and (wanted.state is None or row.state == wanted.state)
    )

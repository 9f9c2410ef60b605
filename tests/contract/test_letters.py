"""Dead letters and books read alike from PostgreSQL and from the in-memory twin."""

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256

import pytest

from schemas.bundle import Rejected, pack_raw
from schemas.codes import Rejection
from schemas.times import date_us
from schemas.topics import REPORTS
from store.counts import Counts
from store.letter_port import Letter, LetterCount, LetterFilter, LetterStore
from store.letters import PostgresLetters
from store.memory import MemoryStore
from store.port import Advance, BookEntry, WorkBatch, WorkStore
from store.postgres import Database
from store.work import PostgresWorkStore

NOON = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time
DAY = date(2026, 3, 10)
MESSAGES = [b"\x00\xff first", b"second", b"third"]


class Shelf:
    """A store that has been written by a worker and is read through the letters' slice."""

    def __init__(self, work: WorkStore, letters: LetterStore) -> None:
        self.work = work
        self.letters = letters

    def commit(self, batch: WorkBatch) -> None:
        (lease,) = self.work.claim(REPORTS, "log", [0], "test")
        batch.advances = [Advance(lease, lease.next_offset + 1, NOON)]
        self.work.commit_work(batch)

    def keep_three(self) -> None:
        rejected = [
            (0, refused("mn-1", Rejection.MALFORMED, 0)),
            (0, refused("mn-1", Rejection.UNKNOWN_PARAMETER, 1, whole=False)),
            (0, refused("mn-2", Rejection.MALFORMED, 2, at=NOON + 1)),
        ]
        self.commit(WorkBatch([], raws=[(0, 0, pack_raw(MESSAGES))], rejected=rejected))


def refused(device_id: str, reason: Rejection, position: int, *, whole: bool = True, at: int = NOON) -> Rejected:
    digest = sha256(MESSAGES[position]).digest()
    return Rejected(f"ecovigil/v1/1/{device_id}/report", device_id, reason, "why", digest, at, position, whole, "stack")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    """The twin, and PostgreSQL."""
    if request.param == "memory":
        store = MemoryStore()
        yield Shelf(store, store)
        return
    database = Database(request.getfixturevalue("database_url"))
    yield Shelf(PostgresWorkStore(database), PostgresLetters(database))
    database.close()


def devices(letters: list[Letter]) -> list[tuple[str, str]]:
    return [(letter.device_id, letter.reason) for letter in letters]


def test_letters_come_in_order_and_page_by_page(shelf: Shelf) -> None:
    shelf.keep_three()

    first = shelf.letters.letters(LetterFilter(), limit=2)
    rest = shelf.letters.letters(LetterFilter(), after=first[-1].letter_id)

    assert devices(first + rest) == [("mn-1", "malformed"), ("mn-1", "unknown_parameter"), ("mn-2", "malformed")]


def test_a_letter_says_all_that_is_known_of_it(shelf: Shelf) -> None:
    shelf.keep_three()

    letter = shelf.letters.letters(LetterFilter(reason="unknown_parameter"))[0]

    digest = sha256(b"second").digest()
    assert (letter.sha256, letter.received_at, letter.whole, letter.state) == (digest, NOON, False, "kept")
    assert (letter.topic, letter.site_id, letter.detail) == ("ecovigil/v1/1/mn-1/report", "stack", "why")
    assert letter.size == len(b"second")


def test_the_latest_letters_come_newest_first(shelf: Shelf) -> None:
    shelf.keep_three()

    assert devices(shelf.letters.latest_letters(LetterFilter(), 1)) == [("mn-2", "malformed")]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (LetterFilter(device_id="mn-1"), 2),
        (LetterFilter(reason="malformed"), 2),
        (LetterFilter(reason="malformed", device_id="mn-2"), 1),
        (LetterFilter(since=NOON + 1), 1),
        (LetterFilter(until=NOON + 1), 2),
        (LetterFilter(state="replayed"), 0),
        (LetterFilter(ids=()), 0),
    ],
)
def test_a_filter_narrows(shelf: Shelf, wanted: LetterFilter, count: int) -> None:
    shelf.keep_three()

    assert len(shelf.letters.letters(wanted)) == count
    assert sum(c.count for c in shelf.letters.letter_counts(wanted)) == count


def test_letters_are_counted_by_reason_and_state(shelf: Shelf) -> None:
    shelf.keep_three()

    assert shelf.letters.letter_counts(LetterFilter()) == [
        LetterCount("malformed", "kept", 2),
        LetterCount("unknown_parameter", "kept", 1),
    ]


def test_the_bytes_come_back_as_they_were_received(shelf: Shelf) -> None:
    shelf.keep_three()
    ids = [letter.letter_id for letter in shelf.letters.letters(LetterFilter())]

    assert shelf.letters.letter_bytes(ids) == dict(zip(ids, MESSAGES, strict=True))


def test_the_books_of_a_day_are_listed_by_device(shelf: Shelf) -> None:
    other = BookEntry("mn-1", date(2026, 3, 11), received=1, stored=1)
    entries = [
        BookEntry("mn-2", DAY, received=2, stored=1, duplicate=1),
        BookEntry("mn-1", DAY, received=1, rejected=1),
    ]
    shelf.commit(WorkBatch([], books=[*entries, other]))

    assert shelf.letters.books(DAY) == entries[::-1]


def test_counts_of_devices_by_number_are_added_to_their_books(shelf: Shelf) -> None:
    first, second = shelf.work.device_numbers(["mn-1", "mn-2"])
    today, tomorrow = date_us(DAY), date_us(DAY + timedelta(days=1))
    counts = Counts.of(
        device=[second, first, first], day=[today, today, tomorrow], received=[1, 3, 2], stored=[1, 1, 2]
    )

    for _ in range(2):
        shelf.commit(WorkBatch([], counts=counts))

    assert shelf.letters.books(DAY) == [BookEntry("mn-1", DAY, 6, 2, 4, 0), BookEntry("mn-2", DAY, 2, 2, 0, 0)]
    assert shelf.letters.books(DAY + timedelta(days=1)) == [BookEntry("mn-1", DAY + timedelta(days=1), 4, 4, 0, 0)]

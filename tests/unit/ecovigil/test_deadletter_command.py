"""Dead letters as people see them: nothing that came from outside reaches the terminal unescaped."""

import io
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from detectors.transmission import Transmission
from ecovigil.commands.books import book_table, difference
from ecovigil.commands.export import write_file
from ecovigil.commands.letter_tables import (
    FATE_ZH,
    REASON_ZH,
    counts_table,
    letter_text,
    letters_table,
    outcome_lines,
    readable,
)
from ecovigil.day_accounts import DayAccounts, DeviceAccount
from ingest.replay import Fate, Replayed
from schemas.codes import Rejection
from schemas.errors import InvalidConfiguration
from store.letter_port import Letter, LetterCount
from store.port import BookEntry

NOON = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time
DAY = date(2026, 3, 10)


def shown(what: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    with console.capture() as captured:
        console.print(what)
    return captured.get()


def letter(raw: bytes = b"{}", topic: str = "ecovigil/v1/1/mn-1/report", whole: bool = True) -> Letter:
    digest = sha256(raw).digest()
    detail = "readings[0]: [bold]x\x1b[2J"
    return Letter(7, topic, "mn-1", "", Rejection.MALFORMED, detail, digest, NOON, whole, "kept", len(raw))


def test_every_reason_and_every_fate_has_its_word() -> None:
    assert set(REASON_ZH) == set(Rejection)
    assert set(FATE_ZH) == set(Fate)


def test_counts_say_what_can_be_replayed() -> None:
    text = shown(counts_table([LetterCount("malformed", "kept", 2), LetterCount("unknown_device", "kept", 1234)]))

    rows = text.splitlines()
    assert any("格式错误 malformed" in row and "否 no" in row for row in rows)
    assert any("设备未登记 unknown_device" in row and "1,234" in row and "是 yes" in row for row in rows)
    assert any("合计 total" in row and "1,236" in row for row in rows)


@pytest.mark.parametrize("form", [lambda: letters_table([letter()]), lambda: letter_text(letter(), b"\x1b]0;x\x07")])
def test_what_came_from_outside_is_escaped(form: object) -> None:
    assert callable(form)
    text = shown(form())

    assert r"[bold]x\x1b[2J" in text
    assert "\x1b" not in text
    assert "2026-03-10 12:00:00" in text


def test_text_is_shown_as_text_and_bytes_as_hexadecimal() -> None:
    assert list(readable("一\r\n{}".encode())) == ["一\\r", "{}"]
    assert list(readable(b"\xff\x00AB")) == ["00000000  ff 00 41 42                                      ..AB"]


def test_part_of_a_report_is_called_so() -> None:
    assert "部分读数 some readings" in shown(letters_table([letter(whole=False)]))


def test_a_replay_names_what_was_not_sent_and_counts_the_rest() -> None:
    outcomes = [
        Replayed(letter(), Fate.SENT),
        Replayed(letter(), Fate.SENT),
        Replayed(letter(), Fate.REFUSED_AGAIN, "unknown_device: mn-1"),
    ]

    assert list(outcome_lines(outcomes)) == [
        "7: 仍被拒收 refused_again: unknown_device: mn-1",
        "已发送 sent 2; 仍被拒收 refused_again 1",
    ]


def test_a_replay_of_nothing_says_so() -> None:
    assert list(outcome_lines([])) == ["没有符合条件的死信 no letter fits"]


def test_books_that_do_not_balance_are_named() -> None:
    good = BookEntry("mn-1", DAY, received=66, stored=60, rejected=6)
    lost = BookEntry("", DAY, received=5, stored=3, duplicate=1)

    text = shown(book_table(DAY, DayAccounts([DeviceAccount(entry, 0, Transmission()) for entry in (good, lost)], [])))

    rows = text.splitlines()
    assert (difference(good), difference(lost)) == (0, 1)
    assert any("mn-1" in row and "平 balanced" in row for row in rows)
    assert any("none in the topic" in row and "不平 does not balance" in row for row in rows)
    assert any("合计 total" in row and "71" in row for row in rows)


def test_an_export_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> Iterable[str]:
        yield "one\n"
        raise OSError(28, "no space left")

    write_file(["一\n", "two\n"], tmp_path / "final.jsonl")
    assert (tmp_path / "final.jsonl").read_bytes() == "一\ntwo\n".encode()

    with pytest.raises(InvalidConfiguration):
        write_file(broken(), tmp_path / "other.jsonl")
    assert not (tmp_path / "other.jsonl").exists()

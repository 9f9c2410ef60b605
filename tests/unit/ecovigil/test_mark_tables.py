"""What may still be marked is shown with its deadline and the time left."""

from datetime import datetime
from io import StringIO

from rich.console import Console

from ecovigil.commands.mark_tables import due_table, left
from schemas.times import MINUTE_US, local_us
from store.mark_port import Markable


def test_an_hour_of_yesterday_is_due_at_noon() -> None:
    now = local_us(datetime.fromisoformat("2026-03-11T10:55:00"))
    start = local_us(datetime.fromisoformat("2026-03-10T08:00:00"))
    written = StringIO()

    Console(width=250, file=written).print(
        due_table([Markable("crusher", "a34013", start, "exceeded", "", 26.0, 20.0)], now)
    )

    row = written.getvalue()
    for words in (
        "crusher",
        "a34013",
        "2026-03-10 08:00",
        "超标 exceeded",
        "26",
        "20",
        "2026-03-11 12:00",
        "1 h 05 min",
    ):
        assert words in row


def test_no_time_is_left_after_the_deadline() -> None:
    assert left(-5 * MINUTE_US) == "0 h 00 min"

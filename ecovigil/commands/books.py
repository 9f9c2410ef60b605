"""`ecovigil books`: what became of the reports of a day, device by device."""

from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ecovigil.database_access import opened_database
from store.letters import PostgresLetters
from store.port import BookEntry

HEADINGS = ("数采仪 device", "收到 received", "入库 stored", "重复 duplicate", "拒收 rejected", "差额 gap", "")
NO_DEVICE = "（主题中无设备 none in the topic）"


def books(
    day: Annotated[
        datetime,
        typer.Argument(metavar="DATE", formats=["%Y-%m-%d"], help="日期（北京时间）。 Day (China Standard Time)."),
    ],
) -> None:
    """收到 = 入库 + 重复 + 拒收：逐台数采仪核对某日账目。 The books of a day: received = stored + duplicate + rejected.

    Exit code 1 where a device's books do not balance.
    """
    with opened_database() as database:
        entries = PostgresLetters(database).books(day.date())
    Console().print(book_table(day.date(), entries))
    raise typer.Exit(0 if all(difference(entry) == 0 for entry in entries) else 1)


def difference(entry: BookEntry) -> int:
    """Return how many received reports nothing is known of; 0: the books balance."""
    return entry.received - entry.stored - entry.duplicate - entry.rejected


def total(day: date, entries: list[BookEntry]) -> BookEntry:
    """Return the sums of all devices."""
    return BookEntry(
        "合计 total",
        day,
        sum(entry.received for entry in entries),
        sum(entry.stored for entry in entries),
        sum(entry.duplicate for entry in entries),
        sum(entry.rejected for entry in entries),
    )


def book_table(day: date, entries: list[BookEntry]) -> Table:
    """Return the books as a table with a row of totals; what does not balance is said in words and colour."""
    table = Table(title=f"{day} 账目 books", show_footer=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in (HEADINGS[0], "") else "right")
    for entry in entries:
        table.add_row(*_cells(entry))
    table.add_section()
    table.add_row(*_cells(total(day, entries)), style="bold")
    return table


def _cells(entry: BookEntry) -> list[Text]:
    counts = (entry.received, entry.stored, entry.duplicate, entry.rejected, difference(entry))
    balanced = difference(entry) == 0
    verdict = Text("平 balanced", "green") if balanced else Text("不平 does not balance", "bold red")
    return [Text(entry.device_id or NO_DEVICE), *(Text(f"{count:,}") for count in counts), verdict]

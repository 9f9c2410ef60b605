"""`ecovigil books`: what became of the reports of a day, device by device, what was due, and when we ourselves were away."""

from datetime import date, datetime
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ecovigil.clock import MachineClock
from ecovigil.database_access import opened_database
from ecovigil.day_accounts import Archive, DayAccounts, DeviceAccount, accounts_of
from schemas.times import cst_text
from store.account_port import OwnOutage
from store.accounts import PostgresAccounts
from store.letters import PostgresLetters
from store.marks import PostgresMarks
from store.port import BookEntry
from store.registry import RegistryStore

BOOKS = (
    "数采仪 device",
    "收到 received",
    "入库 stored",
    "重复 duplicate",
    "拒收 rejected",
    "差额 gap",
    "迟到 late",
    "",
)
"""In reports."""
SENT = ("数采仪 device", "应传 due", "实传 came", "缺·平台 by us", "缺·设备 by device", "传输率 rate")
"""In periods: one for each report that is due."""
NO_DEVICE = "（主题中无设备 none in the topic）"


def books(
    day: Annotated[
        datetime,
        typer.Argument(metavar="DATE", formats=["%Y-%m-%d"], help="日期（北京时间）。 Day (China Standard Time)."),
    ],
) -> None:
    """逐台数采仪核对某日账目：收到 = 入库 + 重复 + 拒收；应传、缺报及其原因、传输率。 The books of a day: received = stored + duplicate + rejected; what was due, what is missing and whose fault that is.

    Our own outages lower no device's rate. Exit code 1 where a device's books do not balance.
    """
    with opened_database() as database:
        archive = Archive(
            PostgresLetters(database),
            PostgresAccounts(database),
            PostgresMarks(database),
            RegistryStore(database).registry()[1],
        )
        accounts = accounts_of(day.date(), archive, MachineClock().now())
    console = Console()
    console.print(book_table(day.date(), accounts))
    console.print(sent_table(day.date(), accounts))
    for outage in accounts.outages:
        console.print(outage_line(outage), soft_wrap=True)
    raise typer.Exit(0 if all(difference(account.books) == 0 for account in accounts.devices) else 1)


def difference(entry: BookEntry) -> int:
    """Return how many received reports nothing is known of; 0: the books balance."""
    return entry.received - entry.stored - entry.duplicate - entry.rejected


def book_table(day: date, accounts: DayAccounts) -> Table:
    """Return the books as a table with a row of totals; what does not balance is said in words and colour."""
    return _table(f"{day} 账目 books", BOOKS, [*map(_counts, accounts.devices), _counts(accounts.total(day))])


def sent_table(day: date, accounts: DayAccounts) -> Table:
    """Return what was due and what came of it, with a row of totals."""
    owing = [account for account in accounts.devices if account.sent.due]
    return _table(f"{day} 数据传输 transmission", SENT, [*map(_periods, owing), _periods(accounts.total(day))])


def _table(title: str, headings: tuple[str, ...], rows: list[list[Text]]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in (headings[0], "") else "right")
    for row in rows[:-1]:
        table.add_row(*row)
    table.add_section()
    table.add_row(*rows[-1], style="bold")
    return table


def outage_line(outage: OwnOutage) -> str:
    """Return one of our own outages in words."""
    missing = outage.missing or "进程 process"
    return f"平台中断 our own outage: {outage.role} {cst_text(outage.started_at)} – {cst_text(outage.ended_at)} CST ({missing})"


def _counts(account: DeviceAccount) -> list[Text]:
    entry = account.books
    counts = (entry.received, entry.stored, entry.duplicate, entry.rejected, difference(entry), account.late)
    balanced = difference(entry) == 0
    verdict = Text("平 balanced", "green") if balanced else Text("不平 does not balance", "bold red")
    return [Text(entry.device_id or NO_DEVICE), *(Text(f"{count:,}") for count in counts), verdict]


def _periods(account: DeviceAccount) -> list[Text]:
    sent = account.sent
    counts = (sent.due, sent.came, sent.by_us, sent.by_device)
    rate = "–" if sent.rate is None else f"{sent.rate:.2%}"
    return [Text(account.books.device_id), *(Text(f"{count:,}") for count in counts), Text(rate)]

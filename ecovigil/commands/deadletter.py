"""`ecovigil deadletter`: what was refused, why, and a second chance for what was not the device's fault."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ecovigil.commands.letter_tables import counts_table, letter_text, letters_table, outcome_lines
from ecovigil.database_access import opened_database
from ecovigil.log_access import opened_producer
from ecovigil.settings import Settings, load
from ingest.admission import Limits
from ingest.intake import Intake
from ingest.registry_source import StoreRegistry
from ingest.replay import Fate, Replay, Replayed
from schemas.codes import REPLAYABLE, Rejection
from schemas.errors import InvalidConfiguration
from schemas.times import SECOND_US, date_us
from store.letter_port import KEPT, Letter, LetterFilter, LetterStore
from store.letters import PostgresLetters
from store.registry import RegistryStore

app = typer.Typer(help="死信：被拒收的报文。 Dead letters: refused messages.", no_args_is_help=True)

PAGE = 500

Reason = Annotated[Rejection | None, typer.Option(help="拒收原因。 Only this reason.")]
DeviceId = Annotated[str | None, typer.Option("--device", metavar="ID", help="数采仪编号。 Only this device.")]
Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="起始日期（收到时间，北京时间）。 Received on or after this day."),
]
Until = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="截止日期（含）。 Received on or before this day.")
]


@app.command("list")
def list_(
    reason: Reason = None,
    device: DeviceId = None,
    since: Since = None,
    until: Until = None,
    kept: Annotated[bool, typer.Option("--kept", help="只列未重放的。 Only those not replayed yet.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="最多列出多少条。 At most so many, newest first.")
    ] = 50,
) -> None:
    """按原因统计并列出死信，最新在前。 Counts by reason, then the letters, newest first."""
    wanted = _filter(reason, device, since, until, KEPT if kept else None)
    with opened_database() as database:
        store = PostgresLetters(database)
        counts, letters = store.letter_counts(wanted), store.latest_letters(wanted, limit)
    console = Console()
    console.print(counts_table(counts))
    if letters:
        console.print(letters_table(letters))


@app.command()
def show(
    letter_id: Annotated[int, typer.Argument(metavar="ID", min=1)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="把原始字节写入文件。 Write the bytes as received."),
    ] = None,
) -> None:
    """显示一条死信及其原始字节。 One letter with its bytes; what a terminal cannot show is escaped."""
    with opened_database() as database:
        letter, raw = letter_of(PostgresLetters(database), letter_id)
    if output is None:
        Console().print(letter_text(letter, raw))
        return
    try:
        output.write_bytes(raw)
    except OSError as error:
        raise InvalidConfiguration(f"{output}: {error.strerror}") from None


@app.command()
def replay(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID…")] = None,
    reason: Reason = None,
    device: DeviceId = None,
    since: Since = None,
    until: Until = None,
    every: Annotated[bool, typer.Option("--all", help="全部可重放的死信。 Every letter that can be replayed.")] = False,
) -> None:
    """按现行登记重新受理（字节不改）。 Take letters again by the registry of now; their bytes are never edited.

    Only causes that can lie on our side: unknown device, parameter or site, size limit, clock, a defect of ours.
    Exit code 1 where any named letter is not sent.
    """
    if not (ids or reason or device or since or until or every):
        raise InvalidConfiguration("deadletter replay: name letters, narrow with an option, or give --all")
    wanted = _filter(reason, device, since, until, None if ids else KEPT, tuple(ids) if ids else None)
    settings = load()
    with opened_database(settings) as database, opened_producer("ecovigil-replay", settings) as producer:
        intake = Intake(StoreRegistry(RegistryStore(database)), limits_of(settings))
        work = Replay(intake, producer, time.time_ns() // 1000)
        outcomes = replay_all(PostgresLetters(database), wanted, work)
    counts = Counter(outcome.fate for outcome in outcomes)
    for line in outcome_lines(outcomes):
        typer.echo(line)
    raise typer.Exit(0 if counts.total() == counts[Fate.SENT] or not ids else 1)


def replay_all(store: LetterStore, wanted: LetterFilter, work: Replay) -> list[Replayed]:
    """Replay the wanted letters page by page and return what became of each, once Kafka has them; raises Unavailable."""
    outcomes: list[Replayed] = []
    for page in _pages(store, wanted):
        raw = store.letter_bytes([letter.letter_id for letter in page])
        outcomes += work.replay((letter, raw[letter.letter_id]) for letter in page)
        work.finish()
    return outcomes


def letter_of(store: LetterStore, letter_id: int) -> tuple[Letter, bytes]:
    """Return a letter and its bytes; raises InvalidConfiguration where there is none of that number."""
    letters = store.letters(LetterFilter(ids=(letter_id,)))
    if not letters:
        raise InvalidConfiguration(f"deadletter: there is no letter {letter_id}")
    return letters[0], store.letter_bytes([letter_id])[letter_id]


def limits_of(settings: Settings) -> Limits:
    """Return what a message may be, by the settings."""
    return Limits(settings.bridge.max_report_bytes, settings.bridge.future_tolerance_s * SECOND_US)


def _pages(store: LetterStore, wanted: LetterFilter) -> Iterator[list[Letter]]:
    after, narrowed = 0, wanted.ids is not None or wanted.reason is not None
    while page := store.letters(wanted, after=after, limit=PAGE):
        yield [letter for letter in page if narrowed or letter.reason in REPLAYABLE]
        after = page[-1].letter_id


def _filter(
    reason: Rejection | None,
    device: str | None,
    since: datetime | None,
    until: datetime | None,
    state: str | None,
    ids: tuple[int, ...] | None = None,
) -> LetterFilter:
    return LetterFilter(
        ids,
        reason.value if reason else None,
        device,
        date_us(since.date()) if since else None,
        date_us((until + timedelta(days=1)).date()) if until else None,
        state,
    )

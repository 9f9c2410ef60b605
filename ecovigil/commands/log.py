"""`ecovigil log`: partitions that stand still because the log has lost what was to be read next, and letting them go on."""

import getpass
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bus.kafka_topics import high_water, low_water, topic_identity
from detectors.draft import Draft
from detectors.findings import log_gap
from ecovigil.database_access import opened_database
from ecovigil.log_access import kafka_address
from ecovigil.settings import load
from schemas.codes import FindingStatus
from schemas.errors import InvalidConfiguration
from schemas.topics import REPORTS
from store.port import Advance, Lease
from store.work import PostgresWorkStore

app = typer.Typer(help="消息日志：缺失、继续。 The log: gaps, and going on.", no_args_is_help=True)

By = Annotated[str | None, typer.Option("--by", help="经办人，缺省为当前用户。 Who; default: the user's name.")]


@dataclass(frozen=True)
class Position:
    """Where reading is in a partition, and what the log has."""

    lease: Lease
    earliest: int
    end: int
    log_id: str

    @property
    def is_gap(self) -> bool:
        """Whether reading cannot go on: the log begins later, or ends before."""
        return self.log_id == self.lease.log_id and not self.earliest <= self.lease.next_offset <= self.end


@app.command("gaps")
def gaps() -> None:
    """列出各分区的读取位置；有缺失时退出码为 1。 Where reading is in each partition of the reports; exit code 1 where there is a gap."""
    with opened_database() as database:
        found = [position(lease) for lease in PostgresWorkStore(database).leases(REPORTS, _partitions())]
    Console().print(_table(found))
    raise typer.Exit(1 if any(place.is_gap for place in found) else 0)


@app.command("resume")
def resume(
    partition: Annotated[int, typer.Argument(min=0, help="分区号。 Number of the partition.")], by: By = None
) -> None:
    """让停下的分区从日志现存的第一条继续；缺失的报文须由设备重发。 Let a partition go on at the first record that is still there.

    What was lost must be sent again by the devices; what is read twice is harmless. Exit code 2 where nothing stands still.
    """
    with opened_database() as database:
        store = PostgresWorkStore(database)
        place = next(iter(position(lease) for lease in store.leases(REPORTS, [partition])), None)
        if place is None or not place.is_gap:
            raise InvalidConfiguration(f"{REPORTS}/{partition}: no gap; nothing to resume")
        finding = log_gap(place.lease, place.earliest, FindingStatus.ENDED, by or getpass.getuser())
        advance = Advance(place.lease, place.earliest, place.lease.tick_at)
        store.commit_work(Draft(findings=[finding]).batch([advance]))
    lost = finding.detail["records"]
    print(
        f"{REPORTS}/{partition}: 从 {place.earliest} 继续，缺失 {lost} 条 goes on at {place.earliest}, {lost} records are missing"
    )


def position(lease: Lease) -> Position:
    """Return where a partition is and what its log has; raises Unavailable."""
    kafka = kafka_address(load().kafka)
    place = (kafka, lease.topic, lease.partition)
    return Position(lease, low_water(*place), high_water(*place), topic_identity(kafka, lease.topic))


def _partitions() -> list[int]:
    return list(range(load().kafka.report_partitions))


def _table(found: list[Position]) -> Table:
    table = Table(title=f"{REPORTS} 分区 partitions")
    for heading in ("分区 partition", "读到 read to", "日志 log", ""):
        table.add_column(heading, justify="right" if heading else "left")
    for place in found:
        state = "[bold red]停止 stands still[/]" if place.is_gap else "[green]正常 in order[/]"
        table.add_row(
            str(place.lease.partition), f"{place.lease.next_offset:,}", f"{place.earliest:,}–{place.end:,}", state
        )
    return table

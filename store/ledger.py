"""The ledger of our own losses in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from schemas.times import from_us, to_us
from schemas.topics import REPORTS
from store.ledger_port import OwnLoss
from store.ledger_rows import write_loss
from store.port import FindingRow, OutboxEvent
from store.postgres import Database
from store.sql import queries
from store.work_commit import write_findings, write_outbox

SQL = queries("ledger")


class PostgresLedger:
    """`LedgerStore` over one Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note_acknowledged(self, bridge: str, run: int, by_hour: Mapping[int, int], noted_at: int) -> None:
        """Keep how many messages of each hour a run of a bridge has acknowledged so far."""
        hours = sorted(by_hour)
        counts = {"hour": [from_us(hour) for hour in hours], "messages": [by_hour[hour] for hour in hours]}
        with self._database.transaction() as cursor:
            cursor.execute(SQL["acknowledged"], counts | {"bridge": bridge, "run": run, "noted_at": from_us(noted_at)})

    def audit(self, margin_us: int) -> None:
        """Keep as a loss each hour of which less is booked than was acknowledged."""
        with self._database.transaction() as cursor:
            cursor.execute(SQL["audit"], {"topic": REPORTS, "margin": timedelta(microseconds=margin_us)})

    def keep_loss(self, loss: OwnLoss) -> None:
        """Keep a loss, once."""
        with self._database.transaction() as cursor:
            write_loss(cursor, loss)

    def untold_losses(self) -> list[OwnLoss]:
        """Return the losses of which no finding was written, oldest first."""
        with self._database.read() as cursor:
            rows = cursor.execute(SQL["untold"]).fetchall()
        return [OwnLoss(cause, subject, to_us(noted_at), messages) for cause, subject, noted_at, messages in rows]

    def tell_loss(self, loss: OwnLoss, findings: Sequence[FindingRow], events: Sequence[OutboxEvent]) -> None:
        """Write what is to be told of a loss, unless it was told already."""
        with self._database.transaction() as cursor:
            if cursor.execute(SQL["tell"], {"cause": loss.cause, "subject": loss.subject}).fetchone() is not None:
                write_findings(cursor, findings)
                write_outbox(cursor, events)

"""The slices that the alerts role, and those who test it, use on one connection."""

from store.alerts import PostgresAlerts
from store.ledger import PostgresLedger
from store.ledger_port import OwnLoss
from store.memory import MemoryStore
from store.postgres import Database
from store.work import PostgresWorkStore


class Postgres(PostgresAlerts, PostgresWorkStore):
    """In PostgreSQL."""

    def __init__(self, database: Database) -> None:
        PostgresWorkStore.__init__(self, database)

    def untold_losses(self) -> list[OwnLoss]:
        """Return what the ledger keeps."""
        return PostgresLedger(self.database).untold_losses()


Store = MemoryStore | Postgres

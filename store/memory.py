"""The in-memory twin of the store: one object that serves every role, assembled from slices."""

from store.memory_accounts import MemoryAccounts
from store.memory_alerts import MemoryAlerts
from store.memory_city import MemoryCity
from store.memory_export import MemoryExport
from store.memory_ledger import MemoryLedger
from store.memory_letters import MemoryLetters
from store.memory_marks import MemoryMarks
from store.memory_tables import MemoryTables
from store.memory_work import MemoryWork
from store.registry_reader import Revisions

__all__ = ["MemoryStore", "MemoryTables"]


class MemoryStore(
    MemoryExport,
    MemoryAccounts,
    MemoryLedger,
    MemoryLetters,
    MemoryMarks,
    MemoryAlerts,
    MemoryCity,
    MemoryWork,
):
    """All slices over the same tables; the contract tests hold it to what PostgreSQL does."""

    def revisions(self) -> Revisions:
        """Return how far marks and registry go; no commit is ever under way."""
        return Revisions(self.mark_revision(), self.registry_version())

"""What waits in the database for the relay and the notifier: figures for the metrics, nothing that anybody decides by."""

from typing import NamedTuple

from store.postgres import Database
from store.sql import queries

SQL = queries("backlog")


class OutboxBacklog(NamedTuple):
    """What waits for the relay."""

    events: int
    """At most 100,000."""
    age_s: float
    """How long the oldest has been there; 0 where none is."""


class NotificationBacklog(NamedTuple):
    """What waits for the notifier."""

    pending: int
    failed: int
    """Given up."""
    overdue_s: float
    """For how long the oldest has been due; 0 where none is."""


def outbox_backlog(database: Database) -> OutboxBacklog:
    """Return what waits for the relay; raises Unavailable."""
    with database.read() as cursor:
        row = cursor.execute(SQL["outbox"]).fetchone()
    return OutboxBacklog(*row) if row else OutboxBacklog(0, 0.0)


def notification_backlog(database: Database) -> NotificationBacklog:
    """Return what waits for the notifier; raises Unavailable."""
    with database.read() as cursor:
        row = cursor.execute(SQL["notifications"]).fetchone()
    return NotificationBacklog(*row) if row else NotificationBacklog(0, 0, 0.0)

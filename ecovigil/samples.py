"""Figures that are looked at from time to time, and the gauges that show them."""

from detectors.held import Held
from ecovigil.meters import OutboxMeters, TellingMeters, WorkMeters
from store.backlog import NotificationBacklog, OutboxBacklog


def show_held(held: Held, meters: WorkMeters) -> None:
    """Show what a worker holds in memory."""
    meters.open_readings.set(held.readings)
    meters.open_windows.set(held.windows)
    meters.pending.set(held.pending)
    meters.tick.clear()
    for partition, tick_at in held.ticks.items():
        meters.tick.labels(str(partition)).set(tick_at / 1e6)


def show_backlog(backlog: OutboxBacklog, meters: OutboxMeters) -> None:
    """Show what waits for the relay."""
    meters.depth.set(backlog.events)
    meters.age.set(backlog.age_s)


def show_telling(backlog: NotificationBacklog, meters: TellingMeters) -> None:
    """Show what waits for the notifier, and what it gave up."""
    meters.waiting.labels("pending").set(backlog.pending)
    meters.waiting.labels("failed").set(backlog.failed)
    meters.overdue.set(backlog.overdue_s)

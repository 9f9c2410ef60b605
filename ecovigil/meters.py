"""What is counted of a role: one set of Prometheus instruments for each process."""

from collections.abc import Callable
from functools import cached_property, partial
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.process_collector import ProcessCollector

from ecovigil.health import Health
from store.ledger_port import LedgerStore

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the latency histograms, s."""


class Meters:
    """Instruments of one role, with its health. They cost a few additions a batch, whether or not a port is open."""

    def __init__(self, role: str, health: Health | None = None) -> None:
        self.role = role
        self.health = health or Health()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        about = Info("ecovigil_role", "Which role this process runs.", registry=self.registry)
        about.info({"role": role, "version": version("ecovigil")})
        seconds = partial(Histogram, buckets=SECONDS, registry=self.registry)
        self.step = seconds("ecovigil_step_seconds", "A step that had something to do, without its waiting for it.")
        self.steps = Counter("ecovigil_steps", "Steps by outcome.", ["outcome"], registry=self.registry)
        for outcome in ("busy", "idle", "unavailable"):
            self.steps.labels(outcome)
        self.commit = seconds("ecovigil_commit_seconds", "A database transaction, from its begin to its commit.")
        self.notes: list[Callable[[LedgerStore], None]] = []
        """What the role notes in the ledger of our own losses every few seconds, beside its loop."""
        self.waited_s = 0.0
        """Time that adapters have spent waiting for something to come."""

    @cached_property
    def log(self) -> "LogMeters":
        """Instruments of what reads or writes the log."""
        return LogMeters(self.registry)

    @cached_property
    def work(self) -> "WorkMeters":
        """Instruments of a worker."""
        return WorkMeters(self.registry)

    @cached_property
    def outbox(self) -> "OutboxMeters":
        """Instruments of the relay."""
        return OutboxMeters(self.registry)

    @cached_property
    def telling(self) -> "TellingMeters":
        """Instruments of the notifier."""
        return TellingMeters(self.registry)


class LogMeters:
    """Records read and sent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        place = ["topic", "partition"]
        self.read = counter("ecovigil_records_read", "Log records taken from Kafka.", place)
        self.lag = gauge("ecovigil_lag_records", "Records of the log that were not taken yet.", place)
        self.assigned = gauge("ecovigil_partitions_assigned", "Partitions that are this process's.", ["topic"])
        self.sent = counter("ecovigil_records_sent", "Log records that Kafka has acknowledged.", ["topic"])
        self.unsent = counter("ecovigil_records_unsent", "Log records that Kafka did not take.", ["topic"])
        self.send = Histogram(
            "ecovigil_send_seconds",
            "From sending a record to Kafka's answer.",
            ["topic"],
            buckets=SECONDS,
            registry=registry,
        )


class WorkMeters:
    """What a worker has written, and what it holds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        self.reports = counter("ecovigil_reports", "Reports worked off: stored, duplicate, rejected.", ["outcome"])
        self.readings = counter("ecovigil_readings", "Readings written: stored, superseding, superseded.", ["outcome"])
        self.letters = counter("ecovigil_dead_letters", "Messages and readings kept as dead letters.", ["reason"])
        self.means = counter("ecovigil_means", "Means closed or judged again.")
        self.findings = counter("ecovigil_findings", "Findings told.", ["kind"])
        self.open_readings = gauge("ecovigil_open_readings", "Readings in memory whose hour is not closed.")
        self.open_windows = gauge("ecovigil_open_windows", "Hours of series that are not closed.")
        self.pending = gauge("ecovigil_rejudge_pending", "Closed hours that are to be judged again.")
        self.tick = gauge("ecovigil_tick_timestamp_seconds", "Last tick that was worked off, Unix time.", ["partition"])


class OutboxMeters:
    """What waits for the relay."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.depth = Gauge("ecovigil_outbox_events", "Events in the outbox; counted up to 100,000.", registry=registry)
        self.age = Gauge("ecovigil_outbox_age_seconds", "How long the oldest has been there.", registry=registry)


class TellingMeters:
    """What waits for the notifier, and how deliveries ended."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.waiting = Gauge("ecovigil_notifications", "Notifications by state.", ["state"], registry=registry)
        self.overdue = Gauge(
            "ecovigil_notification_overdue_seconds",
            "By how long the oldest that is due has been due.",
            registry=registry,
        )
        self.attempts = Counter(
            "ecovigil_notification_attempts",
            "Deliveries: delivered, retry, refused.",
            ["channel", "outcome"],
            registry=registry,
        )
        self.seconds = Histogram(
            "ecovigil_delivery_seconds", "One delivery.", ["channel"], buckets=SECONDS, registry=registry
        )

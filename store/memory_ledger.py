"""The ledger of our own losses in the in-memory twin."""

from collections import Counter
from collections.abc import Mapping, Sequence

from schemas.times import cst_text
from schemas.topics import REPORTS
from store.ledger_port import NOT_BOOKED, OwnLoss
from store.memory_tables import MemorySlice
from store.port import FindingRow, OutboxEvent


class MemoryLedger(MemorySlice):
    """`LedgerStore` over dicts."""

    def note_acknowledged(self, bridge: str, run: int, by_hour: Mapping[int, int], noted_at: int) -> None:
        """Keep how many messages of each hour a run of a bridge has acknowledged so far."""
        with self.tables.lock:
            for hour, messages in by_hour.items():
                before = self.tables.intake_acknowledged.get((bridge, run, hour))
                if before is None or before[0] != messages:
                    self.tables.intake_acknowledged[bridge, run, hour] = (messages, noted_at)

    def audit(self, margin_us: int) -> None:
        """Keep as a loss each hour of which less is booked than was acknowledged."""
        with self.tables.lock:
            ticks = [row.tick_at for (topic, _), row in self.tables.log_partition.items() if topic == REPORTS]
            given, noted, booked = self._sums()
            for (bridge, hour), messages in given.items():
                missing, at = messages - booked[bridge, hour], noted[bridge, hour]
                if missing > 0 and ticks and at < min(ticks) - margin_us:
                    subject = f"{bridge} {cst_text(hour).replace(' ', 'T')}"
                    self.keep_loss(OwnLoss(NOT_BOOKED, subject, at, missing))

    def keep_loss(self, loss: OwnLoss) -> None:
        """Keep a loss, once."""
        with self.tables.lock:
            self.tables.own_loss.setdefault((loss.cause, loss.subject), loss)

    def untold_losses(self) -> list[OwnLoss]:
        """Return the losses of which no finding was written, oldest first."""
        with self.tables.lock:
            found = [loss for key, loss in self.tables.own_loss.items() if key not in self.tables.loss_told]
        return sorted(found, key=lambda loss: (loss.noted_at, loss.cause, loss.subject))

    def tell_loss(self, loss: OwnLoss, findings: Sequence[FindingRow], events: Sequence[OutboxEvent]) -> None:
        """Write what is to be told of a loss, unless it was told already."""
        with self.tables.lock:
            if (loss.cause, loss.subject) in self.tables.loss_told:
                return
            self.tables.loss_told.add((loss.cause, loss.subject))
            for finding in findings:
                self.tables.finding[finding.finding_id] = finding
            for event in events:
                self.tables.send(event)

    def _sums(self) -> tuple[Counter[tuple[str, int]], dict[tuple[str, int], int], Counter[tuple[str, int]]]:
        """Return what was acknowledged, when that was noted last, and what is booked, by (bridge, hour)."""
        given: Counter[tuple[str, int]] = Counter()
        noted: dict[tuple[str, int], int] = {}
        for (bridge, _, hour), (messages, at) in self.tables.intake_acknowledged.items():
            given[bridge, hour] += messages
            noted[bridge, hour] = max(at, noted.get((bridge, hour), at))
        booked: Counter[tuple[str, int]] = Counter()
        for (bridge, _, hour), messages in self.tables.intake_booked.items():
            booked[bridge, hour] += messages
        return given, noted, booked

"""What came out of a drill, held against an undisturbed run: what is lost, what is doubled, how long the recovery took."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from store.export import PostgresExport
from store.final_port import final_lines
from store.port import BookEntry
from tests.drills.chain import RealChain


@dataclass
class Outcome:
    """Everything that can be seen from outside after a run."""

    final: list[str]
    """Lines of `export final`."""
    books: list[BookEntry]
    keys: dict[UUID, str]
    """State of each notification by the key under which it must be delivered."""
    deliveries: list[tuple[UUID, dict[str, Any]]]
    complaints: list[str]


@dataclass
class Row:
    """One line of the table."""

    fault: str
    lost: int = 0
    doubled: int = 0
    recovery_s: float | None = None
    took_s: float = 0.0
    """The whole drill."""
    notes: list[str] = field(default_factory=list)
    """What a person should know; nothing that is wrong."""
    wrong: list[str] = field(default_factory=list)
    """What must not be, the first of it."""

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, doubled or otherwise wrong."""
        return not (self.lost or self.doubled or self.wrong)


def outcome_of(chain: RealChain, deliveries: Sequence[tuple[UUID, dict[str, Any]]]) -> Outcome:
    """Return what is there now, after everything has settled."""
    final = list(final_lines(PostgresExport(chain.database).final_rows()))
    return Outcome(final, chain.books(), chain.keys(), list(deliveries), chain.complaints())


def compared(fault: str, undisturbed: Outcome, found: Outcome, alarm: str = "") -> Row:
    """Return the line of one drill; roles must have said `alarm`, and nothing else."""
    row = Row(fault)
    _hold_finals(row, Counter(undisturbed.final), Counter(found.final))
    _hold_books(row, undisturbed.books, found.books)
    _hold_notifications(row, found)
    alarms = [line for line in found.complaints if alarm and alarm in line]
    row.wrong += [f"complaint: {line}" for line in found.complaints if line not in alarms][:3]
    row.wrong += ["nobody gave the alarm"] if alarm and not alarms else []
    repeats = len(found.deliveries) - len({key for key, _ in found.deliveries})
    row.notes += [f"{repeats} deliveries repeated under their key"] if repeats else []
    return row


def _hold_finals(row: Row, expected: Counter[str], found: Counter[str]) -> None:
    missing, extra = expected - found, found - expected
    row.lost += missing.total()
    row.doubled += extra.total()
    row.wrong += [f"missing: {line.strip()}" for line in list(missing)[:3]]
    row.wrong += [f"not expected: {line.strip()}" for line in list(extra)[:3]]


def _hold_books(row: Row, expected: list[BookEntry], found: list[BookEntry]) -> None:
    gaps = [entry for entry in found if entry.received != entry.stored + entry.duplicate + entry.rejected]
    row.wrong += [f"does not balance: {entry}" for entry in gaps[:3]]
    difference = sum(entry.stored for entry in found) - sum(entry.stored for entry in expected)
    row.lost += max(0, -difference)
    row.doubled += max(0, difference)
    again = sum(entry.duplicate for entry in found)
    row.notes += [f"{again} reports came again"] if again else []


def _hold_notifications(row: Row, found: Outcome) -> None:
    told = {key for key, _ in found.deliveries}
    steps: dict[tuple[Any, ...], set[str]] = {}
    for key, body in found.deliveries:
        place = (body["alert_id"], body["step"], body["recipient"])
        steps.setdefault(place, set()).add(f"{key} {body['reason']} {body['grade']}")
    untold, twice = set(found.keys) - told, [place for place, tellings in steps.items() if len(tellings) > 1]
    row.lost += len(untold)
    row.doubled += len(twice) + len(told - set(found.keys))
    row.wrong += [f"nobody was told under {key}" for key in list(untold)[:3]]
    row.wrong += [f"told under two keys: {place}" for place in twice[:3]]
    row.wrong += [f"{key} is {state}" for key, state in found.keys.items() if state != "delivered"][:3]


def printed(rows: Sequence[Row], console: Console) -> None:
    """Print the table, and under it what is wrong."""
    table = Table(title="故障演练 fault drills")
    for column in ("故障 fault", "丢失 lost", "重复 doubled", "恢复 recovery s", "备注 notes"):
        table.add_column(column, justify="left" if column.startswith(("故", "备")) else "right")
    for row in rows:
        took = "" if row.recovery_s is None else f"{row.recovery_s:.1f}"
        name = row.fault if row.is_good else f"[red]{row.fault}[/red]"
        table.add_row(name, str(row.lost), str(row.doubled), took, "; ".join(row.notes))
    console.print(table)
    for row in rows:
        for line in row.wrong:
            console.print(f"{row.fault}: {line}", markup=False, soft_wrap=True)


def written(rows: Sequence[Row], path: Path) -> None:
    """Write the table as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

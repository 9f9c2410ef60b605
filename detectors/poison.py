"""Poison: a report that makes a worker fail is found by trying each alone; it becomes a dead letter, the others are stored."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bus.port import LogRecord
from detectors.draft import Draft
from detectors.partition import Partition
from schemas.bundle import Bundle, Rejected
from schemas.codes import Rejection
from schemas.errors import EcoVigilError

log = logging.getLogger(__name__)


class Sieve:
    """Remembers which records were in a batch that failed."""

    def __init__(self) -> None:
        self._suspects: set[tuple[int, int]] = set()

    def suspect(self, records: Sequence[LogRecord]) -> bool:
        """Note the records of a failed batch; False where all were suspects already: then it is not a report that fails."""
        found = {(record.partition, record.offset) for record in records}
        new = not found <= self._suspects
        self._suspects |= found
        return new

    def is_suspect(self, record: LogRecord) -> bool:
        """Whether the record was in a batch that failed."""
        return (record.partition, record.offset) in self._suspects

    def clean(self, bundle: Bundle, trial: Partition) -> Bundle:
        """Return the bundle with its poisonous reports turned into rejections; `trial` is a copy to be thrown away."""
        bad = {row: why for row in range(len(bundle)) if (why := _failure(only(bundle, np.array([row])), trial))}
        if not bad:
            return bundle
        log.error(
            "reports that cannot be worked off become dead letters",
            extra={"reports": len(bad), "bridge": bundle.bridge},
        )
        rows = np.array([row for row in range(len(bundle)) if row not in bad], dtype=np.int64)
        return replace(
            only(bundle, rows), rejected=[*bundle.rejected, *(_rejection(bundle, row, why) for row, why in bad.items())]
        )


def _failure(bundle: Bundle, trial: Partition) -> str:
    draft = Draft(raws=[(0, 0, b"")])
    try:
        trial.take([replace(bundle, rejected=[], received={})], draft)
    except EcoVigilError:
        raise
    except Exception as error:
        # the boundary again: whatever it is, it is this report's
        return f"{type(error).__name__}: {error}"
    return ""


def only(bundle: Bundle, rows: NDArray[np.int64]) -> Bundle:
    """Return the bundle with these reports and their readings alone."""
    new_row = np.full(len(bundle), -1, dtype=np.int32)
    new_row[rows] = np.arange(len(rows), dtype=np.int32)
    keep = new_row[bundle.reading_report] >= 0
    reports = {name: getattr(bundle, name)[rows] for name in vars(bundle) if name.startswith("report_")}
    readings = {name: getattr(bundle, name)[keep] for name in vars(bundle) if name.startswith("reading_")}
    readings["reading_report"] = new_row[readings["reading_report"]]
    return replace(bundle, **reports, **readings)


def _rejection(bundle: Bundle, row: int, why: str) -> Rejected:
    device_id = bundle.devices[int(bundle.report_device[row])]
    return Rejected(
        topic="",
        device_id=device_id,
        reason=Rejection.INTERNAL_ERROR,
        detail=why,
        sha256=bundle.report_sha256[row].tobytes(),
        received_at=int(bundle.report_received_at[row]),
        position=int(bundle.report_position[row]),
        whole=True,
        letter_id=int(bundle.report_letter[row]),
    )

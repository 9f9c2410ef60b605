"""Columns for the tests of the worker's store, in a line each."""

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.bundle import pack_raw
from schemas.columns import Means, Readings, Reports
from schemas.times import date_us
from store.port import (
    Advance,
    Lease,
    Verdicts,
    WorkBatch,
    WorkStore,
)

DAY = date(2014, 2, 21)
T = date_us(DAY)
NAN = float("nan")


def digest(number: int) -> bytes:
    return number.to_bytes(8, "big") + bytes(24)


def reports(*rows: tuple[int, int]) -> Reports:
    """Return minute reports of device 1 from (observed_at, number of the digest)."""
    return Reports.of(
        device=[1] * len(rows),
        observed_at=[at for at, _ in rows],
        kind=[1] * len(rows),
        sha256=np.array([digest(n) for _, n in rows], "V32"),
        sent_at=[at + 60 for at, _ in rows],
        received_at=[at + 65 for at, _ in rows],
        bundle=[0] * len(rows),
        position=list(range(len(rows))),
    )


def readings(*rows: tuple[int, int, float], sent_at: int = 0, sha8: int = 0) -> Readings:
    """Return minute readings from (series, observed_at, value)."""
    series, at, value = zip(*rows, strict=True)
    n = len(rows)
    return Readings.of(
        series=series, kind=[1] * n, observed_at=at, value=value, flag=[78] * n, sent_at=[sent_at] * n, sha8=[sha8] * n
    )


def means(*rows: tuple[int, int, float], period: int = 0) -> Means:
    """Return valid means from (series, start, value)."""
    series, start, value = zip(*rows, strict=True)
    n = len(rows)
    return Means.of(
        series=series,
        period=[period] * n,
        start=start,
        value=value,
        samples=[60] * n,
        kind=[1] * n,
        valid=[True] * n,
        reason=[""] * n,
        converted=value,
        mass_kg=[NAN] * n,
    )


def verdicts(*rows: tuple[int, int, str], period: int = 0) -> Verdicts:
    """Return verdicts from (series, start, outcome) against a limit of 35."""
    series, start, outcome = zip(*rows, strict=True)
    n = len(rows)
    over = [0.2 if word == "exceeded" else NAN for word in outcome]
    fixed: dict[str, Any] = {"limit_min": [NAN] * n, "limit_max": [35.0] * n, "value": [42.0] * n, "times_over": over}
    words = {"reason": [""] * n, "rule": ["rule"] * n, "binding": ["binding"] * n, "basis": ["measured"] * n}
    return Verdicts.of(series=series, period=[period] * n, start=start, outcome=outcome, **fixed, **words)


def advance(lease: Lease, by: int = 1) -> list[Advance]:
    return [Advance(lease, lease.next_offset + by, T)]


def store_readings(store: WorkStore, lease: Lease, *rows: tuple[int, int, float], number: int = 1) -> None:
    """Commit one report that holds these readings."""
    batch = WorkBatch(advance(lease), raws=[(0, number, pack_raw([b"{}"]))], reports=reports((T, number)))
    batch.readings = readings(*rows)
    batch.reading_report = np.zeros(len(rows), np.int32)
    store.commit_work(batch)


def columns_of(found: Any, *names: str) -> list[Any]:
    return [getattr(found, name).tolist() for name in names]


def ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def series_of(*values: int) -> NDArray[np.int32]:
    return np.array(values, np.int32)

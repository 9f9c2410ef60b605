"""A stretch of the log between two ticks, as columns with surrogate numbers; and what in it is new."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.directory import Directory
from schemas.bundle import Bundle
from schemas.columns import Readings, Reports


@dataclass(frozen=True)
class Segment:
    """All reports of some bundles of one partition, in log order."""

    reports: Reports
    letter: NDArray[np.int64]
    """Dead letter that a report replays, 0 = none."""
    readings: Readings
    reading_report: NDArray[np.int32]
    """Row of `reports`."""
    reading_device: NDArray[np.int32]


def columns_of(bundles: Sequence[Bundle], directory: Directory, first_raw: int) -> Segment:
    """Return the columns of bundles whose blobs stand in the batch from `first_raw` on."""
    parts = [_of_one(bundle, directory, first_raw + i) for i, bundle in enumerate(bundles)]
    base = np.cumsum([0, *(len(p.reports) for p in parts[:-1])]).astype(np.int32)
    return Segment(
        Reports.concat([p.reports for p in parts]),
        np.concatenate([p.letter for p in parts]),
        Readings.concat([p.readings for p in parts]),
        np.concatenate([p.reading_report + b for p, b in zip(parts, base, strict=True)]),
        np.concatenate([p.reading_device for p in parts]),
    )


def sha_words(sha256: NDArray[np.void]) -> NDArray[np.uint64]:
    """Return SHA-256 column as (n, 4) big-endian words in native order."""
    return np.ascontiguousarray(sha256).view(">u8").reshape(-1, 4).astype(np.uint64)


def _of_one(bundle: Bundle, directory: Directory, raw: int) -> Segment:
    n = len(bundle)
    device = directory.devices(bundle.devices)[bundle.report_device] if n else np.empty(0, np.int32)
    series = directory.channels(bundle.channels)
    reports = Reports(
        device, bundle.report_observed_at, bundle.report_kind, bundle.report_sha256, bundle.report_sent_at,
        bundle.report_received_at, np.full(n, raw, np.int32), bundle.report_position,
    )  # fmt: skip
    of = bundle.reading_report
    readings = Readings(
        series[bundle.reading_channel] if len(of) else np.empty(0, np.int32),
        bundle.report_kind[of], bundle.report_observed_at[of], bundle.reading_value, bundle.reading_flag,
        bundle.report_sent_at[of], sha_words(bundle.report_sha256)[:, 0][of],
    )  # fmt: skip
    return Segment(reports, bundle.report_letter, readings, of, device[of])


def first_of_each(reports: Reports) -> NDArray[np.bool_]:
    """Return which reports are the first with their (device, observed_at, kind, SHA-256)."""
    words = sha_words(reports.sha256)
    order = np.lexsort((words[:, 0], reports.kind, reports.observed_at, reports.device))
    keys = np.column_stack(
        (
            reports.device[order].astype(np.uint64),
            reports.observed_at[order].view(np.uint64),
            reports.kind[order].astype(np.uint64),
            words[order],
        )
    )
    first = np.ones(len(order), dtype=bool)
    first[order[1:]] = (keys[1:] != keys[:-1]).any(axis=1)
    return first


def repeats_a_key(readings: Readings) -> NDArray[np.bool_]:
    """Return which readings share their (series, kind, observed_at) with another one of the same columns."""
    order = np.lexsort((readings.observed_at, readings.kind, readings.series))
    rows = readings.take(order)
    same = (
        (rows.series[1:] == rows.series[:-1])
        & (rows.kind[1:] == rows.kind[:-1])
        & (rows.observed_at[1:] == rows.observed_at[:-1])
    )
    found = np.zeros(len(order), dtype=bool)
    found[order[1:]] |= same
    found[order[:-1]] |= same
    return found

"""A stretch of the log between two ticks, as columns with surrogate numbers; and what in it is new."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.directory import Directory
from detectors.means import composite_key
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
    sizes = [len(bundle) for bundle in bundles]
    device = np.concatenate([_named(directory.devices(b.devices), b.report_device) for b in bundles])
    series = np.concatenate([_series_of(b, directory) for b in bundles])
    raw = np.repeat(np.arange(first_raw, first_raw + len(bundles), dtype=np.int32), sizes)
    column = {name: _joined(bundles, f"report_{name}") for name in _OF_REPORTS}
    reports = Reports(device=device, bundle=raw, **column)
    base = np.cumsum([0, *sizes[:-1]]).tolist()
    of = np.concatenate([b.reading_report + np.int32(first) for b, first in zip(bundles, base, strict=True)])
    readings = Readings(
        series, reports.kind[of], reports.observed_at[of], _joined(bundles, "reading_value"),
        _joined(bundles, "reading_flag"), reports.sent_at[of], _first_word(reports.sha256)[of],
    )  # fmt: skip
    return Segment(reports, _joined(bundles, "report_letter"), readings, of, device[of])


_OF_REPORTS: Final = ("observed_at", "kind", "sha256", "sent_at", "received_at", "position")


def _joined(bundles: Sequence[Bundle], name: str) -> NDArray[Any]:
    return np.concatenate([getattr(bundle, name) for bundle in bundles])


def _named(numbers: NDArray[np.int32], place: NDArray[np.int32]) -> NDArray[np.int32]:
    return numbers[place] if len(place) else np.empty(0, np.int32)


def _series_of(bundle: Bundle, directory: Directory) -> NDArray[np.int32]:
    site = bundle.report_site[bundle.reading_report]
    return directory.series_of_readings(bundle.sites, bundle.parameters, site, bundle.reading_parameter)


def _first_word(sha256: NDArray[np.void]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(sha256).view(">u8").reshape(-1, 4)[:, 0].astype(np.uint64)


def sha_words(sha256: NDArray[np.void]) -> NDArray[np.uint64]:
    """Return SHA-256 column as (n, 4) big-endian words in native order."""
    return np.ascontiguousarray(sha256).view(">u8").reshape(-1, 4).astype(np.uint64)


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
    found = np.zeros(len(readings), dtype=bool)
    key = composite_key(readings)
    ordered = np.sort(key)
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(key, kind="stable")
        same = key[order[1:]] == key[order[:-1]]
        found[order[1:]] |= same
        found[order[:-1]] |= same
    return found

"""Reports and readings as columns for COPY and as parameters of statements."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Readings, Reports
from schemas.times import from_us
from store.binary import DIGEST, FLOAT8, INSTANT, INT2, INT4, INT8, BinaryType, array

Column = tuple[NDArray[Any], BinaryType]


def report_keys(reports: Reports) -> dict[str, Any]:
    """Return the natural keys of reports as parameters."""
    return {
        "device": array(reports.device, INT4),
        "observed_at": array(reports.observed_at, INSTANT),
        "kind": array(reports.kind, INT2),
        "sha256": array(reports.sha256, DIGEST),
    }


def span(instants: NDArray[np.int64]) -> dict[str, Any]:
    """Return the first and last instant as parameters, so that the server can leave out partitions."""
    return {"earliest": from_us(int(instants.min())), "latest": from_us(int(instants.max()))}


def report_columns(r: Reports, numbers: NDArray[np.int64], bundles: NDArray[np.int64]) -> list[Column]:
    """Return reports as `copy_reports` takes them; `numbers` are their own, `bundles` those of the bundles they index."""
    return [
        (numbers, INT8),
        (r.device, INT4),
        (r.observed_at, INSTANT),
        (r.kind, INT2),
        (r.sha256, DIGEST),
        (r.sent_at, INSTANT),
        (r.received_at, INSTANT),
        (bundles[r.bundle], INT8),
        (r.position, INT4),
    ]


def reading_columns(r: Readings, reports: NDArray[np.int64]) -> list[Column]:
    """Return readings as `copy_readings` takes them; `reports` are the numbers of the reports that brought them."""
    return [
        (r.series, INT4),
        (r.kind, INT2),
        (r.observed_at, INSTANT),
        (r.value, FLOAT8),
        (r.flag, INT2),
        (reports, INT8),
    ]


def numbered(columns: Sequence[Column]) -> dict[str, Any]:
    """Return columns as the parameters c0, c1 … of a statement."""
    return {f"c{i}": array(*column) for i, column in enumerate(columns)}

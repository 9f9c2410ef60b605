"""The books of a segment: per device and China Standard Time day, in reports: received = stored + duplicate + rejected.

`received` is what the bridge counted; the other three are what the worker did. A difference stays visible: the books do not balance.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from detectors.draft import Draft
from detectors.segment import Segment
from schemas.bundle import Bundle, taken_in
from schemas.times import day_of
from store.port import BookEntry

RECEIVED, STORED, DUPLICATE, REJECTED = range(4)


class _Ledger:
    """Counts of one bundle, against what its bridge says it received."""

    def __init__(self, bundle: Bundle, draft: Draft) -> None:
        self._left = dict(bundle.received)
        self._draft = draft

    def count(self, device_id: str, day: date, entry: int) -> None:
        counts = self._draft.books[device_id, day]
        counts[entry] += 1
        if self._left.get(device_id, 0) > 0:
            self._left[device_id] -= 1
            counts[RECEIVED] += 1

    def close(self, day: date) -> None:
        """Enter what the bridge received and nothing became of: it must show."""
        for device_id, left in self._left.items():
            if left:
                self._draft.books[device_id, day][RECEIVED] += left


def keep_books(segment: Segment, new: NDArray[np.bool_], bundles: Sequence[Bundle], draft: Draft) -> None:
    """Enter the reports of a segment: on the day of `observed_at`, rejected ones on the day of `received_at`."""
    first_raw, at = len(draft.raws) - len(bundles), 0
    days = [day_of(instant) for instant in segment.reports.observed_at.tolist()]
    for index, bundle in enumerate(bundles):
        ledger, rows = _Ledger(bundle, draft), range(at, at + len(bundle))
        for row, device in zip(rows, bundle.report_device.tolist(), strict=True):
            _enter(ledger, draft, bundle.devices[device], days[row], bool(new[row]), int(segment.letter[row]))
        _refuse(ledger, draft, bundle, first_raw + index)
        at += len(bundle)
        ledger.close(_day_of_bundle(bundle))
        hour, messages = taken_in(bundle)
        if messages:
            draft.booked[bundle.bridge, draft.raws[first_raw + index][0], hour] += messages


def _enter(ledger: _Ledger, draft: Draft, device_id: str, day: date, new: bool, letter: int) -> None:
    if letter:
        entry = BookEntry(device_id, day, received=1, stored=int(new), duplicate=int(not new))
        draft.replayed.append((letter, entry))
    else:
        ledger.count(device_id, day, STORED if new else DUPLICATE)


def _refuse(ledger: _Ledger, draft: Draft, bundle: Bundle, raw: int) -> None:
    for refused in bundle.rejected:
        draft.rejected.append((raw, refused))
        if refused.whole and not refused.letter_id:
            ledger.count(refused.device_id, day_of(refused.received_at), REJECTED)


def _day_of_bundle(bundle: Bundle) -> date:
    received = [*bundle.report_received_at[-1:].tolist(), *(r.received_at for r in bundle.rejected[-1:])]
    return day_of(max(received, default=0))

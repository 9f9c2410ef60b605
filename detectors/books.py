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
from schemas.times import day_of, day_start
from store.counts import Counts
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
    day, plain = day_start(segment.reports.observed_at), np.ones(len(new), dtype=bool)
    for index, bundle in enumerate(bundles):
        rows = slice(at, at + len(bundle))
        if not _is_plain(bundle):
            plain[rows] = False
            _enter_each(bundle, new[rows], [day_of(start) for start in day[rows].tolist()], draft, first_raw + index)
        at += len(bundle)
        hour, messages = taken_in(bundle)
        if messages:
            draft.booked[bundle.bridge, draft.raws[first_raw + index][0], hour] += messages
    device = segment.reports.device[plain]
    draft.counts.append(Counts(device, day[plain], np.ones(len(device), np.int64), new[plain].astype(np.int64)))


def _is_plain(bundle: Bundle) -> bool:
    """Whether each report is one of those that the bridge says it received, and there is nothing else."""
    if bundle.rejected or bundle.report_letter.any():
        return False
    counts = np.bincount(bundle.report_device, minlength=len(bundle.devices)).tolist()
    return bundle.received == dict(zip(bundle.devices, counts, strict=True))


def _enter_each(bundle: Bundle, new: NDArray[np.bool_], days: Sequence[date], draft: Draft, raw: int) -> None:
    ledger = _Ledger(bundle, draft)
    letters = bundle.report_letter.tolist()
    for device, day, is_new, letter in zip(bundle.report_device.tolist(), days, new.tolist(), letters, strict=True):
        _enter(ledger, draft, bundle.devices[device], day, is_new, letter)
    _refuse(ledger, draft, bundle, raw)
    ledger.close(_day_of_bundle(bundle))


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

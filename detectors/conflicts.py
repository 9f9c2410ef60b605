"""Two readings with one key: both are kept, the greater (sent_at, SHA-256) is in force, and a finding says so."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Readings
from store.port import WorkStore


@dataclass(frozen=True)
class Settled:
    """Rows of the readings given, by what becomes of them."""

    fresh: NDArray[np.int64]
    winners: NDArray[np.int64]
    """In force from now on, in the place of a stored one."""
    losers: NDArray[np.int64]
    conflicting: NDArray[np.int64]
    """Rows that differ in value or flag from the other reading of their key."""


_NONE = np.empty(0, dtype=np.int64)


def settle(readings: Readings, doubtful: NDArray[np.bool_], store: WorkStore) -> Settled:
    """Decide for each reading; only `doubtful` rows can meet another reading of the same key, stored or beside them."""
    sure = np.flatnonzero(~doubtful)
    rows = np.flatnonzero(doubtful)
    if not len(rows):
        return Settled(sure, _NONE, _NONE, _NONE)
    some = readings.take(rows)
    order = np.lexsort((some.sha8, some.sent_at, some.observed_at, some.kind, some.series))
    rows, some = rows[order], some.take(order)
    best = _last_of_each_key(some)
    beside = rows[~best & _differs(some, some.take(_index_of_best(best)))]
    found, stored = store.readings_at(some.take(best))
    champions, top = rows[best], some.take(best)
    newer = (top.sent_at > stored.sent_at) | ((top.sent_at == stored.sent_at) & (top.sha8 > stored.sha8))
    same_report = found & (top.sent_at == stored.sent_at) & (top.sha8 == stored.sha8)
    differs = found & ~same_report & _differs(top, stored)
    beaten = differs & ~newer
    return Settled(
        np.sort(np.concatenate((sure, champions[~found]))),
        np.sort(champions[found & newer]),
        np.sort(np.concatenate((beside, champions[beaten]))),
        np.sort(np.concatenate((beside, champions[differs]))),
    )


def _last_of_each_key(rows: Readings) -> NDArray[np.bool_]:
    last = np.ones(len(rows), dtype=bool)
    last[:-1] = (
        (rows.series[1:] != rows.series[:-1])
        | (rows.kind[1:] != rows.kind[:-1])
        | (rows.observed_at[1:] != rows.observed_at[:-1])
    )
    return last


def _index_of_best(best: NDArray[np.bool_]) -> NDArray[np.int64]:
    positions = np.flatnonzero(best)
    return positions[np.searchsorted(positions, np.arange(len(best)))]


def _differs(a: Readings, b: Readings) -> NDArray[np.bool_]:
    differs: NDArray[np.bool_] = (a.value != b.value) | (a.flag != b.flag)
    return differs

"""How far partitions have followed the registry, and what is still to be judged again because of it, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.registry import Registry
from schemas.times import from_us, to_us
from store.binary import INSTANT, INT4, array, word_array
from store.port import WorkBatch
from store.postgres import Cursor, Database
from store.registry import SQL, RegistryStore
from store.registry_reader import Stretch


class PostgresRegistryReader:
    """`RegistryReader` over one Database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def registry(self) -> tuple[int, Registry]:
        """Return the newest registry and its version."""
        return RegistryStore(self.database).registry()

    def registry_version(self) -> int:
        """Return the version of the newest registry."""
        return RegistryStore(self.database).registry_version()

    def registry_at(self, version: int) -> Registry:
        """Return an earlier version; raises KeyError where there is no such version."""
        return RegistryStore(self.database).registry_at(version)

    def registry_followed(self, topic: str, partition: int) -> int:
        """Return up to which version a partition has noted what is to be judged again; 0: none."""
        rows = self._asked("followed", topic=topic, partition=partition)
        return int(rows[0][0]) if rows else 0

    def stretches_open(self, devices: Sequence[int]) -> list[Stretch]:
        """Return what of these devices' sites is still to be judged again, by site, device and start."""
        rows = self._asked("stretches_open", device=list(devices))
        return [Stretch(site, device, to_us(start), to_us(finish)) for site, device, start, finish in rows]

    def next_mean(self, series: NDArray[np.int32], start: int, end: int) -> int | None:
        """Return the first start, in [start, end), of any hour or day mean of these series."""
        rows = self._asked("next_mean", series=array(series, INT4), start=from_us(start), finish=from_us(end))
        return None if rows[0][0] is None else to_us(rows[0][0])

    def note_reporters(self, pairs: Sequence[tuple[str, int]]) -> list[int]:
        """Note that devices report for sites; return for each (site, device) the last instant that others reported there, 0: none did."""
        asked = {"site_id": word_array(site for site, _ in pairs), "device": [device for _, device in pairs]}
        with self.database.transaction() as cursor:
            cursor.execute(SQL["note_reporters"], asked)
        return [to_us(at) if at else 0 for _, at in self._asked("others_at", **asked)]

    def reported_sites(self, devices: Sequence[int]) -> list[tuple[str, int]]:
        """Return (site, device) of all that was noted of these devices, in that order: also where the registry no longer names them."""
        return [(site, device) for site, device in self._asked("reported_sites", device=list(devices))]

    def _asked(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.database.read() as cursor:
            return cursor.execute(SQL[name], parameters).fetchall()


def write_followed(cursor: Cursor, batch: WorkBatch) -> None:
    """Write how far partitions have followed the registry, and what is left of it, inside the worker's transaction."""
    topic = batch.advances[0].lease.topic
    for partition, version in sorted(batch.registry_followed.items()):
        cursor.execute(SQL["follow"], {"topic": topic, "partition": partition, "version": version})
    if batch.stretches:
        _replace(cursor, batch.stretches)


def _replace(cursor: Cursor, stretches: Mapping[tuple[str, int], Sequence[tuple[int, int]]]) -> None:
    cursor.execute(SQL["drop_stretches"], _keys(stretches))
    rows = [(key, span) for key, spans in stretches.items() for span in spans]
    if rows:
        edges = np.array([span for _, span in rows], np.int64)
        instants = {"start": array(edges[:, 0], INSTANT), "finish": array(edges[:, 1], INSTANT)}
        cursor.execute(SQL["keep_stretches"], _keys([key for key, _ in rows]) | instants)


def _keys(keys: Sequence[tuple[str, int]] | Mapping[tuple[str, int], Any]) -> dict[str, Any]:
    return {"site_id": word_array(site for site, _ in keys), "device": [device for _, device in keys]}

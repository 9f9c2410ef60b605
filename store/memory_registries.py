"""The registry's versions in the in-memory twin, and how far partitions have followed them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.registry import Registry
from store.memory_tables import MemorySlice
from store.registry_reader import Stretch


class MemoryRegistries(MemorySlice):
    """`RegistryReader` over a list of versions; the number of a version is its place, from 1."""

    def import_registry(self, registry: Registry, imported_by: str, imported_at: int) -> int:
        """Keep a new version of the registry and return its number."""
        with self.tables.lock:
            self.tables.registries.append(registry)
            return len(self.tables.registries)

    def registry(self) -> tuple[int, Registry]:
        """Return the newest registry and its version."""
        with self.tables.lock:
            kept = self.tables.registries
            return (len(kept), kept[-1]) if kept else (0, Registry())

    def registry_version(self) -> int:
        """Return the version of the newest registry."""
        return len(self.tables.registries)

    def registry_at(self, version: int) -> Registry:
        """Return an earlier version, an empty registry for 0; raises KeyError where there is no such version."""
        with self.tables.lock:
            known = dict(enumerate([Registry(), *self.tables.registries]))
        return known[version]

    def registry_followed(self, topic: str, partition: int) -> int:
        """Return up to which version a partition has noted what is to be judged again; 0: none."""
        return self.tables.registry_followed.get((topic, partition), 0)

    def stretches_open(self, devices: Sequence[int]) -> list[Stretch]:
        """Return what of these devices' sites is still to be judged again, by site, device and start."""
        wanted = set(devices)
        with self.tables.lock:
            kept = [(*key, *span) for key, spans in self.tables.rejudge_stretch.items() for span in spans]
        return [Stretch(*row) for row in sorted(kept) if row[1] in wanted]

    def next_mean(self, series: NDArray[np.int32], start: int, end: int) -> int | None:
        """Return the first start, in [start, end), of any hour or day mean of these series."""
        with self.tables.lock:
            timelines = [self.tables.mean.get((number, period)) for number in series.tolist() for period in (0, 1)]
            starts = [next(iter(t.between(start, end)), None) for t in timelines if t is not None]
        return min((at for at in starts if at is not None), default=None)

    def note_reporters(self, pairs: Sequence[tuple[str, int]]) -> list[int]:
        """Note that devices report for sites; return for each (site, device) the last instant that others reported there, 0: none did."""
        with self.tables.lock:
            known, states = self.tables.site_reporter, self.tables.device_state
            known.update(pairs)
            others = [[d for s, d in known if s == site and d != device and d in states] for site, device in pairs]
            return [max((states[d].event_at for d in found), default=0) for found in others]

    def reported_sites(self, devices: Sequence[int]) -> list[tuple[str, int]]:
        """Return (site, device) of all that was noted of these devices, in that order: also where the registry no longer names them."""
        wanted = set(devices)
        with self.tables.lock:
            return sorted(pair for pair in self.tables.site_reporter if pair[1] in wanted)

"""Which sites more than one device reports for, or did: their windows are judged from the store, which has the readings of all.

A logger is replaced, and the new one sends again what the old one had sent. The registry may name both for a while, or only the new one.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.registry import Registry
from schemas.times import DAY_US
from store.port import WorkStore

MARGIN_US: Final = DAY_US
"""What a device that was replaced had sent may still be on its way for so long."""
_ALWAYS: Final = np.iinfo(np.int64).max


class SiteReporters:
    """By series: before which instant readings of another device than its own may be stored, or come."""

    def __init__(self, store: WorkStore) -> None:
        self._store = store
        self._registered: dict[str, set[str]] = {}
        """Device ids by site."""
        self._noted: set[tuple[str, int]] = set()
        """(site, device) that the store knows."""
        self._place: dict[str, int] = {}
        self.names: list[str] = []
        """Sites by place."""
        self._place_of = np.empty(0, np.int64)
        """By series."""
        self._others_until = np.empty(0, np.int64)
        """By place of the site, µs; 0 = no other one was noted."""
        self._is_shared = np.empty(0, np.bool_)
        """By place of the site: the registry names several."""

    def follow(self, registry: Registry) -> None:
        """Take another version of the registry; what is noted is asked for anew, since others may have reported meanwhile."""
        self._registered = {}
        for device in registry.device:
            for site in device.sites:
                self._registered.setdefault(site, set()).add(device.id)
        self._noted.clear()
        for site, place in self._place.items():
            self._is_shared[place] = self.is_shared(site)

    def is_shared(self, site: str) -> bool:
        """Whether the registry names more than one device for a site: their readings can meet from two partitions."""
        return len(self._registered.get(site, ())) > 1

    def is_replaced(self, site: str, device_id: str) -> bool:
        """Whether the registry names other devices for a site, and no longer this one."""
        registered = self._registered.get(site)
        return registered is not None and device_id not in registered

    def learn(self, series: Sequence[tuple[int, str]]) -> None:
        """Enter new (series, site)."""
        top = max((number for number, _ in series), default=-1)
        self._place_of = _grown(self._place_of, top + 1)
        for number, site in series:
            self._place_of[number] = self._placed(site)

    def note(self, pairs: set[tuple[str, int]]) -> None:
        """Note that devices report for sites (site, number of the device), and learn until when others did."""
        new = sorted(pairs - self._noted)
        if not new:
            return
        for (site, _), until in zip(new, self._store.note_reporters(new), strict=True):
            place = self._placed(site)
            self._others_until[place] = max(self._others_until[place], until + MARGIN_US if until else 0)
        self._noted.update(new)

    def places(self, series: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the places of the sites of series in `names`."""
        return self._place_of[series]

    def others_until(self, series: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return before which instant readings of other devices may stand beside those of each series, µs; 0: none can."""
        place = self._place_of[series]
        return np.where(self._is_shared[place], _ALWAYS, self._others_until[place])

    def others_until_at(self, sites: Sequence[str]) -> NDArray[np.int64]:
        """Return the same by site."""
        place = np.array([self._placed(site) for site in sites], np.int64)
        return np.where(self._is_shared[place], _ALWAYS, self._others_until[place])

    def shared_until(self, series: NDArray[np.int32], device_ids: Sequence[str]) -> NDArray[np.int64]:
        """Return the same of series, each once, with the device that was heard: one that was replaced shares all it has left."""
        names = [self.names[place] for place in self._place_of[series].tolist()]
        replaced = [self.is_replaced(site, device) for site, device in zip(names, device_ids, strict=True)]
        return np.where(np.array(replaced, np.bool_), _ALWAYS, self.others_until(series))

    def _placed(self, site: str) -> int:
        place = self._place.get(site)
        if place is None:
            place = self._place[site] = len(self.names)
            self.names.append(site)
            self._others_until = _grown(self._others_until, place + 1)
            self._is_shared = _grown(self._is_shared, place + 1)
            self._is_shared[place] = self.is_shared(site)
        return place


def bundle_pairs(sites: Sequence[str], site: NDArray[np.int32], device: NDArray[np.int32]) -> set[tuple[str, int]]:
    """Return the (site, device) of reports, once each; `site` are places in `sites`."""
    return {(sites[place], number) for place, number in set(zip(site.tolist(), device.tolist(), strict=True))}


def _grown(column: NDArray[Any], size: int) -> NDArray[Any]:
    more = size - len(column)
    return np.concatenate((column, np.zeros(max(more, len(column) // 4), column.dtype))) if more > 0 else column

"""The worker's address book: series and devices by number, what the registry says of them, as arrays where the hot path needs it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.means import GAS_MIN_HOURS, GAS_MIN_MINUTES, WATER_MIN, Validity
from detectors.series_table import SeriesTable
from detectors.site_reporters import SiteReporters
from schemas.codes import SiteKind
from schemas.registry import Registry, Site
from schemas.times import HOUR_US, SECOND_US
from standards.parameters import AUXILIARY
from store.port import WorkStore

OZONE = "a05024"
PH = "w01001"
WATER_FLOW = "w00000"
OXYGEN = "a19001"
GAS_FLOW = "a00000"
WATER_PATIENCE_US = 10 * HOUR_US
"""Surface water stations measure every four hours: two readings may fail before one is called silent."""
T = TypeVar("T")
_WATER = frozenset({SiteKind.EFFLUENT, SiteKind.SURFACE_WATER})


class Directory:
    """Surrogate numbers and registry facts, filled as series and devices are met."""

    def __init__(self, store: WorkStore) -> None:
        self._store = store
        self.version = -1
        self.registry = Registry()
        self._table = SeriesTable()
        self._device_of: dict[str, int] = {}
        self.series: dict[int, tuple[str, str]] = {}
        self.device_ids: dict[int, str] = {}
        self.site_series: dict[str, dict[str, int]] = {}
        """Parameter → series by site."""
        self._of_parameter: dict[str, list[int]] = {}
        self._validity: Validity | None = None
        self.reporters = SiteReporters(store)
        self._kept: dict[str, Any] = {}

    def refresh(self) -> bool:
        """Take the newest registry where there is a newer one; return whether there was."""
        version = self._store.revisions().registry
        if version == self.version:
            return False
        self.version, self.registry = self._store.registry()
        self._validity = None
        self.reporters.follow(self.registry)
        self._kept.clear()
        return True

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """Return what was made of the registry and the series that were met; made anew where either has changed."""
        if name not in self._kept:
            self._kept[name] = make()
        found: T = self._kept[name]
        return found

    def devices(self, device_ids: Sequence[str]) -> NDArray[np.int32]:
        """Return the numbers of devices, asking the store for those that are new here."""
        try:
            return self._numbers_of_devices(device_ids)
        except KeyError:
            missing = [d for d in dict.fromkeys(device_ids) if d not in self._device_of]
            for device_id, number in zip(missing, self._store.device_numbers(missing), strict=True):
                self._device_of[device_id] = number
                self.device_ids[number] = device_id
        return self._numbers_of_devices(device_ids)

    def _numbers_of_devices(self, device_ids: Sequence[str]) -> NDArray[np.int32]:
        return np.fromiter(map(self._device_of.__getitem__, device_ids), np.int32, len(device_ids))

    def channels(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.int32]:
        """Return the series numbers of (site, parameter) pairs, asking the store for those that are new here."""
        missing = [pair for pair in dict.fromkeys(pairs) if self._table.number(*pair) < 0]
        if missing:
            numbers = self._store.series_numbers(missing)
            self._learn((n, *pair) for n, pair in zip(numbers, missing, strict=True))
        return np.array([self._table.number(*pair) for pair in pairs], np.int32)

    def series_of_readings(
        self, sites: Sequence[str], parameters: Sequence[str], site: NDArray[np.int32], parameter: NDArray[np.uint16]
    ) -> NDArray[np.int32]:
        """Return the series number of each reading, asking the store for those that are new here; `site` and `parameter` are places in the names."""
        found = self._table.numbers(sites, parameters, site, parameter)
        new = np.flatnonzero(found < 0)
        if not len(new):
            return found
        pairs = zip(site[new].tolist(), parameter[new].tolist(), strict=True)
        self.channels([(sites[s], parameters[p]) for s, p in dict.fromkeys(pairs)])
        return self._table.numbers(sites, parameters, site, parameter)

    def series_of_sites(self, sites: Sequence[str]) -> NDArray[np.int32]:
        """Return all series of these sites."""
        found = self._store.series_of_sites(list(sites)) if sites else []
        self._learn(found)
        return np.array([number for number, _, _ in found], dtype=np.int32)

    def others_until(self, series: NDArray[np.int32], device: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return before which instant windows of series, by their device, are judged from the store, as others may fill them: µs; 0: never."""
        return self.reporters.shared_until(series, [self.device_ids[number] for number in device.tolist()])

    def series_of_parameter(self, parameter: str) -> list[int]:
        """Return the series of a parameter that were met so far."""
        return self._of_parameter.get(parameter, [])

    def sites_with(self, parameter: str, beside: str, series: NDArray[np.int32]) -> list[str]:
        """Return the sites of those of these series that are of a parameter, where the site has the other one too."""
        if not len(series) or not self.series_of_parameter(parameter):
            return []
        is_of = self.kept(f"series of {parameter}", lambda: self._mask(self.series_of_parameter(parameter)))
        sites = [self.series[number][0] for number in np.unique(series[is_of[series]]).tolist()]
        return [site for site in sites if beside in self.site_series[site]]

    def _mask(self, series: Sequence[int]) -> NDArray[np.bool_]:
        found = np.zeros(max(self.series, default=-1) + 1, dtype=bool)
        found[series] = True
        return found

    def site_of(self, series: int) -> Site | None:
        """Return the site of a series, None where the registry no longer knows it."""
        return self.registry.sites.get(self.series[series][0])

    def sites_of(self, device_id: str) -> list[str]:
        """Return the sites of a device."""
        device = self.registry.devices.get(device_id)
        return device.sites if device else []

    def patience_us(self, device_id: str) -> int:
        """Return how long a device may be silent: as registered, else longer where it only reports surface water; 0 = by the kinds it sends."""
        device = self.registry.devices.get(device_id)
        if device is None:
            return 0
        if device.silent_after_s:
            return device.silent_after_s * SECOND_US
        kinds = {self.registry.sites[site].kind for site in device.sites if site in self.registry.sites}
        return WATER_PATIENCE_US if kinds == {SiteKind.SURFACE_WATER} else 0

    def validity(self) -> Validity:
        """Return how many samples each series needs and how they are averaged, indexed by series number."""
        if self._validity is None:
            size = max(self.series, default=-1) + 1
            table = np.array([self._needs(number) for number in range(size)], dtype=np.int64).reshape(-1, 5)
            self._validity = Validity(table[:, 0], table[:, 1], table[:, 2] > 0, table[:, 3] > 0, table[:, 4])
        return self._validity

    def _needs(self, series: int) -> tuple[int, int, int, int, int]:
        """Return (minutes, hours, is ozone, is a median, flow series) of a series."""
        site = self.site_of(series) if series in self.series else None
        if site is None:
            return GAS_MIN_MINUTES, GAS_MIN_HOURS, 0, 0, -1
        minutes, hours = (WATER_MIN, WATER_MIN) if site.kind in _WATER else (GAS_MIN_MINUTES, GAS_MIN_HOURS)
        for binding in self.registry.site_bindings.get(site.id, ()):
            minutes = binding.min_valid_minutes or minutes
            hours = binding.min_valid_hours or hours
        parameter = self.series[series][1]
        weighed = site.kind is SiteKind.EFFLUENT and parameter not in AUXILIARY and parameter != PH
        flow = self.site_series[site.id].get(WATER_FLOW, -1) if weighed else -1
        return minutes, hours, int(site.kind is SiteKind.AMBIENT_AIR and parameter == OZONE), int(parameter == PH), flow

    def _learn(self, rows: Iterable[tuple[int, str, str]]) -> None:
        learnt = list(rows)
        self._table.put(learnt)
        new = [(number, site, parameter) for number, site, parameter in learnt if number not in self.series]
        if new:
            self._validity = None
            self._kept.clear()
            self.reporters.learn([(number, site) for number, site, _ in new])
        for number, site, parameter in new:
            self._of_parameter.setdefault(parameter, []).append(number)
            self.series[number] = (site, parameter)
            self.site_series.setdefault(site, {})[parameter] = number

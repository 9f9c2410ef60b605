"""Taking a partition over: its state comes from the store alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.directory import Directory
from detectors.partition import Partition
from schemas.codes import Kind
from schemas.columns import PERIOD_HOUR, Readings
from schemas.times import DAY_US, day_start
from store.device_states import DeviceState
from store.port import Lease, WorkStore


def take_over(lease: Lease, directory: Directory, store: WorkStore, partitions: int) -> Partition:
    """Return the partition as it was after its last commit: devices, open readings, open days, running exceedances, what is to judge again."""
    followed = store.marks_followed(lease.topic, lease.partition)
    partition = Partition(lease, directory, store, marks_followed=followed)
    partition.registry_followed = store.registry_followed(lease.topic, lease.partition)
    states = store.device_states(lease.partition, partitions)
    directory.devices([device_id for device_id, _ in states])
    partition.devices.load(state for _, state in states)
    for device_id, state in states:
        partition.devices.silent_after[state.device] = directory.patience_us(device_id)
    reach = _series(partition, states)
    if reach:
        series = np.array(sorted(reach), dtype=np.int32)
        _load(partition, series, *np.array([reach[s] for s in series.tolist()], dtype=np.int64).T)
    for entry in store.rejudge_open([state.device for _, state in states]):
        partition.touched.touch((entry.site, entry.start), entry.device)
    for stretch in store.stretches_open([state.device for _, state in states]):
        partition.stretches.setdefault((stretch.site, stretch.device), []).append((stretch.start, stretch.end))
    return partition


def _series(partition: Partition, states: Sequence[tuple[str, DeviceState]]) -> dict[int, tuple[int, int]]:
    """Return of each series of the partition's devices the frontier, and until when there are readings; note which device reports it."""
    directory, found = partition.directory, dict[int, tuple[int, int]]()
    named = [(site, state.device) for device_id, state in states for site in directory.sites_of(device_id)]
    # a logger that was replaced may have left an hour open, and the registry no longer says where
    noted = partition.store.reported_sites([state.device for _, state in states])
    pairs = list(dict.fromkeys([*named, *noted]))
    # one question for all of them: one a device is a thousand round trips while nobody reads the partition
    directory.series_of_sites(sorted({site for site, _ in pairs}))
    directory.reporters.note(set(pairs))
    of_device = {state.device: state for _, state in states}
    for site, device in pairs:
        state = of_device[device]
        for number in directory.site_series.get(site, {}).values():
            partition.series_device.setdefault(number, device)
            frontier, until = found.get(number, (state.frontier, 0))
            found[number] = min(frontier, state.frontier), max(until, state.event_at + 1)
    return found


def _load(
    partition: Partition, series: NDArray[np.int32], frontier: NDArray[np.int64], until: NDArray[np.int64]
) -> None:
    store, day = partition.store, day_start(frontier)
    partition.reopen(store.window_readings(series, frontier, until))
    told = _open_days(partition, series, day, frontier)
    if len(told):
        partition.open.add(told)
    partition.open_days.put(store.means_between(series, PERIOD_HOUR, day, np.minimum(frontier, day + DAY_US)))
    partition.results.load(store.latest_verdicts(series.tolist()), store.ever_exceeded(series.tolist()))


def _open_days(
    partition: Partition, series: NDArray[np.int32], day: NDArray[np.int64], frontier: NDArray[np.int64]
) -> Readings:
    """Return the devices' own values of days that are still open; they start before the frontier."""
    device = partition.series_device.devices(series)
    sends = partition.devices.high[device, Kind.DAY] > 0
    if not sends.any():
        return Readings.empty()
    rows = partition.store.window_readings(series[sends], day[sends], frontier[sends])
    return rows.take(rows.kind == Kind.DAY)

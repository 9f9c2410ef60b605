"""A simulated fleet: every stack and effluent of a registry reports each ten minutes (or as asked), through incidents and all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.codes import Kind
from schemas.registry import Registry
from schemas.times import CST_OFFSET_US, DAY_US, HOUR_US, SECOND_US, to_cst
from schemas.topics import report_topic
from sim.arrivals import ON_THE_WAY_US, Arrival
from sim.incidents import Incident
from sim.plants import generator_of, plant_of


@dataclass
class Monitor:
    """One device, its values and when they arrive; all columns are aligned."""

    device_id: str
    site_id: str
    topic: str
    form: str
    """The report's JSON with places for two times and the values."""
    values: NDArray[np.float64]
    """(samples, parameters)."""
    parameters: list[str]
    observed_at: NDArray[np.int64]
    arrives_at: NDArray[np.int64]
    copies: NDArray[np.int64]
    """How often each report is sent; 0: never."""
    period_us: int

    def suffer(self, incident: Incident) -> None:
        """Let an incident change what is measured or sent."""
        during = (self.observed_at >= incident.start) & (self.observed_at < incident.to)
        if incident.kind == "bypass":
            for parameter in incident.parameters:
                self.values[during, self.parameters.index(parameter)] *= incident.factor
        elif incident.kind == "silence":
            self.copies[during] = 0
        elif incident.kind == "duplicates":
            self.copies[during] = incident.copies
        elif incident.arrives is not None:
            self.arrives_at[during] = incident.arrives

    def arrival(self, row: int) -> Arrival:
        """Return one report."""
        start = int(self.observed_at[row])
        text = self.form % (_text(start), _text(start + self.period_us), *self.values[row])
        return Arrival(int(self.arrives_at[row]), self.topic, text.encode(), self.device_id)


class Fleet:
    """All monitors of a registry's stacks and effluents over one stretch of time."""

    def __init__(
        self,
        registry: Registry,
        start: int,
        end: int,
        *,
        incidents: Iterable[Incident] = (),
        seed: int = 1,
        kind: Kind = Kind.TEN_MINUTE,
    ) -> None:
        """Simulate [start, end); `start` is a full hour. The same seed gives the same bytes.

        Noise has its memory from one sample to the next, so that values of another `kind` wander faster or slower.
        """
        self.monitors = list(_monitors(registry, start, end, seed, kind))
        by_site = {monitor.site_id: monitor for monitor in self.monitors}
        for incident in incidents:
            by_site[incident.site].suffer(incident)
        self._order = self._in_order()

    def _in_order(self) -> NDArray[Any]:
        """Return (arrives_at, monitor, row) of every report in the order in which it arrives."""
        parts = [
            np.column_stack([m.arrives_at, np.full(m.arrives_at.size, i), np.arange(m.arrives_at.size)]).repeat(
                m.copies, axis=0
            )
            for i, m in enumerate(self.monitors)
        ]
        rows = np.concatenate(parts) if parts else np.empty((0, 3), np.int64)
        return rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]

    def __len__(self) -> int:
        return len(self._order)

    def arrivals(self, start: int, end: int) -> list[Arrival]:
        """Return what arrives in [start, end), in order."""
        low, high = np.searchsorted(self._order[:, 0], [start, end])
        return [self.monitors[monitor].arrival(row) for _, monitor, row in self._order[low:high].tolist()]


def _monitors(registry: Registry, start: int, end: int, seed: int, kind: Kind) -> Iterator[Monitor]:
    observed_at = np.arange(start, end, kind.length_s * SECOND_US, dtype=np.int64)
    hour = ((observed_at + CST_OFFSET_US) % DAY_US) / HOUR_US
    for device in registry.device:
        for site_id in device.sites:
            binding = next((b for b in registry.site_bindings.get(site_id, [])), None)
            plant = plant_of(registry.sites[site_id], binding)
            if plant is not None:
                topic = report_topic(registry.region_of(device.id), device.id)
                values = plant(generator_of(seed, site_id), hour)
                yield _monitor(device.id, site_id, topic, values, observed_at, kind)


def _monitor(
    device_id: str,
    site_id: str,
    topic: str,
    values: dict[str, NDArray[np.float64]],
    observed_at: NDArray[np.int64],
    kind: Kind,
) -> Monitor:
    readings = ",".join(f'["{parameter}",%.2f]' for parameter in values)
    form = f'{{"observed_at":"%s","sent_at":"%s","kind":"{kind.wire}","site":"{site_id}","readings":[{readings}]}}'
    period_us = kind.length_s * SECOND_US
    due = observed_at + period_us + ON_THE_WAY_US
    columns = np.maximum(np.column_stack(list(values.values())), 0.0)
    ones = np.ones(observed_at.size, np.int64)
    return Monitor(device_id, site_id, topic, form, columns, list(values), observed_at, due, ones, period_us)


def _text(instant_us: int) -> str:
    return to_cst(instant_us).isoformat()

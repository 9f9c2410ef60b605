"""The fleet of the benchmarks: boilers and air stations of ten readings a report, and their reports as frames that are nearly ready.

All of a report but its times is encoded beforehand: what is measured is the chain, not the making of load.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from schemas.codes import Kind
from schemas.registry import Registry
from schemas.times import CST, HOUR_US, MINUTE_US, SECOND_US, to_cst, to_us
from schemas.topics import report_topic
from sim.plants import coal_stack, generator_of

REGION: Final = "110105"
START_US: Final = to_us(datetime(2026, 3, 2, tzinfo=CST))
"""A full day of China Standard Time, in force of all standards that are bound."""
VARIANTS: Final = 60
"""Different values of a device before they repeat."""
STATION_EVERY: Final = 10
"""Every tenth device is an air station, the others are boilers."""
BYPASS_FACTOR: Final = 8.0
AIR: Final = {
    "a21026": 12.0, "a21004": 40.0, "a21005": 0.8, "a05024": 90.0, "a34002": 70.0, "a34004": 35.0,
    "a01001": 8.0, "a01002": 45.0, "a01006": 101.0, "a01007": 2.5,
}  # fmt: skip
"""Usual values of an air station by HJ 212 code."""
CITIES: Final = 5


class FleetShape(BaseModel):
    """How many devices report what; the same shape gives the same bytes."""

    model_config = ConfigDict(frozen=True)

    devices: int = 1000
    minutes: int = 60
    start_us: int = START_US
    kind: Kind = Kind.MINUTE
    webhook: str = ""
    """Where alerts are told; "": on the console."""
    bypass_every: int = 100
    """So manieth boilers discharge above their limit."""
    prefix: str = "b"
    """Of device and site ids: two fleets in one registry differ in it."""

    @property
    def reports(self) -> int:
        """All reports."""
        return self.devices * self.minutes

    @property
    def period_us(self) -> int:
        """From one report of a device to the next; realtime ones come every second."""
        return (self.kind.length_s or 1) * SECOND_US

    def instant(self, turn: int) -> int:
        """Return `observed_at` of the reports of a turn, µs."""
        return self.start_us + turn * self.period_us

    def device_id(self, number: int) -> str:
        """Return the id of a device; its one site has it too."""
        return f"{self.prefix}{number:06d}"

    def topic(self, number: int) -> str:
        """Return the MQTT topic on which a device reports."""
        return report_topic(REGION, self.device_id(number))


@dataclass(frozen=True)
class Form:
    """A device's report before and after the times that are put in: `head` observed `middle` sent `tails[variant]`."""

    head: bytes
    middle: bytes
    tails: list[bytes]

    def payload(self, observed: bytes, sent: bytes, turn: int) -> bytes:
        """Return the report of a turn."""
        return b"".join((self.head, observed, self.middle, sent, self.tails[turn % VARIANTS]))


def forms(shape: FleetShape) -> list[Form]:
    """Return the report of each device; every variant of it has the same length."""
    return [_form(shape, number) for number in range(shape.devices)]


def times(shape: FleetShape, turn: int) -> tuple[bytes, bytes]:
    """Return observed_at and sent_at of a turn as they stand in the reports."""
    at = shape.instant(turn)
    return to_cst(at).isoformat().encode(), to_cst(at + shape.period_us).isoformat().encode()


def payloads(shape: FleetShape, turns: range) -> Iterator[tuple[int, int, bytes]]:
    """Yield (turn, device, report), turn by turn."""
    fleet = forms(shape)
    for turn in turns:
        observed, sent = times(shape, turn)
        for number, form in enumerate(fleet):
            yield turn, number, form.payload(observed, sent, turn)


def is_station(number: int) -> bool:
    """Whether the device is an air station."""
    return number % STATION_EVERY == STATION_EVERY - 1


def is_bypassed(shape: FleetShape, number: int) -> bool:
    """Whether the device's boiler discharges above its limit."""
    return number % shape.bypass_every == 0


def registry_of(*shapes: FleetShape) -> Registry:
    """Return a registry of all devices of these fleets, their law, and one recipient who is told everything."""
    tables: dict[str, list[dict[str, Any]]] = {"site": [], "device": [], "binding": [], "organisation": []}
    for shape in shapes:
        for number in range(shape.devices):
            _register(tables, shape.device_id(number), number)
    cities = [f"11{number:04d}" for number in range(CITIES)]
    tables["city"] = [{"id": city, "name": f"基准测试市 {city}"} for city in cities]
    since = {"effective_from": "2026-03-01", "reason": "benchmark"}
    tables["binding"] += [{"city": city, "thresholds": "CN-2024-06", "aqi": "hj633-2026"} | since for city in cities]
    tables["recipient"] = [_recipient(shapes[0].webhook)]
    return Registry.from_tables(tables)


def _register(tables: dict[str, list[dict[str, Any]]], name: str, number: int) -> None:
    tables["device"].append({"id": name, "sites": [name], "region": REGION})
    if is_station(number):
        city = f"11{number // STATION_EVERY % CITIES:04d}"
        tables["site"].append({"id": name, "kind": "ambient_air", "region": REGION, "city": city})
        return
    tables["organisation"].append({"id": name, "name": name, "industry": "火电"})
    tables["site"].append({"id": name, "kind": "stack", "region": REGION, "organisation": name})
    law = {"standard": "GB 13223-2011", "category": "coal boiler", "variant": "new"}
    tables["binding"].append(
        law | {"site": name, "conditions": ["GB13223-2011-009"], "effective_from": "2014-07-01", "reason": "benchmark"}
    )


def _recipient(webhook: str) -> dict[str, Any]:
    if webhook:
        return {"id": "desk", "channel": "webhook", "address": webhook}
    return {"id": "desk", "channel": "console"}


def _form(shape: FleetShape, number: int) -> Form:
    columns = _station_values(shape, number) if is_station(number) else _boiler_values(shape, number)
    text = ",".join(f'["{parameter}",%.2f]' for parameter in columns)
    rows = np.column_stack(list(columns.values()))
    tails = [f'","readings":[{text % tuple(row)}]}}'.encode() for row in rows.tolist()]
    longest = max(map(len, tails))
    site = shape.device_id(number)
    head = f'{{"site":"{site}","kind":"{shape.kind.wire}","observed_at":"'.encode()
    # JSON may end with spaces: so every report of a device has one length, and its frame one header
    return Form(head, b'","sent_at":"', [tail.ljust(longest) for tail in tails])


def _boiler_values(shape: FleetShape, number: int) -> dict[str, NDArray[np.float64]]:
    rng = generator_of(1, shape.device_id(number))
    hour = (np.arange(VARIANTS) * MINUTE_US % HOUR_US) / HOUR_US
    values = coal_stack(6.0)(rng, hour) | {"a01011": np.full(VARIANTS, 12.0) + rng.normal(0.0, 0.3, VARIANTS)}
    factor = BYPASS_FACTOR if is_bypassed(shape, number) else 1.0
    return {code: np.abs(column) * (factor if code.startswith("a21026") else 1.0) for code, column in values.items()}


def _station_values(shape: FleetShape, number: int) -> dict[str, NDArray[np.float64]]:
    rng = generator_of(1, shape.device_id(number))
    return {code: np.abs(usual * rng.normal(1.0, 0.1, VARIANTS)) for code, usual in AIR.items()}

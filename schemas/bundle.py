"""`bundle.v2` and `tick.v1`: the two records of the Kafka topic `reports`, as msgpack with raw numpy columns.

A bundle carries many reports of one partition: validated columns for the workers, and the original bytes with their
SHA-256. Rejected messages travel in it too, so that one transaction of the worker keeps the books. Sites and parameters are named once a
bundle, so that a worker looks up a name a report and not two a reading. `bundle.v1`, which named channels, is read as well.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgpack
import numpy as np
import zstandard
from numpy.typing import NDArray

from schemas.times import HOUR_US

BUNDLE_TYPE: Final = "bundle.v2"
BUNDLE_BEFORE: Final = "bundle.v1"
TICK_TYPE: Final = "tick.v1"


@dataclass(frozen=True)
class Tick:
    """`now`, from the clock role: the only time a worker knows."""

    now: int
    """Microseconds since 1970."""


@dataclass(frozen=True)
class Rejected:
    """A message, or one reading of a stored report, that was refused."""

    topic: str
    """MQTT topic on which it came."""
    device_id: str
    """From the topic; "" where the topic has none."""
    reason: str
    """A `Rejection` value."""
    detail: str
    sha256: bytes
    received_at: int
    position: int
    """Where its bytes are in `raw`."""
    whole: bool
    """False: only some readings of a stored report were refused; the report itself counts as stored."""
    site_id: str = ""
    """Where known, for the finding."""
    letter_id: int = 0
    """For a replay: the dead letter it came from, so that it is not kept a second time."""


@dataclass(frozen=True)
class Bundle:
    """Reports of one partition; all columns of the two levels are aligned."""

    bridge: str
    """Client id of the bridge, for people."""
    devices: list[str]
    """Device ids, referred to by `report_device`."""
    sites: list[str]
    """Site ids, referred to by `report_site`."""
    parameters: list[str]
    """Codes, referred to by `reading_parameter`."""
    report_device: NDArray[np.int32]
    report_site: NDArray[np.int32]
    report_observed_at: NDArray[np.int64]
    report_kind: NDArray[np.uint8]
    report_sent_at: NDArray[np.int64]
    report_received_at: NDArray[np.int64]
    report_sha256: NDArray[np.void]
    """dtype V32."""
    report_position: NDArray[np.int32]
    """Where the report's bytes are in `raw`."""
    report_letter: NDArray[np.int64]
    """Id of the dead letter that is replayed; 0 for a report from a device."""
    reading_report: NDArray[np.int32]
    """Row of the report the reading belongs to."""
    reading_parameter: NDArray[np.uint16]
    reading_value: NDArray[np.float64]
    reading_flag: NDArray[np.uint8]
    rejected: list[Rejected]
    received: dict[str, int]
    """Messages taken from MQTT by device id ("" = none in the topic), counted where they came in: the left side of the books."""
    raw: bytes
    """One zstd blob: see `pack_raw`."""

    def __len__(self) -> int:
        return len(self.report_device)


def taken_in(bundle: Bundle) -> tuple[int, int]:
    """Return the hour (start, µs) in which the first message of a bundle came, and how many messages were taken in with it.

    Bridge and worker both count by this, so that what was acknowledged can be held against what was booked.
    """
    first = [*bundle.report_received_at[:1].tolist(), *(refused.received_at for refused in bundle.rejected[:1])]
    return min(first, default=0) // HOUR_US * HOUR_US, sum(bundle.received.values())


_COLUMN_DTYPES: Final[dict[str, Any]] = {
    "report_device": np.dtype("<i4"),
    "report_site": np.dtype("<i4"),
    "report_observed_at": np.dtype("<i8"),
    "report_kind": np.dtype("u1"),
    "report_sent_at": np.dtype("<i8"),
    "report_received_at": np.dtype("<i8"),
    "report_sha256": np.dtype("V32"),
    "report_position": np.dtype("<i4"),
    "report_letter": np.dtype("<i8"),
    "reading_report": np.dtype("<i4"),
    "reading_parameter": np.dtype("<u2"),
    "reading_value": np.dtype("<f8"),
    "reading_flag": np.dtype("u1"),
}

_COMPRESS: Final = zstandard.ZstdCompressor(level=3)
_DECOMPRESS: Final = zstandard.ZstdDecompressor()


def pack_raw(messages: list[bytes]) -> bytes:
    """Return one compressed blob of all messages; message i is got back by `unpack_raw(blob)[i]`."""
    return _COMPRESS.compress(msgpack.packb(messages))


def unpack_raw(blob: bytes) -> list[bytes]:
    """Return the messages of a blob, exactly as they were received."""
    messages: list[bytes] = msgpack.unpackb(_DECOMPRESS.decompress(blob))
    return messages


def encode_bundle(bundle: Bundle) -> bytes:
    """Return the bytes of a bundle record."""
    fields: dict[str, Any] = {
        name: np.ascontiguousarray(getattr(bundle, name), dtype).tobytes() for name, dtype in _COLUMN_DTYPES.items()
    }
    fields |= {
        "type": BUNDLE_TYPE,
        "bridge": bundle.bridge,
        "devices": bundle.devices,
        "sites": bundle.sites,
        "parameters": bundle.parameters,
        "rejected": [vars(r) for r in bundle.rejected],
        "received": bundle.received,
        "raw": bundle.raw,
    }
    packed: bytes = msgpack.packb(fields)
    return packed


def encode_tick(tick: Tick) -> bytes:
    """Return the bytes of a tick record."""
    packed: bytes = msgpack.packb({"type": TICK_TYPE, "now": tick.now})
    return packed


def decode_record(value: bytes) -> Bundle | Tick:
    """Return what a record of the topic `reports` holds; raises ValueError where it is neither."""
    fields = msgpack.unpackb(value, use_list=True)
    kind = fields.pop("type", None) if isinstance(fields, dict) else None
    if kind == TICK_TYPE:
        return Tick(fields["now"])
    if kind == BUNDLE_BEFORE:
        fields |= _of_channels(fields)
    elif kind != BUNDLE_TYPE:
        raise ValueError(f"not a record of {BUNDLE_TYPE} or {TICK_TYPE}: {kind!r}")
    columns: dict[str, Any] = {name: np.frombuffer(fields[name], dtype) for name, dtype in _COLUMN_DTYPES.items()}
    return Bundle(
        bridge=fields["bridge"],
        devices=fields["devices"],
        sites=fields["sites"],
        parameters=fields["parameters"],
        rejected=[Rejected(**r) for r in fields["rejected"]],
        received=fields["received"],
        raw=fields["raw"],
        **columns,
    )


def _of_channels(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what `bundle.v2` has in place of the channels, (site, parameter) pairs by reading, of `bundle.v1`."""
    sites = {site: number for number, site in enumerate(dict.fromkeys(site for site, _ in fields["channels"]))}
    parameters = {code: number for number, code in enumerate(dict.fromkeys(code for _, code in fields["channels"]))}
    site_of = np.array([sites[site] for site, _ in fields["channels"]], np.int32)
    parameter_of = np.array([parameters[code] for _, code in fields["channels"]], np.uint16)
    report, channel = (np.frombuffer(fields[name], "<i4") for name in ("reading_report", "reading_channel"))
    report_site = np.zeros(len(fields["report_kind"]), np.int32)
    report_site[report] = site_of[channel]  # a report is of one site
    return {
        "sites": list(sites),
        "parameters": list(parameters),
        "report_site": report_site.tobytes(),
        "reading_parameter": parameter_of[channel].tobytes(),
    }

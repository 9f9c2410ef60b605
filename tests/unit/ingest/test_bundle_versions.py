"""Records of the version before are read as the same bundle: a log outlives the bridge that wrote it."""

import json

import msgpack
import numpy as np

from ingest.admission import admit
from ingest.bundler import Draft
from ingest.directory import Directory, ParameterNumbers
from schemas.bundle import Bundle, decode_record, encode_bundle
from schemas.registry import Registry
from schemas.times import MINUTE_US

NOON = 1_773_115_200_000_000
REGISTRY = Registry.from_tables(
    {
        "site": [{"id": "one", "kind": "stack"}, {"id": "two", "kind": "stack"}],
        "device": [{"id": "mn-1", "sites": ["one", "two"]}],
    }
)
TOPIC = "ecovigil/v1/110000/mn-1/report"


def record() -> bytes:
    """Two reports of two sites with one parameter in common, as they are written now."""
    numbers = ParameterNumbers()
    directory, draft = Directory(REGISTRY, numbers), Draft()
    for site, codes in (("two", ["a21026", "a34013"]), ("one", ["a34013"])):
        readings = [[code, 7.0 + number] for number, code in enumerate(codes)]
        document = {"site": site, "kind": "minute", "observed_at": "2026-03-10T11:58:00+08:00", "readings": readings}
        payload = json.dumps(document).encode()
        draft.add(TOPIC, payload, admit(TOPIC, payload, directory=directory, now_us=NOON + MINUTE_US), NOON)
    return encode_bundle(draft.seal("bridge", numbers.codes))


def as_before(value: bytes) -> bytes:
    """The same record as `bundle.v1`: a channel is a pair of names."""
    fields = msgpack.unpackb(value)
    sites, parameters = fields.pop("sites"), fields.pop("parameters")
    report = np.frombuffer(fields["reading_report"], "<i4")
    site = np.frombuffer(fields.pop("report_site"), "<i4")[report].tolist()
    parameter = np.frombuffer(fields.pop("reading_parameter"), "<u2").tolist()
    pairs = [(sites[s], parameters[p]) for s, p in zip(site, parameter, strict=True)]
    channels = sorted(set(pairs))
    place = np.array([channels.index(pair) for pair in pairs], "<i4")
    fields |= {"type": "bundle.v1", "channels": channels, "reading_channel": place.tobytes()}
    packed: bytes = msgpack.packb(fields)
    return packed


def named(value: bytes) -> list[tuple[str, str, float]]:
    """Site, parameter and value of each reading."""
    bundle = decode_record(value)
    assert isinstance(bundle, Bundle)
    site = bundle.report_site[bundle.reading_report].tolist()
    readings = zip(site, bundle.reading_parameter.tolist(), bundle.reading_value.tolist(), strict=True)
    return [(bundle.sites[s], bundle.parameters[p], v) for s, p, v in readings]


def test_channels_of_the_version_before_are_read_as_sites_and_parameters() -> None:
    now = record()

    assert (
        named(as_before(now)) == named(now) == [("two", "a21026", 7.0), ("two", "a34013", 8.0), ("one", "a34013", 7.0)]
    )

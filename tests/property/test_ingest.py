"""Admission on anything at all: it decides, it never raises, and it means what the wire model means."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.admission import Admitted, Refused, admit
from ingest.bundler import Draft
from ingest.directory import Directory, ParameterNumbers
from schemas.bundle import Bundle, decode_record, encode_bundle, unpack_raw
from schemas.registry import Registry
from schemas.report import ReportV1

NOON = 1_773_115_200_000_000
TOPIC = "ecovigil/v1/220100/mn-1/report"
REGISTRY = Registry.from_tables(
    {
        "site": [{"id": "s", "kind": "stack"}, {"id": "t", "kind": "stack"}],
        "device": [{"id": "mn-1", "sites": ["s", "t"]}],
    }
)

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
)
codes = st.sampled_from(["a34013", "a21026", "a21026-Zs", "w01018", "x1", ""])
plain = st.fixed_dictionaries({"parameter": codes, "value": st.floats(allow_nan=False, allow_infinity=False, width=32)})
short = st.tuples(codes, st.integers(-1000, 1000), st.sampled_from("NFMC")).map(list)
odd = st.fixed_dictionaries({}, optional={"parameter": codes | anything, "value": anything, "flag": anything})
times = st.sampled_from(
    ["2026-03-10T11:00:00+08:00", "2026-03-10 11:00", "2026-03-10T03:00:30Z", 1773111600, "late", None]
)
documents = st.fixed_dictionaries(
    {"observed_at": times, "kind": st.sampled_from(["minute", "hour", "day", "realtime", "week"])},
    optional={
        "readings": st.lists(plain | short | odd | anything, max_size=5) | anything,
        "sent_at": times | anything,
        "site": st.sampled_from(["s", "t", "u", 5]),
        "more": anything,
    },
)


def outcome_of(topic: str, payload: bytes) -> Admitted | Refused:
    return admit(topic, payload, directory=Directory(REGISTRY, ParameterNumbers()), now_us=NOON)


@given(st.text(max_size=60) | st.just(TOPIC), st.binary(max_size=300))
def test_any_bytes_on_any_topic_are_decided(topic: str, payload: bytes) -> None:
    outcome = outcome_of(topic, payload)

    assert isinstance(outcome, Admitted | Refused)


@given(documents | anything)
def test_any_json_is_decided_and_survives_the_log(document: Any) -> None:
    payload = json.dumps(document).encode()
    numbers = ParameterNumbers()
    draft = Draft()

    draft.add(TOPIC, payload, admit(TOPIC, payload, directory=Directory(REGISTRY, numbers), now_us=NOON), NOON)

    bundle = decode_record(encode_bundle(draft.seal("bridge", numbers.codes)))
    assert isinstance(bundle, Bundle)
    assert unpack_raw(bundle.raw) == [payload]
    assert len(bundle) + sum(one.whole for one in bundle.rejected) == 1 == bundle.received["mn-1"]


@given(documents)
def test_what_is_admitted_entire_is_what_the_wire_model_reads(document: Any) -> None:
    payload = json.dumps(document).encode()
    outcome = outcome_of(TOPIC, payload)

    try:
        model = ReportV1.model_validate_json(payload)
    except ValidationError:
        assert isinstance(outcome, Refused) or outcome.refused
        return
    if isinstance(outcome, Admitted) and not outcome.refused:
        assert outcome.values == [r[1] if isinstance(r, tuple) else r.value for r in model.readings]


@given(st.lists(plain, min_size=1, max_size=6, unique_by=lambda r: r["parameter"]))
def test_known_channels_and_new_ones_are_read_alike(readings: list[dict[str, Any]]) -> None:
    directory = Directory(REGISTRY, ParameterNumbers())
    document = {"observed_at": "2026-03-10T11:00", "kind": "hour", "site": "s", "readings": readings}
    payload = json.dumps(document).encode()

    first = admit(TOPIC, payload, directory=directory, now_us=NOON)
    second = admit(TOPIC, payload, directory=directory, now_us=NOON)

    assert [*first] == [*second] or (list(first[:-1]) == list(second[:-1]) and not first[-1] and not second[-1])

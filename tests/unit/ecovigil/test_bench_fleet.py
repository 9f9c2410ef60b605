"""The fleet of the benchmarks: what it sends is what the chain takes, ten readings a report, the same bytes each time."""

import json

from bus import mqtt_frames as frames
from ecovigil.bench.fleet import FleetShape, forms, is_bypassed, is_station, payloads, registry_of, times
from ingest.admission import Admitted
from ingest.intake import Intake
from ingest.registry_source import FixedRegistry
from schemas.codes import Kind

SHAPE = FleetShape(devices=20, minutes=3)


def test_every_report_is_admitted_with_ten_readings() -> None:
    intake = Intake(FixedRegistry(registry_of(SHAPE)))

    outcomes = [
        intake.judge(SHAPE.topic(number), content, SHAPE.instant(turn + 2))
        for turn, number, content in payloads(SHAPE, range(3))
    ]

    assert len(outcomes) == SHAPE.reports == 60
    assert {len(one.values) for one in outcomes if isinstance(one, Admitted)} == {10}
    assert all(isinstance(one, Admitted) and not one.refused for one in outcomes)


def test_the_same_shape_gives_the_same_bytes() -> None:
    assert list(payloads(SHAPE, range(3))) == list(payloads(SHAPE, range(3)))


def test_every_report_of_a_device_has_one_length() -> None:
    lengths = {(number, len(content)) for _, number, content in payloads(SHAPE, range(3))}

    assert len(lengths) == SHAPE.devices


def test_a_turn_is_a_minute_and_a_second_for_realtime() -> None:
    second = SHAPE.model_copy(update={"kind": Kind.REALTIME})

    assert SHAPE.instant(1) - SHAPE.instant(0) == 60_000_000
    assert second.instant(1) - second.instant(0) == 1_000_000


def test_a_bypassed_boiler_is_above_the_limit_of_gb_13223() -> None:
    observed, sent = times(SHAPE, 0)
    bypassed, well_run, limit_so2 = forms(SHAPE)[0], forms(SHAPE)[1], 100.0

    above, below = (json.loads(form.payload(observed, sent, 0)) for form in (bypassed, well_run))

    assert (is_bypassed(SHAPE, 0), is_bypassed(SHAPE, 1), is_station(0)) == (True, False, False)
    assert dict(below["readings"])["a21026-Zs"] < limit_so2 < dict(above["readings"])["a21026-Zs"]


def test_a_frame_is_its_header_and_its_report() -> None:
    content = b"x" * 300

    whole = frames.publish(SHAPE.topic(3), content, 4)

    assert whole.endswith(content)
    assert frames.bounds(whole, 0, len(whole)) == (3, len(whole))

"""What is a report and what is not, and why; expected values by hand."""

import json
from typing import Any

import pytest

from ingest.admission import KEPT_BYTES, Admitted, Limits, Refused, admit
from ingest.directory import Directory, ParameterNumbers
from ingest.periods import period_start
from schemas.codes import Kind, Rejection
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US, SECOND_US

NOON = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time = 04:00 UTC
TOPIC = "ecovigil/v1/220100/mn-1/report"

REGISTRY = Registry.from_tables(
    {
        "site": [
            {"id": "stack-1", "kind": "stack"},
            {"id": "stack-2", "kind": "stack"},
            {"id": "air-1", "kind": "ambient_air", "hour_label": "end"},
        ],
        "device": [
            {"id": "mn-1", "sites": ["stack-1"]},
            {"id": "mn-2", "sites": ["stack-1", "stack-2"]},
            {"id": "mn-air", "sites": ["air-1"]},
        ],
        "channel": [
            {"site": "stack-1", "parameter": "a21026", "unit": "g/m3"},
            {"site": "stack-1", "parameter": "a21002", "unit": "furlongs"},
        ],
    }
)


class Desk:
    """Admission at noon, with what its parameter numbers mean."""

    def __init__(self) -> None:
        self.numbers = ParameterNumbers()
        self.directory = Directory(REGISTRY, self.numbers)

    def send(self, payload: bytes, topic: str = TOPIC) -> Admitted | Refused:
        return admit(topic, payload, directory=self.directory, now_us=NOON)

    def readings(self, report: Admitted) -> dict[str, float]:
        names = [self.numbers.codes[number] for number in report.parameters]
        return dict(zip(names, report.values, strict=True))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def report(readings: Any = None, **changes: Any) -> bytes:
    content = {
        "observed_at": "2026-03-10T11:58:00+08:00",
        "kind": "minute",
        "readings": [{"parameter": "a34013", "value": 10.5, "flag": "N"}] if readings is None else readings,
    }
    return json.dumps(content | changes).encode()


def reason(outcome: Admitted | Refused) -> Rejection:
    assert isinstance(outcome, Refused)
    return outcome.reason


def accepted(outcome: Admitted | Refused) -> Admitted:
    assert isinstance(outcome, Admitted), outcome
    return outcome


def test_a_plain_report_is_admitted_with_its_times(desk: Desk) -> None:
    admitted = accepted(desk.send(report()))

    assert desk.readings(admitted) == {"a34013": 10.5}
    assert (admitted.observed_at, admitted.kind, admitted.flags) == (NOON - 2 * MINUTE_US, Kind.MINUTE, "N")
    assert admitted.sent_at == NOON - MINUTE_US  # the end of the period


def test_the_second_report_of_a_channel_reads_the_same(desk: Desk) -> None:
    first = accepted(desk.send(report([["a34013", 10], ["a19001", 6.5, "M"]])))

    again = accepted(desk.send(report([["a34013", 10], ["a19001", 6.5, "M"]])))

    assert again == first._replace(refused=())
    assert (again.values, again.flags) == ([10.0, 6.5], "NM")


def test_a_time_without_offset_is_china_standard_time(desk: Desk) -> None:
    admitted = accepted(desk.send(report(observed_at="2026-03-10T11:58:00", sent_at="2026-03-10T03:59:30Z")))

    assert (admitted.observed_at, admitted.sent_at) == (NOON - 2 * MINUTE_US, NOON - 30 * SECOND_US)


def test_a_channel_with_a_unit_of_its_own_is_turned_to_the_canonical_one(desk: Desk) -> None:
    admitted = accepted(desk.send(report([["a21026", 0.035]])))

    assert desk.readings(admitted) == {"a21026": pytest.approx(35.0)}  # g/m³ to mg/m³


def test_a_period_off_its_grid_belongs_to_the_period_it_lies_in(desk: Desk) -> None:
    admitted = accepted(desk.send(report(observed_at="2026-03-10T11:57:30+08:00")))

    assert admitted.observed_at == NOON - 3 * MINUTE_US


def test_a_day_begins_at_midnight_in_china() -> None:
    assert period_start(NOON, Kind.DAY) == NOON - 12 * HOUR_US
    assert period_start(NOON + 7, Kind.REALTIME) == NOON + 7


def test_an_hour_labelled_by_its_end_is_turned_to_its_start(desk: Desk) -> None:
    payload = report([["a34004", 80]], observed_at="2026-03-10T12:00:00+08:00", kind="hour")

    admitted = accepted(desk.send(payload, "ecovigil/v1/110000/mn-air/report"))

    assert (admitted.observed_at, admitted.sent_at) == (NOON - HOUR_US, NOON)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", Rejection.MALFORMED),
        (b"\xff\xfe", Rejection.MALFORMED),
        (b"[" * 100_00, Rejection.MALFORMED),
        (report()[:-9], Rejection.MALFORMED),
        (b"[1]", Rejection.MALFORMED),
        (report(kind="week"), Rejection.MALFORMED),
        (report(kind=["hour"]), Rejection.MALFORMED),
        (report(observed_at="yesterday"), Rejection.MALFORMED),
        (report(observed_at="1999-12-31T23:59:00+08:00"), Rejection.MALFORMED),
        (report(sent_at={}), Rejection.MALFORMED),
        (report([]), Rejection.MALFORMED),
        (report({"a34013": 1}), Rejection.MALFORMED),
        (report([["a34013", 1.0]] * 1001), Rejection.MALFORMED),
        (report(site=7), Rejection.MALFORMED),
        (report(site="stack-2"), Rejection.NOT_ITS_SITE),
        (report(observed_at="2026-03-10T12:05:01+08:00"), Rejection.FUTURE_DATED),
        (report([["x99999", 1.0]]), Rejection.UNKNOWN_PARAMETER),
        (report([["a21002", 1.0]]), Rejection.UNKNOWN_PARAMETER),  # its registered unit cannot be
        (report([["a34013", None]]), Rejection.INVALID_VALUE),
        (report([["a34013", None], ["x99999", 1.0]]), Rejection.UNKNOWN_PARAMETER),
        (b"0" * 65_537, Rejection.OVERSIZED),
    ],
)
def test_an_unusable_message_is_refused_with_its_reason(desk: Desk, payload: bytes, expected: Rejection) -> None:
    assert reason(desk.send(payload)) is expected


def test_five_minutes_ahead_is_still_believed(desk: Desk) -> None:
    assert isinstance(desk.send(report(observed_at="2026-03-10T12:05:00+08:00")), Admitted)


@pytest.mark.parametrize("topic", ["ecovigil", "ecovigil/v1/220100/mn-1/reports", "ecovigil/v2/220100/mn-1/report"])
def test_another_topic_is_a_wrong_topic(desk: Desk, topic: str) -> None:
    outcome = desk.send(report(), topic)

    assert outcome == Refused(Rejection.WRONG_TOPIC, "not ecovigil/v1/{region}/{device_id}/report")


def test_a_device_that_is_not_registered_is_unknown(desk: Desk) -> None:
    outcome = desk.send(b"whatever", "ecovigil/v1/220100/mn-9/report")

    assert outcome == Refused(Rejection.UNKNOWN_DEVICE, "mn-9", "mn-9")


def test_a_device_with_two_sites_has_to_name_one(desk: Desk) -> None:
    topic = "ecovigil/v1/220100/mn-2/report"

    assert reason(desk.send(report(), topic)) is Rejection.NOT_ITS_SITE
    assert isinstance(desk.send(report(site="stack-2"), topic), Admitted)


@pytest.mark.parametrize(
    "bad",
    [
        {"parameter": "a21026", "value": "high"},
        {"parameter": "a21026", "value": 1e308, "flag": "N"},  # g/m³: beyond a double in mg/m³
        {"parameter": "a21026", "value": 1.0, "flag": "NN"},
        {"value": 1.0},
        ["a21026"],
        ["a21026", 1.0, "N", 4],
        ["a21026", 10**400],
        "a21026=1",
        None,
    ],
)
def test_one_bad_reading_does_not_lose_the_others(desk: Desk, bad: Any) -> None:
    admitted = accepted(desk.send(report([["a34013", 1.5], bad, ["a19001", 6.0]])))

    assert desk.readings(admitted) == {"a34013": 1.5, "a19001": 6.0}
    assert [one.reason for one in admitted.refused] == [Rejection.INVALID_VALUE]


def test_not_a_number_costs_only_its_reading(desk: Desk) -> None:
    payload = report([["a34013", 1.5], ["a19001", float("nan")]])

    admitted = accepted(desk.send(payload))

    assert desk.readings(admitted) == {"a34013": 1.5}
    assert admitted.refused[0].site_id == "stack-1"


def test_of_two_readings_of_one_parameter_the_last_is_in_force(desk: Desk) -> None:
    admitted = accepted(desk.send(report([["a34013", 1.0], ["a34013", 2.0], ["a34013", None]])))

    assert desk.readings(admitted) == {"a34013": 2.0}
    assert [one.reason for one in admitted.refused] == [Rejection.INVALID_VALUE] * 2


def test_what_a_text_column_cannot_hold_is_escaped_in_the_detail(desk: Desk) -> None:
    outcome = desk.send(report([["\x00\x1b[2J", 1.0]]))

    assert isinstance(outcome, Refused)
    assert outcome.detail == r"no usable reading; readings[0]: \x00\x1b[2J"


def test_of_a_giant_message_the_detail_says_how_much_is_kept() -> None:
    outcome = admit(
        TOPIC, b"0" * (KEPT_BYTES + 1), directory=Directory(REGISTRY, ParameterNumbers()), now_us=NOON, limits=Limits()
    )

    assert isinstance(outcome, Refused)
    assert outcome.detail == "786433 > 65536 bytes; the first 786432 are kept"

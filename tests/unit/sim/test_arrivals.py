"""What a feed sends, and when it arrives."""

import json
from typing import Any

from schemas.registry import Registry
from schemas.times import SECOND_US, to_cst
from sim.arrivals import Arrival, timeline
from sim.scenario_inputs import Feed

START = to_cst(1773100800_000_000).replace(tzinfo=None)


def sent(**more: Any) -> list[Arrival]:
    """Return the arrivals of one feed of two minutes."""
    tables = {"device": "mn-1", "site": "crusher-1", "kind": "minute", "from": START, "values": {"a34013": 1.5}}
    given = {"count": 2} | more
    return timeline([Feed.model_validate(tables | given)], Registry())


def test_a_report_arrives_five_seconds_after_its_period() -> None:
    first, second = sent()

    assert first.at == 1773100800_000_000 + 65 * SECOND_US
    assert second.at - first.at == 60 * SECOND_US


def test_a_report_says_what_it_covers_and_when_it_was_sent() -> None:
    payload = json.loads(sent(flags={"a34013": "C"})[0].payload)

    assert payload == {
        "observed_at": "2026-03-10T08:00:00+08:00",
        "sent_at": "2026-03-10T08:01:00+08:00",
        "kind": "minute",
        "site": "crusher-1",
        "readings": [["a34013", 1.5, "C"]],
    }


def test_a_realtime_reading_arrives_five_seconds_after_its_instant() -> None:
    assert sent(kind="realtime", count=1)[0].at == 1773100800_000_000 + 5 * SECOND_US


def test_repeated_reports_are_the_same_bytes() -> None:
    arrivals = sent(repeat=3)

    assert len(arrivals) == 6
    assert len({arrival.payload for arrival in arrivals}) == 2


def test_shuffled_reports_come_in_another_order_but_never_before_their_time() -> None:
    straight, shuffled = sent(count=30), sent(count=30, shuffle=True)

    assert sorted(a.payload for a in straight) == sorted(a.payload for a in shuffled)
    assert [a.payload for a in straight] != [a.payload for a in shuffled]
    assert {a.at for a in shuffled} == {straight[-1].at}


def test_shuffling_is_the_same_every_time() -> None:
    assert sent(count=30, shuffle=True) == sent(count=30, shuffle=True)

"""What both stores tell the alerts role of verdicts and windows."""

from dataclasses import replace

import numpy as np
import pytest

from schemas.codes import Outcome, Period
from schemas.columns import Means, Readings, Reports
from schemas.times import HOUR_US, SECOND_US
from store.alert_port import Place, Segment, Window, WindowFacts
from store.port import Advance, Verdicts, WorkBatch
from tests.contract.alert_stores import Store

T0 = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""
NOX = Place("boiler-1", "a21002", Period.HOUR)


@pytest.fixture
def store(alert_stores: Store) -> Store:
    return alert_stores


def verdicts(store: Store, letters: str) -> None:
    (series,) = store.series_numbers([("boiler-1", "a21002")])
    words = {"E": Outcome.EXCEEDED, "M": Outcome.MET, "N": Outcome.NOT_JUDGED}
    count, nan = len(letters), float("nan")
    rows = Verdicts.of(
        series=[series] * count, period=[0] * count, start=[T0 + i * HOUR_US for i in range(count)],
        outcome=[words[letter].value for letter in letters], value=[130.0] * count, limit_min=[nan] * count,
        limit_max=[100.0] * count, times_over=[0.3 if letter == "E" else nan for letter in letters],
        reason=[""] * count, rule=["rule-1"] * count, binding=["binding-1"] * count, basis=["measured"] * count,
    )  # fmt: skip
    store.commit_work(WorkBatch([], verdicts=rows))


def hours(segment: Segment) -> str:
    return " ".join(f"{(w.start - T0) // HOUR_US}{'E' if w.exceeded else 'M'}" for w in segment.windows)


@pytest.mark.parametrize(
    ("first", "last", "low", "high", "inside"),
    [(2, 2, 0, 4, "1E 2E 4M"), (0, 0, None, 4, "0M 1E 2E 4M"), (4, 5, 0, None, "1E 2E 4M 5E"), (9, 9, 4, None, "5E")],
)
def test_a_segment_reaches_to_the_nearest_met_windows(
    store: Store, first: int, last: int, low: int | None, high: int | None, inside: str
) -> None:
    verdicts(store, "MEENME")

    (segment,) = store.segments([(NOX, T0 + first * HOUR_US, T0 + last * HOUR_US)])

    assert segment.low == (None if low is None else T0 + low * HOUR_US)
    assert segment.high == (None if high is None else T0 + high * HOUR_US)
    assert hours(segment) == inside


def test_a_window_brings_its_figures_and_its_rule(store: Store) -> None:
    verdicts(store, "E")

    (segment,) = store.segments([(NOX, T0, T0)])

    (window,) = segment.windows
    assert window == Window(T0, True, 130.0, None, 100.0, 0.3, "rule-1", "binding-1", "measured")


def test_segments_of_several_places_come_in_the_order_asked(store: Store) -> None:
    verdicts(store, "MEM")
    unknown = replace(NOX, site="nowhere")

    found = store.segments([(NOX, T0 + HOUR_US, T0 + HOUR_US), (unknown, T0, T0), (NOX, T0, T0)])

    assert [hours(segment) for segment in found] == ["1E 2M", "", "0M 1E 2M"]
    assert store.segments([]) == []


def test_a_series_that_nobody_knows_has_no_verdicts(store: Store) -> None:
    assert store.segments([(replace(NOX, site="nowhere"), T0, T0)]) == [Segment(None, None, ())]


def test_facts_of_a_window_are_its_oxygen_and_its_flags(store: Store) -> None:
    nox, oxygen = store.series_numbers([("boiler-1", "a21002"), ("boiler-1", "a19001")])
    means = Means.of(
        series=[nox, oxygen], period=[0, 0], start=[T0, T0], value=[130.0, 9.6], samples=[57, 60],
        kind=[1, 1], valid=[True, True], reason=["", ""],
    )  # fmt: skip
    readings = Readings.of(
        series=[nox] * 4, kind=[1] * 4, observed_at=[T0 + i * 60 * SECOND_US for i in (0, 1, 2, 60)], value=[130.0] * 4,
        flag=[ord(letter) for letter in "NCCC"], sent_at=[T0] * 4, sha8=[1] * 4,
    )  # fmt: skip
    store.commit_work(stored(store, readings, means))

    windows = [(replace(NOX, site="boiler-2"), T0), (NOX, T0)]
    assert store.window_facts(windows) == [WindowFacts(), WindowFacts(9.6, {"C": 2})]


def stored(store: Store, readings: Readings, means: Means) -> WorkBatch:
    (lease,) = store.claim("reports", "log-1", [0], "worker")
    (device,) = store.device_numbers(["mn"])
    report = Reports.of(
        device=[device], observed_at=[T0], kind=[1], sha256=np.zeros(1, "V32"), sent_at=[T0], received_at=[T0],
        bundle=[0], position=[0],
    )  # fmt: skip
    of = np.zeros(len(readings), np.int32)
    return WorkBatch(
        [Advance(lease, 1, T0)], raws=[(0, 0, b"")], reports=report, readings=readings, reading_report=of, means=means
    )

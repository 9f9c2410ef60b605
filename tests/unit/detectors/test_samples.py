"""Single readings beside the day mean (GB 18918-2002 as amended from 2026-03-01, facts.md 5.2): the permit's figure, from its day on."""

import numpy as np
import pytest

from detectors.offline import Recording, judge_readings
from schemas.codes import Kind
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US, date_us, day_of
from store.port import Verdicts

T = date_us(day_of(1_772_323_200_000_000))  # 2026-03-01 00:00 China Standard Time
COD, INSTANT, DAY = "w01018", 3, 1


def outlet(averaging: str = "single_sample", first: str = "2026-03-01") -> Registry:
    permit = {"site": "s", "parameter": COD, "limit": 80.0, "averaging": averaging, "effective_from": first}
    binding = {
        "site": "s", "standard": "GB 18918-2002", "category": "municipal wastewater plant", "variant": "1A",
        "effective_from": "2016-01-01", "reason": "r",
    }  # fmt: skip
    return Registry.from_tables({"site": [{"id": "s", "kind": "effluent"}], "binding": [binding], "permit": [permit]})


def judged(
    registry: Registry, values: list[float], kind: Kind = Kind.HOUR, start: int = T, flags: str = ""
) -> Verdicts:
    n, step = len(values), HOUR_US if kind is Kind.HOUR else MINUTE_US
    recording = Recording(
        channels=[("s", COD)], channel=np.zeros(n, np.int32), kind=np.full(n, kind, np.uint8),
        observed_at=start + step * np.arange(n), value=np.array(values, np.float64),
        flag=np.frombuffer((flags or "N" * n).encode(), np.uint8),
    )  # fmt: skip
    return judge_readings(registry, recording).verdicts


def said(verdicts: Verdicts, period: int) -> list[tuple[str, float]]:
    rows = np.flatnonzero(verdicts.period == period).tolist()
    return [(verdicts.outcome[r], round(float(verdicts.times_over[r]), 6)) for r in rows]


def test_a_single_reading_and_the_day_are_judged_each_by_its_own_figure() -> None:
    """92/80 − 1 = 0.15; the day of 92 and 4 is 48, at or below 50."""
    verdicts = judged(outlet(), [92.0, 4.0])

    assert said(verdicts, INSTANT) == [("exceeded", 0.15), ("met", pytest.approx(float("nan"), nan_ok=True))]
    assert [outcome for outcome, _ in said(verdicts, DAY)] == ["met"]


def test_before_the_permits_day_no_single_reading_is_judged() -> None:
    assert said(judged(outlet(), [92.0], start=T - HOUR_US), INSTANT) == []


def test_a_figure_for_days_meets_no_single_reading() -> None:
    assert said(judged(outlet("daily_mean"), [92.0]), INSTANT) == []


def test_minutes_are_judged_one_by_one_and_their_hour_is_not() -> None:
    """92, 80, 60: over, equal, below."""
    verdicts = judged(outlet(), [92.0, 80.0, 60.0], Kind.MINUTE)

    assert [outcome for outcome, _ in said(verdicts, INSTANT)] == ["exceeded", "met", "met"]
    assert said(verdicts, 0) == []


def test_of_two_kinds_that_begin_together_the_finer_one_counts() -> None:
    """The hour of 92 begins with the minute of 60; the second minute, 81/80 − 1 = 0.0125, is over."""
    n, at = 3, np.array([T, T, T + MINUTE_US])
    recording = Recording(
        channels=[("s", COD)], channel=np.zeros(n, np.int32),
        kind=np.array([Kind.HOUR, Kind.MINUTE, Kind.MINUTE], np.uint8), observed_at=at,
        value=np.array([92.0, 60.0, 81.0]), flag=np.frombuffer(b"NNN", np.uint8),
    )  # fmt: skip

    told = said(judge_readings(outlet(), recording).verdicts, INSTANT)

    assert [outcome for outcome, _ in told] == ["met", "exceeded"]
    assert told[1][1] == 0.0125


def test_a_reading_that_is_no_valid_value_is_not_judged() -> None:
    verdicts = judged(outlet(), [92.0, 92.0], flags="ND")

    assert [outcome for outcome, _ in said(verdicts, INSTANT)] == ["exceeded", "not_judged"]

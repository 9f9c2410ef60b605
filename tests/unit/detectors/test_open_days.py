"""Hour means of open days come back as they were put, the later one of an hour in the place of the earlier."""

import numpy as np
import pytest

from detectors.open_days import OpenDays
from detectors.reporters import Reporters
from schemas.codes import Kind, NotJudged
from schemas.columns import PERIOD_HOUR, Means
from schemas.times import DAY_US, HOUR_US

DAY = 1_773_072_000_000_000
"""2026-03-10 00:00 CST."""
NAN = float("nan")


def hours(series: list[int], hour: int, value: float, reason: str = "", converted: float = NAN) -> Means:
    """Return means of one hour of the day."""
    n = len(series)
    return Means.of(
        series=series, period=[PERIOD_HOUR] * n, start=[DAY + hour * HOUR_US] * n, value=[value] * n, samples=[60] * n,
        kind=[Kind.MINUTE] * n, valid=[reason == ""] * n, reason=[reason] * n, converted=[converted] * n, mass_kg=[NAN] * n,
    )  # fmt: skip


def days() -> OpenDays:
    """Return open days of series 1 and 2, devices 0 and 1."""
    reporters = Reporters()
    reporters.note(np.array([1, 2], np.int32), np.array([0, 1], np.int32))
    return OpenDays(reporters)


def ends(*past: bool) -> np.ndarray:
    """Return frontiers of devices: past the end of the day or not."""
    return np.array([DAY + DAY_US * is_past for is_past in past], np.int64)


def rows(means: Means) -> list[tuple[object, ...]]:
    """Return all columns row by row, NaN as None."""
    columns = (getattr(means, name).tolist() for name in Means.DTYPES)
    return [tuple(None if v != v else v for v in row) for row in zip(*columns, strict=True)]


def test_a_day_comes_back_by_series_and_hour() -> None:
    kept = days()
    parts = [hours([2, 1], 3, 7.5), hours([1], 1, 0.25, NotJudged.MARKED.value), hours([2], 23, 4.0, converted=5.0)]
    for part in parts:
        kept.put(part)

    found = kept.close(ends(True, True))

    everything = Means.concat(parts)
    assert rows(found) == rows(everything.take(np.lexsort((everything.start, everything.series))))


def test_the_later_mean_of_an_hour_stands_with_all_that_it_lacks() -> None:
    kept = days()
    kept.put(hours([1], 5, 10.0, converted=12.0))
    kept.put(hours([1], 5, 11.0, NotJudged.TOO_FEW_SAMPLES.value))

    assert rows(kept.close(ends(True, True))) == rows(hours([1], 5, 11.0, NotJudged.TOO_FEW_SAMPLES.value))


def test_hours_without_amounts_before_the_first_that_has_some_stay_without() -> None:
    kept = days()
    kept.put(hours([1], 0, 1.0))
    kept.put(hours([1], 1, 2.0, converted=3.0))

    assert kept.close(ends(True, True)).converted.tolist() == pytest.approx([NAN, 3.0], nan_ok=True)


def test_a_day_closes_once_for_each_device() -> None:
    kept = days()
    kept.put(hours([1, 2], 0, 1.0))

    assert kept.close(ends(False, True)).series.tolist() == [2]
    assert kept.close(ends(False, True)).series.tolist() == []
    assert kept.close(ends(True, True)).series.tolist() == [1]
    assert kept.nbytes == 0


def test_the_hours_of_one_series_are_shown_and_stay() -> None:
    kept = days()
    kept.put(hours([1, 2], 0, 1.0))
    kept.put(hours([2], 1, 2.0, converted=3.0))

    expected = rows(Means.concat([hours([2], 0, 1.0), hours([2], 1, 2.0, converted=3.0)]))
    assert rows(kept.of(np.array([2, 9], np.int32))) == expected
    assert len(kept.close(ends(True, True))) == 3

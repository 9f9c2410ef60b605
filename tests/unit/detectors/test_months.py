"""Station months of surface water: the mean of the valid readings, rated when the month is over (facts.md 5.3)."""

from datetime import datetime

import numpy as np
import pytest

from detectors.months import months_ended
from detectors.offline import Recording, judge_readings
from schemas.codes import Kind
from schemas.registry import Registry
from schemas.times import DAY_US, HOUR_US, local_us

MARCH = local_us(datetime.fromisoformat("2026-03-01T00:00"))
APRIL = local_us(datetime.fromisoformat("2026-04-01T00:00"))
NH3N, PH, MONTH = "w21003", "w01001", 2
RIVER = Registry.from_tables(
    {
        "site": [{"id": "s", "kind": "surface_water"}],
        "binding": [
            {
                "site": "s", "standard": "GB 3838-2002", "category": "river", "variant": "Ⅲ",
                "effective_from": "2021-01-01", "reason": "target",
            }
        ],
    }
)  # fmt: skip


def month_of(parameter: str, values: list[float], flags: str, start: int = MARCH) -> tuple[float, int, str]:
    """Return (mean, samples, outcome) of the month of one reading a day."""
    n = len(values)
    recording = Recording(
        channels=[("s", parameter)], channel=np.zeros(n, np.int32), kind=np.full(n, Kind.HOUR, np.uint8),
        observed_at=start + DAY_US * np.arange(n), value=np.array(values, np.float64),
        flag=np.frombuffer(flags.encode(), np.uint8),
    )  # fmt: skip
    found = judge_readings(RIVER, recording)
    mean, verdict = (np.flatnonzero(rows.period == MONTH)[0] for rows in (found.means, found.verdicts))
    return float(found.means.value[mean]), int(found.means.samples[mean]), str(found.verdicts.outcome[verdict])


def test_a_month_is_the_mean_of_its_valid_hours() -> None:
    """0.8, 1.0, 1.5 and one of 9.9 at fault: 3.3/3 = 1.1 > 1.0."""
    assert month_of(NH3N, [0.8, 1.0, 1.5, 9.9], "NNND") == (pytest.approx(1.1), 3, "exceeded")


def test_the_ph_of_a_month_is_its_median() -> None:
    """7, 8, 13: 8."""
    assert month_of(PH, [7.0, 8.0, 13.0], "NNN") == (8.0, 3, "met")


def test_a_reading_of_the_next_month_is_not_in_it() -> None:
    """0.8 on 31 March, 9.0 on 1 April: 0.8."""
    assert month_of(NH3N, [0.8, 9.0], "NN", APRIL - DAY_US) == (0.8, 1, "met")


def test_months_end_when_their_end_is_passed_each_once() -> None:
    assert months_ended(APRIL - HOUR_US, APRIL) == [APRIL]
    assert months_ended(APRIL, APRIL + HOUR_US) == []
    assert len(months_ended(MARCH, local_us(datetime.fromisoformat("2027-03-01T00:00")))) == 12
    assert months_ended(0, APRIL) == []

"""Judging a recording without servers: hand-worked hours and days of the law's own figures."""

import numpy as np
import pytest

from detectors.offline import Recording, judge_readings
from schemas.codes import Kind
from schemas.errors import InvalidConfiguration
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US, date_us, day_of

T = date_us(day_of(1_773_115_200_000_000))  # 2026-03-10 00:00 China Standard Time
TURBINE = ("GB 13223-2011", "natural gas turbine", "all")
INCINERATOR = ("GB 18485-2014", "municipal waste incinerator", "all")
TOWN = ("GB 18918-2002", "municipal wastewater plant", "1A")
NOX, SO2, OXYGEN, COD, FLOW, PH = "a21002", "a21026", "a19001", "w01018", "w00000", "w01001"


def plant(binding, kind="stack", **more):
    bound = dict(zip(("standard", "category", "variant"), binding, strict=True))
    dated = {"site": "s", "effective_from": "2010-01-01", "reason": "test"}
    return Registry.from_tables({"site": [{"id": "s", "kind": kind}], "binding": [bound | dated]} | more)


def recorded(kind, step, *series, flags=None):
    """Return a recording of series (parameter, values) at the same instants from T on."""
    n = len(series[0][1])
    return Recording(
        channels=[("s", parameter) for parameter, _ in series],
        channel=np.repeat(np.arange(len(series), dtype=np.int32), n),
        kind=np.full(n * len(series), kind, np.uint8),
        observed_at=np.tile(T + step * np.arange(n), len(series)),
        value=np.concatenate([values for _, values in series]).astype(np.float64),
        flag=np.frombuffer((flags or "N" * n).encode() * len(series), np.uint8),
    )


def said(registry, recording, parameter=None, period=0):
    """Return (outcome, value, times over or reason) of each verdict of a parameter."""
    judged = judge_readings(registry, recording)
    v = judged.verdicts
    rows = [
        r for r in range(len(v)) if v.period[r] == period and parameter in (None, judged.names[int(v.series[r])][1])
    ]
    return [(v.outcome[r], round(float(v.value[r]), 9), v.reason[r] or round(float(v.times_over[r]), 9)) for r in rows]


def test_converted_to_baseline_oxygen_by_the_formula_of_gb_13271():
    """C = C'(21 - 15)/(21 - O2): 80 at 13 % is 80 * 6/8 = 60, over 50 by 0.2."""
    hour = recorded(Kind.HOUR, HOUR_US, (NOX, [80.0]), (OXYGEN, [13.0]))

    assert said(plant(TURBINE), hour, NOX) == [("exceeded", 60.0, 0.2)]


def test_the_devices_own_converted_value_goes_first():
    hour = recorded(Kind.HOUR, HOUR_US, (NOX, [80.0]), (OXYGEN, [13.0]), (NOX + "-Zs", [49.0]))

    assert said(plant(TURBINE), hour, NOX)[0][:2] == ("met", 49.0)


@pytest.mark.parametrize(("oxygen", "reason"), [(20.5, "oxygen_guard"), (20.49, "")])
def test_oxygen_at_the_guard_is_not_converted(oxygen, reason):
    """Facts 5: no conversion at 20.5 % and above; at 20.49 %: 4 * 6/0.51 = 47.06, below 50."""
    hour = recorded(Kind.HOUR, HOUR_US, (NOX, [4.0]), (OXYGEN, [oxygen]))

    outcome, value, why = said(plant(TURBINE), hour, NOX)[0]

    assert (outcome, why == reason) == (("not_judged", True) if reason else ("met", False))
    assert reason or value == round(4 * 6 / 0.51, 9)


def test_without_oxygen_nothing_is_guessed():
    hour = recorded(Kind.HOUR, HOUR_US, (NOX, [80.0]))

    assert said(plant(TURBINE), hour)[0][::2] == ("not_judged", "conversion_missing")


@pytest.mark.parametrize(("valid", "outcome"), [(45, "exceeded"), (44, "not_judged")])
def test_a_gas_hour_needs_45_valid_minutes(valid, outcome):
    """HJ 212-2017 annex D."""
    flags = "N" * valid + "C" * (60 - valid)
    minutes = recorded(Kind.MINUTE, MINUTE_US, (NOX, [80.0] * 60), (NOX + "-Zs", [60.0] * 60), flags=flags)

    assert said(plant(TURBINE), minutes)[0][0] == outcome


@pytest.mark.parametrize(("hours", "outcome"), [(20, "met"), (19, "not_judged")])
def test_a_day_of_waste_incineration_needs_20_valid_hours(hours, outcome):
    """GB 18484-2020 3.18, facts 6.2; GB 18485-2014: SO2 80 as a day's mean at 11 % oxygen, equal is met."""
    flags = "N" * hours + "D" * (24 - hours)
    day = recorded(Kind.HOUR, HOUR_US, (SO2, [80.0] * 24), (SO2 + "-Zs", [80.0] * 24), flags=flags)

    assert [verdict[0] for verdict in said(plant(INCINERATOR), day, period=1)] == [outcome]


def test_a_day_of_discharged_water_is_weighted_with_the_flow():
    """HJ 212-2017 D.1: (40*1 + 60*3)/(1 + 3) = 55, over 50 by 0.1; the plain mean would be 50."""
    day = recorded(Kind.HOUR, HOUR_US, (COD, [40.0, 60.0]), (FLOW, [1.0, 3.0]))

    assert said(plant(TOWN, "effluent"), day, COD, period=1) == [("exceeded", 55.0, 0.1)]


def test_ph_is_a_median_and_judged_by_its_range():
    day = recorded(Kind.HOUR, HOUR_US, (PH, [5.0, 9.5, 9.2]))

    outcome, value, _ = said(plant(TOWN, "effluent"), day, PH, period=1)[0]

    assert (outcome, value) == ("exceeded", 9.2)


def test_the_later_row_of_one_instant_is_in_force():
    twice = recorded(Kind.HOUR, 0, (NOX, [80.0, 20.0]), (NOX + "-Zs", [80.0, 20.0]))

    assert said(plant(TURBINE), twice)[0][:2] == ("met", 20.0)


def test_values_come_in_the_unit_that_is_registered():
    channel = [{"site": "s", "parameter": NOX + "-Zs", "unit": "g/m3"}, {"site": "s", "parameter": NOX, "unit": "g/m3"}]
    hour = recorded(Kind.HOUR, HOUR_US, (NOX, [0.06]), (NOX + "-Zs", [0.06]))

    assert said(plant(TURBINE, channel=channel), hour) == [("exceeded", 60.0, 0.2)]


def test_hours_labelled_by_their_end_are_turned():
    registry = Registry.from_tables({"site": [{"id": "s", "kind": "stack", "hour_label": "end"}]})

    judged = judge_readings(registry, recorded(Kind.HOUR, HOUR_US, (NOX, [1.0])))

    assert judged.means.start.tolist()[0] == T - HOUR_US


def test_nothing_recorded_is_nothing_judged():
    judged = judge_readings(plant(TURBINE), recorded(Kind.HOUR, HOUR_US, (NOX, [])))

    assert (len(judged.means), len(judged.verdicts)) == (0, 0)


def test_what_is_not_registered_is_refused():
    recording = recorded(Kind.HOUR, HOUR_US, ("a99999", [1.0]))

    with pytest.raises(InvalidConfiguration) as refused:
        judge_readings(Registry(), recording)

    assert ["no site 's'" in refused.value.problems[0], "'a99999'" in refused.value.problems[1]] == [True, True]


def test_a_wet_channel_at_actual_state_is_brought_to_standard_state_and_dry():
    """60 at 136.5 °C and 101.325 kPa is 60 × 1.5 = 90; in gas with 10 % moisture 90/0.9 = 100; at 15 % oxygen, the baseline, 100."""
    channel = {"channel": [{"site": "s", "parameter": NOX, "unit": "mg/m3", "state": "actual_wet"}]}
    gas = [("a01012", [136.5]), ("a01013", [0.0]), ("a01006", [101.325]), ("a01014", [10.0])]
    hour = recorded(Kind.HOUR, HOUR_US, (NOX, [60.0]), (OXYGEN, [15.0]), *gas)

    assert said(plant(TURBINE, **channel), hour, NOX) == [("exceeded", 100.0, 1.0)]


def test_without_temperature_a_channel_at_actual_state_is_not_judged():
    channel = {"channel": [{"site": "s", "parameter": NOX, "unit": "mg/m3", "state": "actual_dry"}]}
    hour = recorded(Kind.HOUR, HOUR_US, (NOX, [60.0]), (OXYGEN, [15.0]), ("a01006", [101.325]))

    assert [row[::2] for row in said(plant(TURBINE, **channel), hour, NOX)] == [("not_judged", "too_few_samples")]


def test_a_flow_is_made_of_velocity_and_section():
    """10 m/s × 2 m² × 273/409.5 × 0.9 = 12 m³/s; 50 mg/m³ × 12 × 3600 × 10⁻⁶ = 2.16 kg."""
    gas = [("a01012", [136.5]), ("a01013", [0.0]), ("a01006", [101.325]), ("a01014", [10.0])]
    hour = recorded(Kind.HOUR, HOUR_US, (NOX, [50.0]), ("a01011", [10.0]), ("a01016", [2.0]), *gas)

    judged = judge_readings(plant(TURBINE), hour)

    rows = [r for r in range(len(judged.means)) if judged.names[int(judged.means.series[r])][1] == NOX]
    assert [round(float(judged.means.mass_kg[r]), 9) for r in rows if judged.means.period[r] == 0] == [2.16]


def test_ppm_of_no_and_no2_become_nox_as_no2():
    """(100 + 10) ppm × 46.005/22.4 = 225.917 mg/m³; at 15 % oxygen; 225.917/50 − 1 = 3.518."""
    channel = {"channel": [{"site": "s", "parameter": code, "unit": "ppm"} for code in ("a21003", "a21004")]}
    hour = recorded(Kind.HOUR, HOUR_US, ("a21003", [100.0]), ("a21004", [10.0]), (OXYGEN, [15.0]))

    ((outcome, value, over),) = said(plant(TURBINE, **channel), hour, NOX)
    assert (outcome, round(value, 3), round(over, 3)) == ("exceeded", 225.917, 3.518)

"""The formulas of HJ 75-2017 annex C and HJ 212-2017 annex D (facts.md 6.1), worked by hand."""

import pytest

from standards.gas_formulas import (
    at_baseline,
    at_standard_state,
    dry,
    mass_kg_h,
    nox_as_no2,
    of_ppm,
    standard_flow_m3_s,
)


def test_standard_state_by_temperature_and_pressure() -> None:
    """At 136.5 °C a gas has 1.5 times the volume of 0 °C; at 101,325 Pa nothing else changes: 100 becomes 150."""
    assert at_standard_state(100.0, 136.5, 101_325.0, 0.0) == pytest.approx(150.0)


def test_standard_state_under_suction() -> None:
    """Air 100,000 Pa, gas −1,325 Pa against it: 98,675 Pa; 100 × 101,325/98,675 = 102.686 at 0 °C."""
    assert at_standard_state(100.0, 0.0, 100_000.0, -1_325.0) == pytest.approx(102.6856, abs=1e-4)


def test_dry_gas() -> None:
    """90 in gas with 10 % of moisture: 90/(1 − 0.10) = 100."""
    assert dry(90.0, 10.0) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("parameter", "mg_m3"), [("a21026", 2.859821), ("a21003", 1.339554), ("a21004", 2.053795), ("a21002", 2.053795)]
)
def test_one_ppm_is_the_molar_mass_by_the_molar_volume(parameter: str, mg_m3: float) -> None:
    """64.06/22.4, 30.006/22.4, 46.005/22.4."""
    assert of_ppm(parameter) == pytest.approx(mg_m3, abs=1e-6)


def test_nox_is_counted_as_no2_from_either_unit() -> None:
    """NO 100 ppm, NO2 10 ppm: 110 × 46.005/22.4 = 225.917; NO 133.955 mg/m³ × 46.005/30.006 + 20.538 is the same."""
    of_volumes = 110 * of_ppm("a21002")

    assert of_volumes == pytest.approx(225.9174, abs=1e-4)
    assert nox_as_no2(100 * of_ppm("a21003"), 10 * of_ppm("a21004")) == pytest.approx(of_volumes)


def test_conversion_to_the_baseline_oxygen() -> None:
    """GB 13271: 240 × (21 − 9)/(21 − 11.4) = 300."""
    assert at_baseline(240.0, 11.4, 9.0) == pytest.approx(300.0)


def test_flow_at_standard_state_and_dry() -> None:
    """10 m/s × 2 m² = 20 m³/s at 136.5 °C: × 273/409.5 = 13.333; × (1 − 0.10) = 12 m³/s."""
    assert standard_flow_m3_s(10.0, 2.0, 136.5, 101_325.0, 0.0, 10.0) == pytest.approx(12.0)


def test_mass_is_that_of_the_measured_concentration() -> None:
    """248 mg/m³ × 72,000 m³/h × 10⁻⁶ = 17.856 kg/h."""
    assert mass_kg_h(248.0, 72_000.0) == pytest.approx(17.856)

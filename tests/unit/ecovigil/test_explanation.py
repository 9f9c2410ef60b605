"""The words and figures of an explanation, from accounts made by hand."""

from typing import Any

from ecovigil.account import Account
from ecovigil.explanation import formula_lines
from schemas.codes import Kind, Period
from schemas.registry import Registry
from schemas.times import HOUR_US, date_us, day_of
from store.explain import MeanVersion, VerdictVersion, Window

T = date_us(day_of(1_773_115_200_000_000))  # 2026-03-10 00:00 China Standard Time
TOWN = {"standard": "GB 18918-2002", "category": "municipal wastewater plant", "variant": "1A"}
REGISTRY = Registry.from_tables(
    {
        "site": [{"id": "out", "kind": "effluent"}],
        "binding": [TOWN | {"site": "out", "effective_from": "2010-01-01", "reason": "test"}],
    }
)


def mean(parameter: str, value: float, *, start: int = T, version: int = 1, **more: Any) -> MeanVersion:
    given: dict[str, Any] = {
        "samples": 1, "kind": Kind.HOUR, "valid": True, "reason": "", "converted": None, "mass_kg": None,
    }  # fmt: skip
    return MeanVersion(parameter, start, version, value, recorded_at=T, **given | more)


def verdict(outcome: str, value: float | None, **more: Any) -> VerdictVersion:
    given: dict[str, Any] = {
        "limit_min": None, "limit_max": None, "times_over": None, "reason": "", "rule": "", "binding": "",
    }  # fmt: skip
    return VerdictVersion(1, outcome, value, basis="measured", recorded_at=T, **given | more)


def told(parameter: str, day: MeanVersion, hours: list[MeanVersion], said: VerdictVersion) -> str:
    window = Window("out", parameter, Period.DAY, T)
    return "\n".join(formula_lines(Account(window, REGISTRY, [said], [day], hours, [], [])))


def test_a_flow_weighted_day_is_told_with_flows() -> None:
    """HJ 212-2017 D.1: (40*1 + 60*3)/(1 + 3) = 220/4 = 55."""
    hours = [mean("w01018", 40.0), mean("w01018", 60.0, start=T + HOUR_US)]
    flows = [mean("w00000", 1.0), mean("w00000", 3.0, start=T + HOUR_US)]
    account = Account(
        Window("out", "w01018", Period.DAY, T), REGISTRY, [verdict("exceeded", 55.0, limit_max=50.0, times_over=0.1)],
        [mean("w01018", 55.0, samples=2), mean("w00000", 2.0, samples=2)], hours + flows, [], [],
    )  # fmt: skip

    lines = "\n".join(formula_lines(account))

    assert "Σ(C·Q)/ΣQ = (40×1 + 60×3) / 4 = 220 / 4 = 55 mg/L" in lines
    assert "55/50 − 1 = 0.1" in lines


def test_ph_is_told_as_a_median_against_its_range() -> None:
    hours = [mean("w01001", value, start=T + n * HOUR_US) for n, value in enumerate((5.0, 9.5, 9.2))]

    lines = told("w01001", mean("w01001", 9.2), hours, verdict("exceeded", 9.2, limit_min=6.0, limit_max=9.0))

    assert "median of 5, 9.5, 9.2 = 9.2" in lines
    assert "9.2 ≥ 6 (下限 minimum)" in lines
    assert "9.2 > 9 → 超标 exceeded" in lines


def test_an_hour_that_does_not_count_is_left_out_of_the_sum() -> None:
    hours = [mean("w01018", 40.0), mean("w01018", 99.0, start=T + HOUR_US, valid=False)]

    assert "(40) / 1 = 40 / 1 = 40" in told("w01018", mean("w01018", 40.0), hours, verdict("met", 40.0, limit_max=50.0))


def test_only_the_last_version_of_an_hour_counts() -> None:
    hours = [mean("w01018", 90.0), mean("w01018", 30.0, version=2)]

    assert "(30) / 1 = 30" in told("w01018", mean("w01018", 30.0), hours, verdict("met", 30.0, limit_max=50.0))


def test_an_invalid_mean_says_why() -> None:
    day = mean("w01018", 40.0, valid=False, reason="flow_missing")

    lines = told("w01018", day, [], verdict("not_judged", None, reason="flow_missing"))

    assert "均值无效 the mean is invalid: 缺少流量，无法加权 there is no flow to weigh with" in lines
    assert lines.endswith("未判定 not judged: 缺少流量，无法加权 there is no flow to weigh with")

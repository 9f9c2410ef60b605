"""What alerts about furnaces, converted values and open hours say."""

from alerts.about import Text
from alerts.texts import compose
from schemas.codes import AlertState, FindingKind, Grade
from schemas.identity import content_id
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US
from store.alert_port import Alert

T0 = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""
REGISTRY = Registry.from_tables({"site": [{"id": "line-1", "kind": "stack", "name": "1号线"}]})


def said(kind: FindingKind, parameter: str, start: int, **detail: object) -> Text:
    """Return the text of an alert."""
    alert = Alert(
        content_id("p"), kind, AlertState.OPEN, Grade.YELLOW, T0, T0, site_id="line-1", sites=("line-1",),
        parameter=parameter, first_start=start, last_start=start, detail=detail | {"rule": "R-1", "binding": "B-1"},
    )  # fmt: skip
    return compose(alert, REGISTRY)


def test_a_cold_furnace_says_how_often_on_which_day() -> None:
    text = said(
        FindingKind.FURNACE_TEMPERATURE, "a01901", T0 - 8 * HOUR_US, count=7, allowed=5, limit_min=850.0, first_at=T0,
        sixth_at=T0 + 25 * MINUTE_US,
    )  # fmt: skip

    for part in (
        "炉温不足",
        "2026-03-10",
        "低于 850 ℃ 共 7 次，一日内允许 5 次",
        "首次 2026-03-10 08:00，第 6 次 08:25",
        "R-1",
    ):
        assert part in text.zh
    assert "7 five-minute means of the furnace temperature below 850 °C, 5 are allowed in one day" in text.en


def test_a_mismatch_says_what_both_orders_give() -> None:
    text = said(
        FindingKind.CONVERTED_MISMATCH, "a21026", T0, told=106.0, converted_mean=100.0, mean_of_converted=112.5,
        baseline_o2_pct=9.0,
    )  # fmt: skip

    for part in (
        "折算值不符",
        "二氧化硫 a21026 2026-03-10 08:00–09:00",
        "106 mg/m³",
        "基准 9%",
        "100（均值折算）或 112.5（逐值折算）",
    ):
        assert part in text.zh
    assert "the device says 106 mg/m³ converted" in text.en


def test_a_warning_says_that_it_is_no_verdict() -> None:
    text = said(
        FindingKind.EARLY_WARNING, "a34013", T0, level="over", so_far=26.04, projected=25.96, limit_max=20.0, minutes_left=39
    )  # fmt: skip

    for part in (
        "超标预警",
        "目前均值 26.04 mg/m³，预计小时均值 25.96 mg/m³，限值 20 mg/m³",
        "剩余 39 分钟",
        "不是超标判定",
    ):
        assert part in text.zh
    assert "mean so far 26.04 mg/m³, expected for the hour 25.96 mg/m³, limit 20 mg/m³" in text.en

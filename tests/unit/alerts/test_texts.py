"""What an alert says to people."""

from dataclasses import replace

import pytest

from alerts import words
from alerts.about import Text
from alerts.exceedances import figures
from alerts.texts import compose
from schemas.codes import AlertState, FindingKind, Grade, Period
from schemas.identity import content_id
from schemas.registry import Registry
from schemas.times import HOUR_US
from store.alert_port import Alert, Window, WindowFacts

T0 = 1_773_100_800_000_000
"""2026-03-10 08:00 CST."""
BINDING = "boiler-1:GB 13271-2014/coal boiler/special@2020-01-01"
REGISTRY = Registry.from_tables(
    {
        "organisation": [{"id": "heat", "name": "长春热力", "name_en": "Changchun Heating", "contact": "李工 0431-1"}],
        "site": [
            {"id": "boiler-1", "kind": "stack", "name": "1号炉", "organisation": "heat", "grid_officer": "赵队"},
        ],
        "binding": [
            {"site": "boiler-1", "standard": "GB 13271-2014", "category": "coal boiler", "variant": "special",
             "effective_from": "2020-01-01", "reason": "key region"},
        ],
        "city": [{"id": "110000", "name": "北京市", "name_en": "Beijing"}],
        "device": [{"id": "mn", "sites": ["boiler-1"]}],
    }
)  # fmt: skip


def window(hour: int = 0, value: float = 260.0, times_over: float | None = 0.3) -> Window:
    return Window(T0 + hour * HOUR_US, True, value, None, 200.0, times_over, "GB13271-2014-009", BINDING, "converted")


def exceedance(*windows: Window) -> Alert:
    return Alert(
        content_id("a"), FindingKind.EXCEEDANCE, AlertState.OPEN, Grade.YELLOW, T0, T0, site_id="boiler-1",
        sites=("boiler-1",), parameter="a21026", period=Period.HOUR, first_start=windows[0].start,
        last_start=windows[-1].start, detail=figures(windows),
    )  # fmt: skip


def said(alert: Alert, facts: WindowFacts | None = None) -> Text:
    return compose(alert, REGISTRY, facts)


def test_an_exceedance_names_all_that_a_person_needs() -> None:
    text = said(exceedance(window()), WindowFacts(9.64, {"C": 3}))

    for part in (
        "【黄色】超标", "1号炉（boiler-1）", "二氧化硫 a21026", "2026-03-10 08:00–09:00（北京时间）", "260.0 mg/m³，限值 200 mg/m³",
        "超标 0.30 倍", "含氧量 9.6%", "校准 C 3 条", "GB 13271-2014（coal boiler，special） GB13271-2014-009", "key region",
        "长春热力，联系人 李工 0431-1", "网格员 赵队",
    ):  # fmt: skip
        assert part in text.zh


def test_the_english_text_says_the_same() -> None:
    text = said(exceedance(window()), WindowFacts(9.64, {"C": 3}))

    for part in (
        "[yellow] exceedance",
        "260.0 mg/m³, limit 200",
        "0.30 times over",
        "oxygen 9.6 %",
        "C (calibration) × 3",
    ):
        assert part in text.en
    assert "grid officer 赵队" in text.en


def test_a_site_without_oxygen_says_nothing_of_it() -> None:
    text = said(exceedance(window()), WindowFacts())

    assert "含氧量" not in text.zh
    assert "均为正常" in text.zh


def test_what_is_not_known_of_the_readings_is_not_claimed() -> None:
    assert "数据标记" not in said(exceedance(window())).zh


def test_several_hours_are_told_by_the_worst() -> None:
    text = said(exceedance(window(0), window(1, 300.0, 0.5), window(2)))

    assert "2026-03-10 09:00–10:00" in text.zh
    assert "共 3 小时超标，2026-03-10 08:00 至 2026-03-10 11:00" in text.zh


def test_a_resolved_alert_says_when_it_was_met_again() -> None:
    alert = exceedance(window())
    resolved = replace(alert, state=AlertState.RESOLVED, detail=alert.detail | {"met_at": T0 + 2 * HOUR_US})

    assert "2026-03-10 10:00–11:00 恢复达标" in said(resolved).zh


def test_a_withdrawn_alert_points_to_the_one_that_took_its_place() -> None:
    alert = exceedance(window())
    withdrawn = replace(alert, state=AlertState.WITHDRAWN, detail=alert.detail | {"replaced_by": "12345678-90ab"})

    assert "见告警 12345678" in said(withdrawn).zh


def episode(kind: FindingKind) -> Alert:
    detail = {"aqi": 256, "primary": ["a34004"], "scheme": "CN-2024-06", "rules": ["2024-O2"]}
    return Alert(
        content_id("a"), kind, AlertState.OPEN, Grade.ORANGE, T0, T0, city="110000", first_start=T0, detail=detail
    )


def test_heavy_pollution_says_that_it_rests_on_observations_and_only_proposes() -> None:
    text = said(episode(FindingKind.HEAVY_POLLUTION))

    for part in (
        "【橙色】重污染天气：北京市（110000）",
        "实况依据",
        "AQI 256",
        "PM2.5",
        "CN-2024-06 2024-O2",
        "由有权机关决定",
    ):
        assert part in text.zh
    assert "observed basis" in text.en


def test_a_health_notice_proposes_no_reductions() -> None:
    assert "不建议减排" in said(episode(FindingKind.HEALTH_NOTICE)).zh


@pytest.mark.parametrize("kind", [FindingKind.SILENT_DEVICE, FindingKind.DEVICE_CLOCK, FindingKind.ABOVE_RANGE])
def test_every_other_kind_names_its_subject(kind: FindingKind) -> None:
    alert = Alert(
        content_id("a"), kind, AlertState.OPEN, Grade.BLUE, T0, T0, device_id="mn", sites=("boiler-1",), first_start=T0
    )

    assert "mn 1号炉（boiler-1）" in said(alert).zh


def test_every_kind_state_and_reason_has_words() -> None:
    assert set(words.KIND_WORDS) == set(FindingKind)
    assert set(words.STATE_WORDS) == set(AlertState)


@pytest.mark.parametrize(
    ("value", "limit", "decimals", "shown"),
    [(26.0, 20.0, None, "26.0"), (0.123, 0.1, None, "0.12"), (30.004, 30.0, None, "30.004"), (26.04, 20.0, 2, "26.04")],
)
def test_a_value_over_its_limit_never_looks_equal_to_it(
    value: float, limit: float, decimals: int | None, shown: str
) -> None:
    assert words.measured_figure(value, limit, decimals) == shown

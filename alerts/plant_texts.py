"""What alerts about a plant's furnace, its converted values and its open hours say."""

from typing import Any

from alerts import words
from alerts.about import About, Text, law_words, window_words
from schemas.codes import Period
from schemas.times import cst_text, to_cst


def furnace(about: About) -> list[Text]:
    """Return how often the furnace was too cold on which day."""
    count, allowed, limit = (about.figure(key) for key in ("count", "allowed", "limit_min"))
    first, sixth = about.figure("first_at"), about.figure("sixth_at")
    return [
        _day(about),
        Text(
            f"炉膛温度 5 分钟均值低于 {words.limit_figure(limit)} ℃ 共 {count} 次，一日内允许 {allowed} 次",
            f"{count} five-minute means of the furnace temperature below {words.limit_figure(limit)} °C, {allowed} are allowed in one day",
        ),
        Text(
            f"首次 {cst_text(first)}，第 {allowed + 1} 次 {to_cst(sixth):%H:%M}（北京时间）",
            f"the first at {cst_text(first)}, number {allowed + 1} at {to_cst(sixth):%H:%M} CST",
        ),
        law_words(about, about.figure("rule"), about.figure("binding")),
    ]


def furnace_time(about: About) -> list[Text]:
    """Return how long the furnace was starting, stopping or at fault in the year."""
    year, hours, limit = (about.figure(key) for key in ("year", "hours", "limit_h"))
    return [
        Text(
            f"{year} 年启炉、停炉、故障时间累计 {hours:.1f} 小时，全年不得超过 {limit:g} 小时",
            f"{hours:.1f} h of start-up, shut-down and faults in {year}, {limit:g} h are allowed in a natural year",
        ),
        Text(f"依据 {about.figure('rule')}", f"rule {about.figure('rule')}"),
    ]


def mismatch(about: About) -> list[Text]:
    """Return the device's converted mean beside ours."""
    unit = words.unit_of(about.alert.parameter or "")
    told, ours, other = (_number(about.figure(key)) for key in ("told", "converted_mean", "mean_of_converted"))
    oxygen = words.limit_figure(about.figure("baseline_o2_pct"))
    return [
        *_hour(about),
        Text(
            f"设备上报折算均值 {told} {unit}，按实测值与含氧量（基准 {oxygen}%）应为 {ours}（均值折算）或 {other}（逐值折算），偏差超过 ±2%",
            f"the device says {told} {unit} converted; measured values and oxygen (baseline {oxygen} %) give {ours} (mean converted) "
            f"or {other} (samples converted): more than 2 % off both",
        ),
        law_words(about, about.figure("rule"), about.figure("binding")),
    ]


def warning(about: About) -> list[Text]:
    """Return where the open hour's mean is going."""
    unit, limit = words.unit_of(about.alert.parameter or ""), about.figure("limit_max")
    so_far, projected = _number(about.figure("so_far")), _number(about.figure("projected"))
    near = about.figure("level") == "near"
    shown = words.limit_figure(limit)
    return [
        *_hour(about),
        Text(
            f"目前均值 {so_far} {unit}，预计小时均值 {projected} {unit}，限值 {shown} {unit}",
            f"mean so far {so_far} {unit}, expected for the hour {projected} {unit}, limit {shown} {unit}",
        ),
        Text("接近限值", "near the limit") if near else Text("本小时恐难达标", "the hour can hardly stay below it"),
        Text(f"剩余 {about.figure('minutes_left')} 分钟", f"{about.figure('minutes_left')} minutes left"),
        Text("仅为预警，不是超标判定", "a warning only, not a verdict"),
        law_words(about, about.figure("rule"), about.figure("binding")),
    ]


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.4g}"


def _day(about: About) -> Text:
    start = about.alert.first_start
    day = "–" if start is None else window_words(start, Period.DAY)
    return Text(day, day)


def _hour(about: About) -> list[Text]:
    start = about.alert.first_start
    zh, en = words.parameter_words(about.alert.parameter or "")
    when = "–" if start is None else window_words(start, Period.HOUR)
    return [Text(f"{zh} {about.alert.parameter} {when}（北京时间）", f"{en} {about.alert.parameter} {when} CST")]

"""What an alert says to people: Chinese first, English second, times in China Standard Time.

Plain functions instead of a template library: seven short texts with the same frame, whose parts appear or not.
"""

from collections.abc import Callable
from typing import Any, Final

from alerts import plant_texts, words
from alerts.about import About, Text, law_words, window_words
from schemas.codes import AlertState, FindingKind, Period
from schemas.marks import MarkKind
from schemas.periods import period_end
from schemas.registry import Channel, Registry
from schemas.times import HOUR_US, cst_text
from store.alert_port import Alert, WindowFacts


def compose(alert: Alert, registry: Registry, facts: WindowFacts | None = None) -> Text:
    """Return the text of an alert; `facts` are those of the worst window of an exceedance."""
    about = About(alert, registry, facts)
    parts = [_heading(about), *BODIES.get(alert.kind, _plain)(about), *_people(about), *_ending(about)]
    return Text("；".join(p.zh for p in parts if p.zh), "; ".join(p.en for p in parts if p.en))


def _heading(about: About) -> Text:
    alert, (zh, en) = about.alert, words.KIND_WORDS[about.alert.kind]
    state_zh, state_en = words.STATE_WORDS[alert.state]
    stood = alert.state in (AlertState.OPEN, AlertState.ACKNOWLEDGED)
    where = _place(about)
    return Text(
        f"【{alert.grade.zh}】{zh}{'' if stood else f'（{state_zh}）'}：{where.zh}",
        f"[{alert.grade}] {en}{'' if stood else f' ({state_en})'}: {where.en}",
    )


def _place(about: About) -> Text:
    alert, registry = about.alert, about.registry
    if alert.kind in (FindingKind.HEAVY_POLLUTION, FindingKind.HEALTH_NOTICE):
        city = registry.cities.get(alert.city or "")
        zh, en = (city.name, city.name_en or city.name) if city else (alert.city or "", alert.city or "")
        return Text(f"{zh}（{alert.city}）", f"{en} ({alert.city})")
    named = [_site_name(site_id, registry) for site_id in alert.sites]
    device = f"{alert.device_id} " if alert.device_id else ""
    return Text(device + "、".join(named), device + ", ".join(named))


def _site_name(site_id: str, registry: Registry) -> str:
    site = registry.sites.get(site_id)
    return f"{site.name}（{site_id}）" if site and site.name else site_id


def _exceedance(about: About) -> list[Text]:
    alert, worst = about.alert, about.figure("worst")
    zh, en = words.parameter_words(alert.parameter or "")
    mean_zh, mean_en = words.MEAN_WORDS[alert.period or Period.HOUR]
    when = window_words(worst["start"], alert.period)
    return [
        Text(f"{zh} {alert.parameter} {mean_zh}", f"{en} {alert.parameter}, {mean_en}"),
        Text(f"{when}（北京时间）", f"{when} CST"),
        *_compared(about, worst),
        *_duration(about, worst),
        *_oxygen(about),
        *_flags(about),
        law_words(about, worst["rule"], worst["binding"]),
    ]


def _compared(about: About, worst: dict[str, Any]) -> list[Text]:
    channel = _channel(about)
    unit = channel.unit if channel else words.unit_of(about.alert.parameter or "")
    low, high = worst["limit_min"], worst["limit_max"]
    limit = high if high is not None else low
    value = words.measured_figure(worst["value"], limit, channel.decimals if channel else None)
    span = words.limit_figure(high) if low is None else f"{words.limit_figure(low)}–{words.limit_figure(high)}"
    said = [Text(f"{value} {unit}，限值 {span} {unit}".rstrip(), f"{value} {unit}, limit {span} {unit}".rstrip())]
    over = worst["times_over"]
    return [*said, Text(f"超标 {over:.2f} 倍", f"{over:.2f} times over the limit")] if over is not None else said


def _channel(about: About) -> Channel | None:
    return about.registry.channels.get((about.alert.site_id or "", about.alert.parameter or ""))


def _duration(about: About, worst: dict[str, Any]) -> list[Text]:
    count, alert = about.figure("windows"), about.alert
    if count == 1 or alert.first_start is None or alert.last_start is None:
        return []
    period = alert.period or Period.HOUR
    since, until = cst_text(alert.first_start), cst_text(period_end(period, alert.last_start))
    zh, en = words.COUNT_WORDS[period]
    return [
        Text(
            f"共 {count} {zh}超标，{since} 至 {until}，以上为最重",
            f"{count} {en} over, {since} to {until}, the worst shown",
        )
    ]


def _oxygen(about: About) -> list[Text]:
    oxygen = about.facts.oxygen_pct if about.facts else None
    return [] if oxygen is None else [Text(f"含氧量 {oxygen:.1f}%", f"oxygen {oxygen:.1f} %")]


def _flags(about: About) -> list[Text]:
    if about.facts is None:
        return []
    if not about.facts.flags:
        return [Text("数据标记均为正常 N", "all readings flagged N")]
    counted = [(flag, count, *words.FLAG_WORDS.get(flag, (flag, flag))) for flag, count in about.facts.flags.items()]
    return [
        Text(
            "数据标记 " + "、".join(f"{zh} {flag} {count} 条" for flag, count, zh, _ in counted),
            "flags " + ", ".join(f"{flag} ({en}) × {count}" for flag, count, _, en in counted),
        )
    ]


def _people(about: About) -> list[Text]:
    parts = []
    for site_id in about.alert.sites:
        site = about.registry.sites.get(site_id)
        owner = about.registry.organisations.get(site.organisation or "") if site else None
        if owner:
            contact = f"，联系人 {owner.contact}" if owner.contact else ""
            contact_en = f", contact {owner.contact}" if owner.contact else ""
            parts.append(
                Text(f"{owner.name or owner.id}{contact}", f"{owner.name_en or owner.name or owner.id}{contact_en}")
            )
        if site and site.grid_officer:
            parts.append(Text(f"网格员 {site.grid_officer}", f"grid officer {site.grid_officer}"))
    return list(dict.fromkeys(parts))


def _ending(about: About) -> list[Text]:
    alert = about.alert
    if alert.state is AlertState.RESOLVED and about.figure("met_at") is not None:
        when = window_words(about.figure("met_at"), alert.period)
        return [Text(f"{when} 恢复达标", f"met again in {when} CST")]
    if alert.state is AlertState.WITHDRAWN:
        heir = about.figure("replaced_by")
        notes = [Text("原判定已更正，本告警撤销", "the judgement was corrected and this alert is withdrawn")]
        notes += [_mark(mark) for mark in about.figure("marks") or []]
        return [*notes, Text(f"见告警 {heir[:8]}", f"see alert {heir[:8]}")] if heir else notes
    if alert.state is AlertState.CLOSED:
        return [
            Text(
                f"{alert.closed_by} 关闭：{alert.closed_reason}", f"closed by {alert.closed_by}: {alert.closed_reason}"
            )
        ]
    return []


def _mark(mark: dict[str, Any]) -> Text:
    kind, stretch = MarkKind(mark["kind"]), f"{mark['from']} – {mark['to']}"
    return Text(
        f"依据 {mark['by']} 于 {mark['entered_at']} 登记的{kind.zh}标记（{stretch}，北京时间）",
        f"by a mark of {mark['by']} entered {mark['entered_at']}: {kind.value.replace('_', '-')}, {stretch} CST",
    )


def _episode(about: About) -> list[Text]:
    alert = about.alert
    since = cst_text(alert.first_start or alert.raised_at)
    aqi, primary = about.figure("aqi"), about.figure("primary") or []
    names = "、".join(words.parameter_words(code)[0] for code in primary)
    names_en = ", ".join(words.parameter_words(code)[1] for code in primary)
    rules = " ".join(str(rule) for rule in about.figure("rules") or [about.figure("rule") or ""])
    scheme = about.figure("scheme") or about.figure("thresholds") or ""
    return [
        Text("实况依据", "observed basis"),
        Text(f"自 {since}（北京时间）", f"since {since} CST"),
        Text(f"滚动 24 小时 AQI {aqi}", f"running 24-hour AQI {aqi}") if aqi is not None else Text("", ""),
        Text(f"首要污染物 {names}", f"primary pollutant {names_en}") if primary else Text("", ""),
        Text(f"规则 {scheme} {rules}".rstrip(), f"rule {scheme} {rules}".rstrip()),
        _advice(alert),
    ]


def _advice(alert: Alert) -> Text:
    if alert.kind is FindingKind.HEALTH_NOTICE:
        return Text("仅作健康提示，不建议减排", "a health notice only: no reductions are proposed")
    return Text(
        "建议按预案启动响应，是否发布由有权机关决定",
        "activation of the plan is proposed; only the authority decides and announces",
    )


def _silent(about: About) -> list[Text]:
    heard = about.figure("heard_at") or about.alert.first_start
    since = cst_text(heard) if heard else "–"
    return [
        Text(f"自 {since}（北京时间）起无数据", f"no report since {since} CST"),
        Text("离线不视为达标，超标告警不因此解除", "silence is no proof of compliance and resolves no exceedance"),
    ]


def _clock(about: About) -> list[Text]:
    example = about.figure("example")
    return [
        Text("上报时间超前 5 分钟以上，数据拒收", "reports are dated more than 5 minutes ahead and refused"),
        *([Text(f"例：{example}", f"for example: {example}")] if example else []),
    ]


def _log_gap(about: About) -> list[Text]:
    place, offset, records = _log_place(about), about.figure("offset"), about.figure("records")
    lost = (
        Text(
            f"{place} 自 {offset} 起有 {records} 条记录在处理前被删除",
            f"{place}: {records} records from {offset} on were deleted before they were read",
        )
        if records
        else Text(f"{place} 在 {offset} 之前就结束了", f"{place} ends before {offset}, which was read already")
    )
    if about.alert.state is AlertState.RESOLVED:
        by = about.figure("by")
        return [lost, Text(f"{by} 已决定继续处理", f"{by} has let it go on")]
    return [
        lost,
        Text(
            "该分区已停止判定，请执行 ecovigil log resume，并让设备重发",
            "the partition stands still: `ecovigil log resume`, and let the devices send again",
        ),
    ]


def _log_place(about: About) -> str:
    return f"{about.figure('topic')}/{about.figure('partition')}"


def _of_hour(about: About) -> list[Text]:
    alert = about.alert
    zh, en = words.parameter_words(alert.parameter or "")
    when = window_words(alert.first_start // HOUR_US * HOUR_US, Period.HOUR) if alert.first_start is not None else "–"
    said = Text(f"{zh} {alert.parameter} {when}（北京时间）", f"{en} {alert.parameter} {when} CST")
    return [said, *_plain(about)]


def _own_loss(about: About) -> list[Text]:
    messages, subject = about.figure("messages"), about.figure("subject")
    what = LOSS_WORDS.get(str(about.figure("cause")), Text("", ""))
    many = Text(f"至少 {messages:,} 条报文", f"at least {messages:,} messages") if messages else Text("", "")
    return [
        what,
        many,
        Text(str(subject), str(subject)),
        Text("平台自身原因，不计入企业", "our own doing: it lowers no enterprise's rate"),
    ]


LOSS_WORDS: Final = {
    "log_replaced": Text(
        "消息日志已换新，旧日志中未读取的数据已丢失，请有关数采仪补传",
        "the log is another one: what was not read from the old one is gone; ask the devices to send it again",
    ),
    "offset_gone": Text(
        "内部事件在读取前已被删除，其内容已从数据库补取并继续处理",
        "events between our roles were deleted before they were read; what they told was taken from the tables, work goes on",
    ),
    "not_booked": Text("已确认收到的报文未入账", "messages that were acknowledged are not in the books"),
}


def _plain(about: About) -> list[Text]:
    """Return the figures as they are: for kinds that have few."""
    shown = [f"{k}={v}" for k, v in sorted(about.alert.detail.items()) if isinstance(v, str | int | float)]
    return [Text("，".join(shown), ", ".join(shown))] if shown else []


BODIES: Final[dict[FindingKind, Callable[[About], list[Text]]]] = {
    FindingKind.EXCEEDANCE: _exceedance,
    FindingKind.HEAVY_POLLUTION: _episode,
    FindingKind.HEALTH_NOTICE: _episode,
    FindingKind.SILENT_DEVICE: _silent,
    FindingKind.DEVICE_CLOCK: _clock,
    FindingKind.CONFLICTING_VALUES: _of_hour,
    FindingKind.ABOVE_RANGE: _of_hour,
    FindingKind.FURNACE_TEMPERATURE: plant_texts.furnace,
    FindingKind.FURNACE_TIME: plant_texts.furnace_time,
    FindingKind.CONVERTED_MISMATCH: plant_texts.mismatch,
    FindingKind.EARLY_WARNING: plant_texts.warning,
    FindingKind.LOG_REPLACED: _own_loss,
    FindingKind.OWN_LOSS: _own_loss,
    FindingKind.LOG_GAP: _log_gap,
}

"""Marks as lines and tables for people."""

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from schemas.marks import Mark
from schemas.registry import Registry
from schemas.times import HOUR_US, MINUTE_US, cst_text, date_us, day_of, to_cst
from standards.incineration import RULE_ID, YEARLY_LIMIT_US
from standards.marks import deadline_of, is_late, left_out, rule_for, span_in_time
from standards.parameters import names_of
from store.mark_port import Markable

SHORT_ID = 8
OUTCOMES = {"exceeded": "超标 exceeded", "not_judged": "未判定 not judged", "": "无效 invalid", "met": "达标 met"}


def mark_line(mark: Mark, registry: Registry) -> str:
    """Return a mark in one line: what, who, and what the law makes of it."""
    return f"{mark.mark_id}: {stretch(mark)} {kind_words(mark)}, {mark.entered_by}; {effect(mark, registry)}"


def stretch(mark: Mark) -> str:
    """Return the stretch of a mark, China Standard Time."""
    return f"{cst_text(mark.start)} – {cst_text(mark.end)}"


def kind_words(mark: Mark) -> str:
    """Return the kind in Chinese and English, with cold or hot where it is said."""
    variant = f" {mark.variant}" if mark.variant else ""
    return f"{mark.kind.zh} {mark.kind.value}{variant}"


def effect(mark: Mark, registry: Registry) -> str:
    """Return what a mark by itself takes out of the judgement, and why not more."""
    if not mark.is_in_force:
        return f"{mark.status.zh}，不采用 {mark.status.value}: not applied"
    if span_in_time(mark) is None:
        deadline = cst_text(deadline_of(date_us(day_of(mark.start))))
        return f"逾期（截止 {deadline}），保留但不采用 too late (deadline {deadline}): kept, not applied"
    rule = rule_for(registry, mark)
    if rule is None:
        return "该行业无此工况时限，数据照常判定 no time limit is known for this condition: its data are judged"
    parts = left_out(registry, [mark])
    taken = ", ".join(f"{cst_text(part.start)} – {cst_text(part.end)}" for part in parts)
    limit = f"，时限 limit {rule.limit_us / HOUR_US:g} h" if rule.limit_us else ""
    late = "，之前已逾期 earlier days are too late" if is_late(mark) else ""
    only = f"，仅 only {', '.join(sorted(rule.pollutants))}" if rule.pollutants else ""
    return f"不参与判定 left out: {taken or '无 nothing'}{limit}{only}{late} ({rule.rule_id})"


def mark_table(marks: Sequence[Mark]) -> Table:
    """Return marks as a table."""
    columns = (
        "编号 id",
        "点位 site",
        "因子 parameters",
        "时段 stretch (CST)",
        "类别 kind",
        "标记人 by",
        "登记 entered (CST)",
    )
    shown = Table(*columns, "状态 status", title=f"标记 marks ({len(marks)})", row_styles=("", "dim"))
    for mark in marks:
        late = "，逾期 late" if is_late(mark) else ""
        shown.add_row(
            str(mark.mark_id)[:SHORT_ID],
            escape(mark.site_id),
            escape(", ".join(mark.parameters) or "全部 all"),
            stretch(mark),
            kind_words(mark),
            escape(mark.entered_by),
            cst_text(mark.entered_at, seconds=True),
            f"{mark.status.zh} {mark.status.value}{late}",
        )
    return shown


def version_table(versions: Sequence[Mark]) -> Table:
    """Return the versions of one mark."""
    shown = Table("版本 version", "时间 time (CST)", "状态 status", "经办 by", "说明 why", title="经过 history")
    for mark in versions:
        by, why = mark.decided_by or mark.entered_by, mark.decided_why or mark.evidence
        words = f"{mark.status.zh} {mark.status.value}"
        shown.add_row(str(mark.version), cst_text(mark.recorded_at, seconds=True), words, escape(by), escape(why))
    return shown


def due_table(hours: Sequence[Markable], now: int) -> Table:
    """Return the hours that may still be marked, with the time left at `now`."""
    columns = ("点位 site", "因子 parameter", "小时 hour (CST)", "判定 outcome", "数值 value", "限值 limit")
    shown = Table(*columns, "截止 deadline (CST)", "剩余 left", title=f"可标记 may be marked ({len(hours)})")
    for hour in hours:
        deadline = deadline_of(date_us(day_of(hour.start)))
        reason = f" ({hour.reason})" if hour.reason else ""
        shown.add_row(
            escape(hour.site_id),
            f"{names_of(hour.parameter)[0]} {hour.parameter}",
            cst_text(hour.start),
            f"{OUTCOMES[hour.outcome]}{reason}",
            _figure(hour.value),
            _figure(hour.limit_max),
            cst_text(deadline),
            left(deadline - now),
        )
    return shown


def year_table(used_h: Mapping[str, float], year: int) -> Table:
    """Return how much of a year's start, stop and fault time each furnace has used, and what is left, h."""
    limit = YEARLY_LIMIT_US / HOUR_US
    title = f"{to_cst(year).year} 年启停故障时间 start, stop and fault time ({RULE_ID}: {limit:g} h)"
    shown = Table("点位 site", "已用 used (h)", "剩余 left (h)", title=title)
    for site, hours in used_h.items():
        over = f"超出 over by {hours - limit:.1f}" if hours > limit else f"{limit - hours:.1f}"
        shown.add_row(escape(site), f"{hours:.1f}", over)
    return shown


def left(duration_us: int) -> str:
    """Return a duration as hours and minutes, for example 3 h 05 min."""
    minutes = max(duration_us, 0) // MINUTE_US
    return f"{minutes // 60} h {minutes % 60:02} min"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"

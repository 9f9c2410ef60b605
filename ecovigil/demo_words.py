"""What the demonstration says in the terminal: how things stand while it runs, and what came out."""

from collections import Counter, defaultdict
from typing import Final

from rich.console import Console
from rich.table import Table

from alerts.words import KIND_WORDS, REASON_WORDS, STATE_WORDS
from ecovigil.demo_summary import Summary
from ecovigil.live import LiveChain
from schemas.codes import Grade
from schemas.times import cst_text
from store.alert_port import Alert, AlertFilter

STYLES: Final = {Grade.BLUE: "blue", Grade.YELLOW: "yellow", Grade.ORANGE: "dark_orange", Grade.RED: "red"}
_SUBJECTS_SHOWN: Final = 2


def state_table(chain: LiveChain) -> Table:
    """Return how things stand: alerts by grade, and the latest of them."""
    alerts = chain.alerts.find_alerts(AlertFilter(limit=1000))
    counts = Counter(alert.grade for alert in alerts)
    table = Table(title="  ".join(f"{grade.zh} {grade.value}: {counts[grade]}" for grade in Grade))
    for column in ("时间 time", "等级 grade", "内容 text"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for alert in sorted(alerts, key=lambda alert: -alert.raised_at)[:6]:
        grade = f"[{STYLES[alert.grade]}]{alert.grade.zh} {alert.grade.value}[/]"
        table.add_row(cst_text(alert.raised_at), grade, alert.text_en)
    return table


def tell(summary: Summary, console: Console) -> None:
    """Print the end: alerts by grade and time, the course of each episode, figures, books, the score."""
    console.print(_alert_table(summary.alerts))
    if summary.episodes:
        console.print(_episode_table(summary))
    for line in (*_figures(summary), *_score(summary)):
        console.print(line)
    for line in summary.score.missed + summary.score.elsewhere:
        console.print(line, style="red", markup=False)


def _figures(summary: Summary) -> list[str]:
    books = summary.books
    balanced = "[red]账目不平 books do not balance" if summary.unbalanced else "[green]账目平 books balanced"
    return [
        f"读数 readings: {summary.readings:,}  均值 means: {summary.means:,}",
        f"判定 judged: {summary.judged:,}  超标 exceeded: {summary.exceeded:,}",
        f"用时 time: {summary.pace.wall_s:.0f} s  读数/秒 readings/s: {summary.readings_per_s:,.0f}",
        f"{balanced}[/]: {books['received']:,} = {books['stored']:,} + {books['duplicate']:,} + {books['rejected']:,}",
        "  收到 received = 入库 stored + 重复 duplicate + 拒收 rejected",
    ]


def _score(summary: Summary) -> list[str]:
    told, wrong = len(summary.score.told), len(summary.score.elsewhere)
    style = "green" if summary.score.perfect else "red"
    found = f"{told} / {len(summary.incidents)} 已发现 found, {wrong} 误报 false alarms"
    return [f"[{style}]模拟事件 incidents of the fleet: {found}[/]"]


def coloured(grade: Grade) -> str:
    """Return a grade in its words and colour."""
    return f"[{STYLES[grade]}]{grade.zh} {grade.value}[/]"


def _alert_table(alerts: list[Alert]) -> Table:
    """Return one row for all alerts of a kind that were raised together, the gravest first."""
    together: dict[tuple[Grade, int, str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        words = (" ".join(KIND_WORDS[alert.kind]), " ".join(STATE_WORDS[alert.state]))
        together[alert.grade, alert.raised_at, *words].append(alert)
    table = Table(title="告警 alerts")
    for column in ("等级 grade", "发生 raised (CST)", "类型 kind", "状态 state", "对象 subject"):
        table.add_column(column)
    for key in sorted(together, key=lambda key: (-key[0].rank, key[1])):
        grade, raised_at, kind, state = key
        table.add_row(coloured(grade), cst_text(raised_at), kind, state, _subjects(together[key]))
    return table


def _subjects(alerts: list[Alert]) -> str:
    names = sorted(alert.device_id or alert.site_id or alert.city or "" for alert in alerts)
    rest = len(names) - _SUBJECTS_SHOWN
    return ", ".join(names[:_SUBJECTS_SHOWN]) + (f" +{rest}" if rest > 0 else "")


def _episode_table(summary: Summary) -> Table:
    table = Table(title="重污染过程 heavy-pollution episodes")
    for column in ("时间 time (CST)", "等级 grade", "变化 change"):
        table.add_column(column)
    for event in summary.episodes:
        change = " ".join(REASON_WORDS.get(event.reason, (event.reason,)))
        table.add_row(cst_text(event.at), coloured(event.grade), change)
    return table

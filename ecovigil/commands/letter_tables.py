"""Dead letters for people: tables, one letter in full, and what a replay came to; whatever came from outside is escaped."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from rich.table import Table
from rich.text import Text

from ingest.admission import printable
from ingest.replay import Fate, Replayed
from schemas.codes import REPLAYABLE, Rejection
from schemas.times import cst_text
from store.letter_port import Letter, LetterCount

REASON_ZH: Final[dict[str, str]] = {
    Rejection.MALFORMED: "格式错误",
    Rejection.OVERSIZED: "超长",
    Rejection.WRONG_TOPIC: "主题错误",
    Rejection.UNKNOWN_DEVICE: "设备未登记",
    Rejection.UNKNOWN_PARAMETER: "因子未知",
    Rejection.NOT_ITS_SITE: "非其点位",
    Rejection.FUTURE_DATED: "时间超前",
    Rejection.INVALID_VALUE: "数值无效",
    Rejection.INTERNAL_ERROR: "系统内部错误",
}
STATE_ZH: Final = {"kept": "保存", "replayed": "已重放"}
FATE_ZH: Final = {
    Fate.SENT: "已发送",
    Fate.REFUSED_AGAIN: "仍被拒收",
    Fate.NOT_REPLAYABLE: "不可重放（报文本身有误）",
    Fate.ALREADY_REPLAYED: "此前已重放",
    Fate.CUT: "不可重放（超长，未完整保存）",
}
PART: Final = "部分读数 some readings"
SHOWN_BYTES: Final = 16_384
"""More of a message is not printed; `-o` writes all."""


def reason_text(reason: str) -> str:
    """Return a reason in both languages."""
    return f"{REASON_ZH.get(reason, '')} {reason}".strip()


def counts_table(counts: list[LetterCount]) -> Table:
    """Return how many letters there are by reason, and whether they can be replayed."""
    table = Table(title="死信 dead letters", show_footer=True)
    table.add_column("原因 reason", footer="合计 total")
    table.add_column("状态 state")
    table.add_column("条数 count", justify="right", footer=f"{sum(c.count for c in counts):,}")
    table.add_column("可重放 replayable")
    for c in counts:
        replayable = "是 yes" if c.reason in REPLAYABLE else "否 no"
        table.add_row(reason_text(c.reason), f"{STATE_ZH[c.state]} {c.state}", f"{c.count:,}", replayable)
    return table


def letters_table(letters: list[Letter]) -> Table:
    """Return the letters, a row each."""
    table = Table()
    for heading in (
        "编号 id",
        "收到 received",
        "数采仪 device",
        "原因 reason",
        "说明 detail",
        "字节 bytes",
        "状态 state",
    ):
        table.add_column(heading, overflow="fold")
    for letter in letters:
        table.add_row(
            str(letter.letter_id),
            cst_text(letter.received_at, seconds=True),
            Text(printable(letter.device_id)),
            reason_text(letter.reason) if letter.whole else f"{reason_text(letter.reason)} ({PART})",
            Text(printable(letter.detail)),
            f"{letter.size:,}",
            f"{STATE_ZH[letter.state]} {letter.state}",
        )
    return table


def letter_text(letter: Letter, raw: bytes) -> Text:
    """Return one letter in full."""
    facts = {
        "编号 id": str(letter.letter_id),
        "收到 received": f"{cst_text(letter.received_at, seconds=True)} 北京时间 CST",
        "主题 topic": letter.topic,
        "数采仪 device": letter.device_id,
        "点位 site": letter.site_id,
        "原因 reason": reason_text(letter.reason),
        "说明 detail": letter.detail,
        "范围 extent": "整条报文 the whole message" if letter.whole else PART,
        "状态 state": f"{STATE_ZH[letter.state]} {letter.state}",
        "SHA-256": letter.sha256.hex(),
        "字节 bytes": f"{letter.size:,}",
    }
    lines = [f"{name}: {printable(value)}" for name, value in facts.items() if value]
    return Text("\n".join([*lines, "", *readable(raw[:SHOWN_BYTES])]))


def readable(raw: bytes) -> Iterator[str]:
    """Yield bytes as lines: UTF-8 text with controls escaped, else hexadecimal, sixteen a line."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        for at in range(0, len(raw), 16):
            row = raw[at : at + 16]
            yield f"{at:08x}  {row.hex(' '):<47}  {''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}"
        return
    yield from (printable(line) for line in text.split("\n"))


def outcome_lines(outcomes: list[Replayed]) -> Iterator[str]:
    """Yield the letters that were not sent, with the cause, then the counts."""
    for outcome in outcomes:
        if outcome.fate is not Fate.SENT:
            detail = f": {printable(outcome.detail)}" if outcome.detail else ""
            yield f"{outcome.letter.letter_id}: {FATE_ZH[outcome.fate]} {outcome.fate}{detail}"
    counts = Counter(outcome.fate for outcome in outcomes)
    told = (f"{FATE_ZH[fate]} {fate} {counts[fate]}" for fate in Fate if counts[fate])
    yield "; ".join(told) or "没有符合条件的死信 no letter fits"

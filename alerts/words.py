"""What the codes are called in Chinese and English, and figures as the standards print them."""

from functools import cache
from typing import Final

from schemas.codes import AlertState, FindingKind, Period
from standards.tables import rows_of

KIND_WORDS: Final[dict[FindingKind, tuple[str, str]]] = {
    FindingKind.EXCEEDANCE: ("超标", "exceedance"),
    FindingKind.EARLY_WARNING: ("超标预警", "early warning"),
    FindingKind.SILENT_DEVICE: ("数采仪离线", "silent device"),
    FindingKind.DEVICE_CLOCK: ("设备时钟错误", "device clock"),
    FindingKind.CONFLICTING_VALUES: ("同一时刻数据不一致", "conflicting values"),
    FindingKind.ABOVE_RANGE: ("超量程", "above range"),
    FindingKind.LATE_MARK: ("逾期标记", "late mark"),
    FindingKind.HEAVY_POLLUTION: ("重污染天气", "heavy pollution"),
    FindingKind.HEALTH_NOTICE: ("健康提示", "health notice"),
    FindingKind.FURNACE_TEMPERATURE: ("炉温不足", "furnace temperature"),
    FindingKind.FURNACE_TIME: ("启停故障超时", "furnace start, stop and fault time"),
    FindingKind.CONVERTED_MISMATCH: ("折算值不符", "converted value mismatch"),
    FindingKind.TOTAL_NEAR_PERMIT: ("排放总量接近许可", "total near permit"),
    FindingKind.DEAD_LETTER: ("系统内部错误", "internal error"),
    FindingKind.LOG_REPLACED: ("消息日志被更换", "log replaced"),
    FindingKind.OWN_LOSS: ("平台丢失数据", "own loss"),
    FindingKind.LOG_GAP: ("消息日志缺失", "log gap"),
}
MEAN_WORDS: Final = {
    Period.HOUR: ("小时均值", "hour mean"),
    Period.DAY: ("日均值", "day mean"),
    Period.MONTH: ("月均值", "month mean"),
    Period.INSTANT: ("单次值", "single reading"),
}
COUNT_WORDS: Final = {
    Period.HOUR: ("小时", "hours"),
    Period.DAY: ("日", "days"),
    Period.MONTH: ("月", "months"),
    Period.INSTANT: ("次", "readings"),
}
STATE_WORDS: Final[dict[AlertState, tuple[str, str]]] = {
    AlertState.OPEN: ("待处理", "open"),
    AlertState.ACKNOWLEDGED: ("处理中", "acknowledged"),
    AlertState.RESOLVED: ("已恢复", "resolved"),
    AlertState.WITHDRAWN: ("已撤销", "withdrawn"),
    AlertState.CLOSED: ("已关闭", "closed"),
}
REASON_WORDS: Final[dict[str, tuple[str, str]]] = {
    "raised": ("新发生", "raised"),
    "escalated": ("升级", "escalated"),
    "de_escalated": ("降级", "de-escalated"),
    "amended": ("数据更正", "amended"),
    "resolved": ("恢复", "resolved"),
    "reopened": ("重新发生", "reopened"),
    "withdrawn": ("撤销", "withdrawn"),
    "acknowledged": ("受理", "acknowledged"),
    "closed": ("关闭", "closed"),
}
ACTIVATION_WORDS: Final[dict[str, tuple[str, str]]] = {
    "proposed": ("建议启动", "proposed"),
    "confirmed": ("已确认启动", "confirmed"),
    "lift_proposed": ("建议解除", "lifting proposed"),
    "lifted": ("已解除", "lifted"),
    "superseded": ("已被更高级别取代", "superseded"),
    "lapsed": ("未启动即失效", "lapsed"),
}
FLAG_WORDS: Final[dict[str, tuple[str, str]]] = {
    "F": ("停运", "stopped"),
    "M": ("维护", "maintenance"),
    "S": ("设定值", "set value"),
    "D": ("故障", "fault"),
    "C": ("校准", "calibration"),
    "T": ("超量程", "above range"),
    "B": ("通讯中断", "broken link"),
}
_AMBIENT: Final = {"a34004": "PM2.5", "a34002": "PM10", "a05024": "O3", "a21005": "CO", "a21004": "NO2"}


@cache
def _parameter_words() -> dict[str, tuple[str, str]]:
    return {row["code"]: (row["name_zh"], row["name_en"]) for row in rows_of("hj212_pollutants")}


def parameter_words(code: str) -> tuple[str, str]:
    """Return the names of a parameter; converted ones (`-Zs`) say so, unknown ones are called by their code."""
    if code in _AMBIENT:
        return _AMBIENT[code], _AMBIENT[code]
    zh, en = _parameter_words().get(code.removesuffix("-Zs"), (code, code))
    return (f"{zh}（折算）", f"{en} (converted)") if code.endswith("-Zs") else (zh, en)


@cache
def _printed_units() -> dict[str, str]:
    units = {row["code"]: row["unit_concentration_printed"] for row in rows_of("hj212_pollutants")}
    return {code: unit.replace("m3", "m³") for code, unit in units.items() if unit not in ("", "-")}


def unit_of(code: str) -> str:
    """Return the unit that HJ 212 prints for a parameter, "" where it has none (the channel's own unit goes before it)."""
    return _printed_units().get(code.removesuffix("-Zs"), "")


def figure(value: float | None, decimals: int) -> str:
    """Return a figure with so many decimals, – where there is none."""
    return "–" if value is None else f"{value:.{decimals}f}"


def limit_figure(limit: float | None) -> str:
    """Return a limit as the standard prints it: no more digits than it has."""
    return "–" if limit is None else f"{limit:.10g}"


def decimals_of(limit: float | None) -> int:
    """Return how many decimals a printed limit has."""
    return len(limit_figure(limit).partition(".")[2])


def measured_figure(value: float | None, limit: float | None, decimals: int | None) -> str:
    """Return a measured value: with the channel's decimals, else one more than the limit has.

    A value that exceeds its limit never looks equal to it: digits are added until it does not.
    """
    start = decimals if decimals is not None else decimals_of(limit) + 1
    for places in range(start, start + 6):
        if value is None or limit is None or float(f"{value:.{places}f}") != limit:
            return figure(value, places)
    return figure(value, start)

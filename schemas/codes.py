"""The closed lists of the vocabulary: kinds, flags, grades, outcomes, reasons."""

from enum import IntEnum, StrEnum
from typing import Final


class Kind(IntEnum):
    """What a report covers; the number is the column code, finer kinds are smaller."""

    REALTIME = 0
    MINUTE = 1
    FIVE_MINUTE = 2
    TEN_MINUTE = 3
    HOUR = 4
    DAY = 5

    @property
    def wire(self) -> str:
        """The name on the wire and in scenario files, for example `five_minute`."""
        return self.name.lower()

    @property
    def length_s(self) -> int:
        """Length of the period in seconds; 0 for a realtime reading."""
        return KIND_LENGTH_S[self]

    @classmethod
    def from_wire(cls, name: str) -> "Kind":
        """Return the kind called `name`; raises KeyError for another word."""
        return KIND_BY_WIRE[name]


KIND_LENGTH_S: Final[tuple[int, ...]] = (0, 60, 300, 600, 3600, 86400)
KIND_BY_WIRE: Final[dict[str, Kind]] = {kind.name.lower(): kind for kind in Kind}


class DataFlag(StrEnum):
    """The monitor's own opinion of a value (HJ 212-2017 table 8); columns carry `ord` of the letter."""

    NORMAL = "N"
    STOPPED = "F"
    MAINTENANCE = "M"
    SET = "S"
    FAULT = "D"
    CALIBRATION = "C"
    ABOVE_RANGE = "T"
    BROKEN_LINK = "B"


FLAG_NORMAL: Final = ord("N")
FLAG_ABOVE_RANGE: Final = ord("T")
FLAG_MARKED: Final = ord("m")
"""Ours, while a window is judged: a normal value that a mark takes out. No device can send it."""


FLAG_UNCONVERTED: Final = ord("u")
"""Ours, while a window is judged: a normal value that could not be brought to standard state. No device can send it."""


class Period(StrEnum):
    """What a mean or an index covers."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    INSTANT = "instant"
    """A single reading."""
    RUNNING24 = "running24"


class SiteKind(StrEnum):
    """What is monitored at a site."""

    STACK = "stack"
    EFFLUENT = "effluent"
    AMBIENT_AIR = "ambient_air"
    SURFACE_WATER = "surface_water"
    FURNACE = "furnace"
    NOISE = "noise"


class Grade(StrEnum):
    """The colour of an alert, from least to most severe: IV, III, II, I."""

    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        """1 for blue up to 4 for red."""
        return GRADE_RANK[self]

    @property
    def zh(self) -> str:
        """The colour in Chinese, for example 橙色."""
        return GRADE_ZH[self]


GRADE_RANK: Final = {Grade.BLUE: 1, Grade.YELLOW: 2, Grade.ORANGE: 3, Grade.RED: 4}
GRADE_ZH: Final = {Grade.BLUE: "蓝色", Grade.YELLOW: "黄色", Grade.ORANGE: "橙色", Grade.RED: "红色"}


class Outcome(StrEnum):
    """What a rule says of a mean."""

    MET = "met"
    """达标: at or below the limit."""
    EXCEEDED = "exceeded"
    """超标: above the limit."""
    NOT_JUDGED = "not_judged"
    """未判定: with a reason, never a guess."""


class NotJudged(StrEnum):
    """Why a mean is invalid or a verdict is `not_judged`."""

    TOO_FEW_SAMPLES = "too_few_samples"
    """Fewer valid samples in the window than the law asks for."""
    NO_BINDING = "no_binding"
    """No standard, or no limit for this parameter, is bound to the site at that time."""
    MARKED = "marked"
    """The stretch is marked as invalid or as a special working condition."""
    CONVERSION_MISSING = "conversion_missing"
    """The limit is for values converted to baseline oxygen, and the site sends neither these nor oxygen."""
    MEASURED_MISSING = "measured_missing"
    """The limit is for the measured value, and the device sends only a converted one."""
    OXYGEN_GUARD = "oxygen_guard"
    """Oxygen too close to that of air, or the unit stopped: a conversion would only magnify noise."""
    CONDITION_UNDECIDED = "condition_undecided"
    """Which limit applies depends on something the data cannot decide."""
    FLOW_MISSING = "flow_missing"
    """The mean is weighted with the flow, and there is none."""
    NOT_LIMITED = "not_limited"
    """It was judged before; what is bound to the site by now limits no such mean."""


class Rejection(StrEnum):
    """Why a message, or one reading of it, is in the dead letters."""

    MALFORMED = "malformed"
    """Not JSON, or not of the form `report.v1`."""
    OVERSIZED = "oversized"
    """Longer than `bridge.max_report_bytes`."""
    WRONG_TOPIC = "wrong_topic"
    """Not on a topic `ecovigil/v1/{region}/{device_id}/report`."""
    UNKNOWN_DEVICE = "unknown_device"
    """The device is not in the registry."""
    UNKNOWN_PARAMETER = "unknown_parameter"
    """No HJ 212 code for this kind of site, and no channel of the site names it."""
    NOT_ITS_SITE = "not_its_site"
    """The device does not report for this site, or has several and named none."""
    FUTURE_DATED = "future_dated"
    """Observed later than `bridge.future_tolerance_s` after it arrived."""
    INVALID_VALUE = "invalid_value"
    """A reading that cannot be a value; the rest of its report is stored."""
    INTERNAL_ERROR = "internal_error"
    """A defect of ours; the message is kept until it is mended."""


REPLAYABLE: Final = frozenset(
    {
        Rejection.UNKNOWN_DEVICE,
        Rejection.UNKNOWN_PARAMETER,
        Rejection.NOT_ITS_SITE,
        Rejection.FUTURE_DATED,
        Rejection.OVERSIZED,
        Rejection.INTERNAL_ERROR,
    }
)
"""Causes that can lie on our side (registry, binding, size limit, clock, defect); the bytes themselves are never edited."""


class FindingKind(StrEnum):
    """What a detector has to say; an alert has the kind of its findings."""

    EXCEEDANCE = "exceedance"
    """超标: a mean is above its limit, the permit's figure first."""
    EARLY_WARNING = "early_warning"
    """超标预警: the running hour is on its way to exceed."""
    SILENT_DEVICE = "silent_device"
    """数采仪离线: a device has sent nothing for longer than it may."""
    DEVICE_CLOCK = "device_clock"
    """时钟异常: a device dates its reports into the future."""
    CONFLICTING_VALUES = "conflicting_values"
    """数据不一致: two values came for one reading; both are kept."""
    ABOVE_RANGE = "above_range"
    """超量程: the monitor says that the value is above its range."""
    LATE_MARK = "late_mark"
    """标记超期: a mark was entered after its time limit."""
    HEAVY_POLLUTION = "heavy_pollution"
    """重污染天气: the running index of a city meets a grade of its plan, driven by PM2.5."""
    HEALTH_NOTICE = "health_notice"
    """健康提示: the index is as high, but its cause is no ground for emission cuts."""
    FURNACE_TEMPERATURE = "furnace_temperature"
    """炉温不达标: the furnace of a waste incinerator was too cold in more than five five-minute means of a day."""
    FURNACE_TIME = "furnace_time"
    """启停故障超时: a waste incinerator's furnace was starting, stopping or at fault for more than 60 h in a natural year."""
    CONVERTED_MISMATCH = "converted_mismatch"
    """折算异常: the converted value does not follow from the measured one and the oxygen."""
    TOTAL_NEAR_PERMIT = "total_near_permit"
    """总量预警: the year's amount comes near the permit's."""
    DEAD_LETTER = "dead_letter"
    """异常报文: messages of a device are refused."""
    LOG_REPLACED = "log_replaced"
    """消息日志更换: the log is another one than before; reading starts at its beginning."""
    OWN_LOSS = "own_loss"
    """平台丢失: messages that we had acknowledged are not in the books, or were deleted before they were read."""
    LOG_GAP = "log_gap"
    """消息缺失: the log has lost records before they were read; that partition stands still until people decide."""


STREAM_KINDS: Final = frozenset(
    {
        FindingKind.SILENT_DEVICE,
        FindingKind.DEVICE_CLOCK,
        FindingKind.CONFLICTING_VALUES,
        FindingKind.LATE_MARK,
        FindingKind.DEAD_LETTER,
        FindingKind.LOG_REPLACED,
        FindingKind.OWN_LOSS,
        FindingKind.LOG_GAP,
        FindingKind.EARLY_WARNING,
    }
)
"""Findings about the stream itself: they depend on arrival and are not part of `export final`."""


class FindingStatus(StrEnum):
    """What happened to a finding since it was last told."""

    RAISED = "raised"
    """It holds now."""
    CHANGED = "changed"
    """It still holds, with other figures."""
    ENDED = "ended"
    """It does not hold any more: a later window is in order."""
    WITHDRAWN = "withdrawn"
    """It never held: later data or a mark changed the judgement of the same window."""


class AlertState(StrEnum):
    """Where an alert is in its life."""

    OPEN = "open"
    """待处理: nobody has taken it yet."""
    ACKNOWLEDGED = "acknowledged"
    """已确认: somebody has taken it."""
    RESOLVED = "resolved"
    """已解除: its cause has ended."""
    WITHDRAWN = "withdrawn"
    """已撤销: later data showed that there was no cause."""
    CLOSED = "closed"
    """已办结: a person closed it, with a reason."""


class AqiStandard(StrEnum):
    """Which technical regulation an index follows."""

    HJ633_2012 = "hj633-2012"
    HJ633_2026 = "hj633-2026"

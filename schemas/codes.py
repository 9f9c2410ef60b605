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


class Period(StrEnum):
    """What a mean or an index covers."""

    HOUR = "hour"
    DAY = "day"
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
    EXCEEDED = "exceeded"
    NOT_JUDGED = "not_judged"


class NotJudged(StrEnum):
    """Why a mean is invalid or a verdict is `not_judged`."""

    TOO_FEW_SAMPLES = "too_few_samples"
    NO_BINDING = "no_binding"
    MARKED = "marked"
    CONVERSION_MISSING = "conversion_missing"
    OXYGEN_GUARD = "oxygen_guard"
    CONDITION_UNDECIDED = "condition_undecided"
    FLOW_MISSING = "flow_missing"


class Rejection(StrEnum):
    """Why a message, or one reading of it, is in the dead letters."""

    MALFORMED = "malformed"
    OVERSIZED = "oversized"
    WRONG_TOPIC = "wrong_topic"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_PARAMETER = "unknown_parameter"
    NOT_ITS_SITE = "not_its_site"
    FUTURE_DATED = "future_dated"
    INVALID_VALUE = "invalid_value"
    INTERNAL_ERROR = "internal_error"


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
    EARLY_WARNING = "early_warning"
    SILENT_DEVICE = "silent_device"
    DEVICE_CLOCK = "device_clock"
    CONFLICTING_VALUES = "conflicting_values"
    ABOVE_RANGE = "above_range"
    LATE_MARK = "late_mark"
    HEAVY_POLLUTION = "heavy_pollution"
    HEALTH_NOTICE = "health_notice"
    FURNACE_TEMPERATURE = "furnace_temperature"
    CONVERTED_MISMATCH = "converted_mismatch"
    TOTAL_NEAR_PERMIT = "total_near_permit"
    DEAD_LETTER = "dead_letter"
    LOG_REPLACED = "log_replaced"


STREAM_KINDS: Final = frozenset(
    {
        FindingKind.SILENT_DEVICE,
        FindingKind.DEVICE_CLOCK,
        FindingKind.CONFLICTING_VALUES,
        FindingKind.LATE_MARK,
        FindingKind.DEAD_LETTER,
        FindingKind.LOG_REPLACED,
        FindingKind.EARLY_WARNING,
    }
)
"""Findings about the stream itself: they depend on arrival and are not part of `export final`."""


class FindingStatus(StrEnum):
    """What happened to a finding since it was last told."""

    RAISED = "raised"
    CHANGED = "changed"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class AlertState(StrEnum):
    """Where an alert is in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class AqiStandard(StrEnum):
    """Which technical regulation an index follows."""

    HJ633_2012 = "hj633-2012"
    HJ633_2026 = "hj633-2026"

"""Which colour an alert gets: a table with the reason for each line.

National grades exist for heavy-pollution weather only (they come with the finding). For all other kinds the colours are
our own choice, made so that a duty officer can rank the day's work; they are not a legal classification.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.codes import FindingKind, Grade, Period
from schemas.events import Finding
from schemas.times import DAY_US, HOUR_US
from store.alert_port import Window

COLOURS: Final = (Grade.BLUE, Grade.YELLOW, Grade.ORANGE, Grade.RED)


@dataclass(frozen=True)
class Step:
    """Up to and including so many times over the limit, this grade."""

    times_over: float
    grade: Grade
    why: str


EXCEEDANCE_STEPS: Final = (
    Step(0.10, Grade.BLUE, "up to a tenth over: near the limit, near the uncertainty of a monitor too"),
    Step(1.00, Grade.YELLOW, "up to twice the limit: treatment works badly"),
    Step(2.00, Grade.ORANGE, "up to three times the limit: treatment works in part only"),
    Step(float("inf"), Grade.RED, "more than three times the limit: like no treatment at all"),
)
LASTING_WINDOWS: Final = 3
"""So many consecutive hours over the limit raise the grade one step: no passing disturbance any more."""
BOUND_GRADE: Final = Grade.YELLOW
"""A lower or two-sided limit (pH) has no multiple: always the second colour."""

SILENT_LONG_US: Final = DAY_US
"""A logger that was silent for a day goes from blue to yellow: a whole day without evidence."""


@dataclass(frozen=True)
class FixedGrade:
    """The grade of a kind that has no degrees."""

    grade: Grade
    why: str


FIXED: Final[dict[FindingKind, FixedGrade]] = {
    FindingKind.SILENT_DEVICE: FixedGrade(Grade.BLUE, "mostly power or network; yellow after a day"),
    FindingKind.DEVICE_CLOCK: FixedGrade(Grade.YELLOW, "what it sends is refused until somebody sets its clock"),
    FindingKind.CONFLICTING_VALUES: FixedGrade(Grade.BLUE, "both values are kept; somebody should ask why"),
    FindingKind.ABOVE_RANGE: FixedGrade(Grade.YELLOW, "the true value is above what the monitor can show"),
    FindingKind.HEAVY_POLLUTION: FixedGrade(Grade.YELLOW, "the finding brings its own grade; this is for one without"),
    FindingKind.HEALTH_NOTICE: FixedGrade(Grade.YELLOW, "as heavy pollution, but proposes no reductions"),
    FindingKind.EARLY_WARNING: FixedGrade(Grade.BLUE, "nothing is exceeded yet: there is still time to act"),
    FindingKind.FURNACE_TEMPERATURE: FixedGrade(
        Grade.ORANGE, "a violation by itself (MEE Order 10): dioxins are not destroyed"
    ),
    FindingKind.FURNACE_TIME: FixedGrade(
        Grade.ORANGE, "a violation by itself: so long is a furnace not held to its limits"
    ),
    FindingKind.CONVERTED_MISMATCH: FixedGrade(
        Grade.YELLOW, "the verdict rests on a figure that the device's own data contradict"
    ),
    FindingKind.DEAD_LETTER: FixedGrade(Grade.ORANGE, "a defect of ours keeps data from being judged"),
    FindingKind.LOG_REPLACED: FixedGrade(
        Grade.YELLOW, "the log is read from its beginning; what the old one held and nobody had read is gone"
    ),
    FindingKind.OWN_LOSS: FixedGrade(Grade.ORANGE, "what we had acknowledged no device sends again by itself"),
    FindingKind.LOG_GAP: FixedGrade(
        Grade.RED, "reports were lost, and the partition is not judged until somebody decides"
    ),
}
"""A kind that is not here raises no alert; its findings are kept and can be looked up."""


def grade_of_multiple(times_over: float | None) -> Grade:
    """Return the grade for so many times over (C/L - 1); None: the rule has no multiple."""
    if times_over is None:
        return BOUND_GRADE
    return next(step.grade for step in EXCEEDANCE_STEPS if times_over <= step.times_over + 1e-9)


def longest_run(windows: Sequence[Window], length_us: int) -> int:
    """Return how many windows follow one another without a gap, at most."""
    longest = run = 0
    before: int | None = None
    for window in windows:
        run = run + 1 if before is not None and window.start - before == length_us else 1
        longest, before = max(longest, run), window.start
    return longest


def grade_of_exceedance(windows: Sequence[Window], period: Period) -> Grade:
    """Return the grade of consecutive exceeded windows: by the worst of them, one step more when they last."""
    worst = max((grade_of_multiple(w.times_over) for w in windows), key=lambda grade: grade.rank)
    lasting = period is Period.HOUR and longest_run(windows, HOUR_US) >= LASTING_WINDOWS
    return COLOURS[min(worst.rank - 1 + lasting, len(COLOURS) - 1)]


def grade_of_finding(finding: Finding) -> Grade:
    """Return the grade of a finding of any other kind: its own, else that of its kind."""
    if finding.grade is not None:
        return finding.grade
    silent_for = finding.detected_at - finding.start if finding.start is not None else 0
    if finding.kind is FindingKind.SILENT_DEVICE and silent_for >= SILENT_LONG_US:
        return Grade.YELLOW
    return FIXED[finding.kind].grade

"""Everything that one verdict rests on, as `ecovigil explain` reads it from the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from detectors.directory import GAS_FLOW, OXYGEN, WATER_FLOW
from detectors.nox import NO, NO2, NOX
from detectors.verdicts import WATER_TEMPERATURE
from ecovigil.class_explanation import WATER_CODES
from schemas.codes import KIND_LENGTH_S, Kind, NotJudged, Period, SiteKind
from schemas.registry import Registry
from schemas.times import SECOND_US
from standards.limits import Limit, limits_for
from standards.marks import LeftOut
from standards.parameters import canonical_unit
from standards.rules import LimitPeriod
from standards.water_targets import WATER_CLASS
from store.explain import MeanVersion, Registration, Sample, VerdictVersion, Window

BESIDE: Final = (OXYGEN, GAS_FLOW, WATER_FLOW, WATER_TEMPERATURE)
"""Parameters of the site that may have a say in a verdict."""
MADE_OF: Final[dict[str, tuple[str, ...]]] = {NOX: (NO, NO2), WATER_CLASS: WATER_CODES}
"""Parameters of which another may be made."""
LIMIT_PERIODS: Final[dict[Period, LimitPeriod]] = {
    Period.HOUR: "hour",
    Period.DAY: "day",
    Period.MONTH: "month",
    Period.INSTANT: "instant",
}


@dataclass(frozen=True)
class Account:
    """Everything that one verdict rests on."""

    window: Window
    registry: Registry
    verdicts: Sequence[VerdictVersion]
    """Oldest first."""
    means: Sequence[MeanVersion]
    """Of the window: all versions of the site's parameters that have a say."""
    hours: Sequence[MeanVersion]
    """Of a day: its hour means, all versions."""
    samples: Sequence[Sample]
    left_out: Sequence[LeftOut]
    """Stretches that marks leave out."""
    registrations: Sequence[Registration] = ()
    """What the registry said of the site in turn."""

    @property
    def verdict(self) -> VerdictVersion:
        """The version in force."""
        return self.verdicts[-1]

    @property
    def kind(self) -> SiteKind:
        """Kind of the site, as registered now."""
        return self.registry.sites[self.window.site].kind

    @property
    def unit(self) -> str:
        """Unit of the means, "" where they have none."""
        return canonical_unit(self.kind, self.window.parameter).replace("-", "")

    @property
    def is_of_hours(self) -> bool:
        """Whether the window's means are made of hour means."""
        return self.window.period in (Period.DAY, Period.MONTH)

    def mean(self, parameter: str) -> MeanVersion | None:
        """Return the mean of a parameter in force in the window."""
        return next((m for m in reversed(self.means) if m.parameter == parameter), None)

    def hours_in_force(self, parameter: str) -> list[MeanVersion]:
        """Return the last version of each hour mean of a day, in order of time."""
        mine = [hour for hour in self.hours if hour.parameter == parameter]
        return [list(versions)[-1] for _, versions in groupby(mine, key=lambda hour: hour.start)]

    def is_marked(self, sample: Sample) -> bool:
        """Whether a mark leaves a reading out; the device's own hour or day value is, where its mean says so."""
        if sample.kind in (Kind.HOUR, Kind.DAY):
            mean = self.mean(sample.parameter)
            return mean is not None and mean.kind is sample.kind and mean.reason == NotJudged.MARKED
        end = sample.observed_at + max(KIND_LENGTH_S[sample.kind] * SECOND_US, 1)
        return any(
            part.start < end and part.end > sample.observed_at and part.covers(sample.parameter)
            for part in self.left_out
        )

    def counted(self, parameter: str) -> list[tuple[int, float]]:
        """Return (instant, value) of what the mean of a parameter is made of: valid samples, or valid hours."""
        mean = self.mean(parameter)
        if mean is None:
            return []
        if self.is_of_hours and mean.kind is not Kind.DAY:
            return [(h.start, h.value) for h in self.hours_in_force(parameter) if h.valid and h.value is not None]
        return [
            (s.observed_at, s.value)
            for s in self.samples
            if s.parameter == parameter and s.kind is mean.kind and s.flag == "N" and s.value is not None
            if not s.superseded and not self.is_marked(s)
        ]

    def limit(self) -> Limit | None:
        """Return the limit that the registry of now gives, where it is the one of the verdict."""
        water = self.mean(WATER_TEMPERATURE)
        period = LIMIT_PERIODS[self.window.period]
        found = limits_for(
            self.registry, self.window.site, self.window.parameter, period, self.window.start,
            water.value if water and water.valid else None,
        ).limit  # fmt: skip
        return found if found and found.rule_id == self.verdict.rule else None

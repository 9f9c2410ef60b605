"""Holds a scenario's expectations against the results: one line for each that is not met."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from schemas.times import cst_text
from sim.results import AlertFound, FindingFound, IndexFound, Results, VerdictFound
from sim.scenario_expect import (
    Expectation,
    ExpectedAlert,
    ExpectedAqi,
    ExpectedBooks,
    ExpectedFinding,
    ExpectedMean,
    ExpectedNotification,
    ExpectedVerdict,
    Subject,
)
from sim.scenario_file import Scenario

TOLERANCE: Final = 0.005
_ROUNDING: Final = 1e-9
"""So that a difference of exactly 0.005 agrees in spite of binary fractions."""


def agrees(expected: Any, found: Any) -> bool:
    """Whether a figure agrees within 0.005, a list with a set in any order, anything else exactly; none with NaN or None."""
    if isinstance(found, set):
        return set(expected) == found
    if isinstance(expected, bool) or not isinstance(expected, int | float):
        return bool(expected == found)
    if found is None or isinstance(found, bool) or math.isnan(found):
        return False
    return bool(abs(expected - found) <= TOLERANCE + _ROUNDING)


def unmet(scenario: Scenario, results: Results) -> list[str]:
    """Return a line for each expectation that does not hold: which, what was expected, what was found."""
    check = Check(results)
    return [f"expect {name}: {line}" for name, wanted in scenario.expectations for line in check.problems(wanted)]


@dataclass(frozen=True)
class Check:
    """Compares one expectation at a time."""

    results: Results

    def problems(self, wanted: Expectation) -> list[str]:
        """Return what does not hold of one expectation; usually nothing."""
        return list(_CHECKS[type(wanted)](self, wanted))

    def mean(self, wanted: ExpectedMean) -> Iterator[str]:
        """Compare a mean; that of a city is in its index."""
        where = f"mean of {wanted.site or wanted.city} {wanted.parameter} {wanted.period} {cst_text(wanted.start)}"
        if wanted.city is not None:
            found = self._city_mean(wanted)
        else:
            mean = self.results.mean(wanted.site or "", wanted.parameter, wanted.period, wanted.start)
            found = None if mean is None else vars(mean)
        yield from _differences(where, wanted, found, ("valid", "value", "samples", "converted", "mass_kg"))

    def _city_mean(self, wanted: ExpectedMean) -> dict[str, Any] | None:
        index = self.results.index(wanted.city or "", is_city=True, period=wanted.period, start=wanted.start)
        if index is None:
            return None
        value = concentration(index, wanted.parameter)
        return {"valid": value is not None, "value": value}

    def verdict(self, wanted: ExpectedVerdict) -> Iterator[str]:
        """Compare a verdict and its versions."""
        where = f"verdict on {wanted.site} {wanted.parameter} {wanted.period} {cst_text(wanted.start)}"
        versions = self.results.verdicts(wanted.site, wanted.parameter, wanted.period, wanted.start)
        found = None if not versions else vars(versions[-1]) | {"limit": _limit(versions[-1])}
        if found is not None:
            found["history"] = [version.outcome for version in versions]
        yield from _differences(where, wanted, found, ("outcome", "value", "limit", "times_over", "reason", "history"))

    def aqi(self, wanted: ExpectedAqi) -> Iterator[str]:
        """Compare an index; `valid = false` holds where there is none."""
        subject = wanted.site or wanted.city or ""
        where = f"AQI of {subject} {wanted.period} {cst_text(wanted.start)}"
        index = self.results.index(
            subject, is_city=wanted.city is not None, period=wanted.period, start=wanted.start
        ) or IndexFound(None, ())
        found = {"value": index.aqi, "valid": index.aqi is not None, "primary": set(index.primary)}
        yield from _differences(where, wanted, found, ("value", "valid", "primary"))

    def alert(self, wanted: ExpectedAlert) -> Iterator[str]:
        """Count the alerts that have everything that is named."""
        about = [alert for alert in self.results.alerts() if self._is_about(wanted, alert)]
        matching = [alert for alert in about if _alert_matches(wanted, alert)]
        if len(matching) != wanted.count:
            yield f"{wanted.count} × {_named(wanted)}, found {len(matching)}; there are: {_listed(about, _alert_text)}"

    def finding(self, wanted: ExpectedFinding) -> Iterator[str]:
        """Count the findings."""
        about = [finding for finding in self.results.findings() if self._is_about(wanted, finding)]
        yield from _count_problem(wanted, len(about))

    def notification(self, wanted: ExpectedNotification) -> Iterator[str]:
        """Count who was told."""
        alerts = {a.alert_id for a in self.results.alerts() if self._is_about(wanted, a)}
        told = [
            n
            for n in self.results.notifications()
            if n.alert_id in alerts and wanted.recipient in (None, n.recipient) and wanted.step in (None, n.step)
        ]
        yield from _count_problem(wanted, len(told))

    def books(self, wanted: ExpectedBooks) -> Iterator[str]:
        """Compare the books of one device and day."""
        book = self.results.book(wanted.device, wanted.date)
        found = None if book is None else book._asdict()
        where = f"books of {wanted.device} {wanted.date}"
        yield from _differences(where, wanted, found, ("received", "stored", "duplicate", "rejected"))

    @staticmethod
    def _is_about(
        wanted: ExpectedAlert | ExpectedFinding | ExpectedNotification, found: AlertFound | FindingFound
    ) -> bool:
        parameter = getattr(wanted, "parameter", None)
        return (
            wanted.kind == found.kind
            and parameter in (None, found.parameter)
            and wanted.city in (None, found.city)
            and (wanted.site is None or wanted.site in found.sites)
        )


def concentration(index: IndexFound, parameter: str) -> float | None:
    """Return the concentration from which a city's index was made; None where too few stations had one."""
    value = index.detail.get("value", {}).get(parameter)
    return None if value is None else float(value)


def _limit(verdict: VerdictFound) -> float | None:
    """Return the limit that decides: the lower one only where there is no other, or the value lies below it."""
    low, high = _figure(verdict.limit_min), _figure(verdict.limit_max)
    value = _figure(verdict.value)
    if high is None or (low is not None and value is not None and value < low):
        return low
    return high


def _figure(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _differences(where: str, wanted: Any, found: dict[str, Any] | None, keys: tuple[str, ...]) -> Iterator[str]:
    named = {key: getattr(wanted, key) for key in keys if key in wanted.model_fields_set}
    if found is None:
        yield f"{where}: expected {_pairs(named) or 'one'}, found none"
        return
    differing = {key: value for key, value in named.items() if not agrees(value, found.get(key))}
    if differing:
        yield f"{where}: expected {_pairs(differing)}, found {_pairs({key: found.get(key) for key in differing})}"


def _alert_matches(wanted: ExpectedAlert, alert: AlertFound) -> bool:
    return (
        wanted.state in (None, alert.state)
        and wanted.grade in (None, alert.grade)
        and wanted.reductions in (None, alert.reductions)
        and (wanted.raised is None or wanted.raised[0] <= alert.raised_at < wanted.raised[1])
    )


def _count_problem(wanted: ExpectedFinding | ExpectedNotification, found: int) -> Iterator[str]:
    met = found >= 1 if wanted.count is None else found == wanted.count
    if not met:
        yield f"{'at least 1' if wanted.count is None else wanted.count} × {_named(wanted)}, found {found}"


def _named(wanted: Subject) -> str:
    named = {key: getattr(wanted, key) for key in sorted(wanted.model_fields_set - {"count"})}
    if "raised" in named and named["raised"] is not None:
        named["raised"] = [cst_text(instant) for instant in named["raised"]]
    return _pairs(named)


def _alert_text(alert: AlertFound) -> str:
    return f"{alert.state} {alert.grade} {alert.parameter or ''} raised {cst_text(alert.raised_at)}".replace("  ", " ")


def _listed(found: list[Any], text: Callable[[Any], str]) -> str:
    return "; ".join(text(entry) for entry in found) or "none"


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {_plain(value)}" for key, value in values.items())


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


_CHECKS: Final[dict[type, Callable[[Check, Any], Iterator[str]]]] = {
    ExpectedMean: Check.mean,
    ExpectedVerdict: Check.verdict,
    ExpectedAqi: Check.aqi,
    ExpectedAlert: Check.alert,
    ExpectedFinding: Check.finding,
    ExpectedNotification: Check.notification,
    ExpectedBooks: Check.books,
}

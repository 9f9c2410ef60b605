"""What a rule says of one window or reading, before many of them become columns."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.codes import Outcome
from standards.judgement import judge
from standards.limits import Limit
from store.port import Verdicts

_NAN = float("nan")
Key = tuple[int, int, int]
"""(series, period, start)."""


@dataclass(frozen=True)
class Ruling:
    """One verdict without its key."""

    outcome: Outcome
    limit: Limit | None
    binding: str
    value: float = _NAN
    times_over: float = _NAN
    reason: str = ""
    basis: str = "measured"


def compared(value: float, limit: Limit, basis: str) -> Ruling:
    """Return what a limit says of a value in its unit."""
    outcome, times_over = judge(value, limit.minimum, limit.maximum)
    return Ruling(outcome, limit, limit.binding_id, value, _NAN if times_over is None else times_over, basis=basis)


def not_judged(limit: Limit | None, binding: str, reason: str, basis: str = "measured") -> Ruling:
    """Return that nothing can be said, and why."""
    return Ruling(Outcome.NOT_JUDGED, limit, binding, reason=str(reason), basis=basis)


def columns(found: Iterable[tuple[Key, Ruling | None]]) -> Verdicts:
    """Return rulings as columns; where there is none, none."""
    rows = [(key, ruling) for key, ruling in found if ruling is not None]
    rulings = [ruling for _, ruling in rows]
    return Verdicts.of(
        series=[key[0] for key, _ in rows],
        period=[key[1] for key, _ in rows],
        start=[key[2] for key, _ in rows],
        outcome=[r.outcome.value for r in rulings],
        value=[r.value for r in rulings],
        limit_min=[_bound(r.limit.minimum if r.limit else None) for r in rulings],
        limit_max=[_bound(r.limit.maximum if r.limit else None) for r in rulings],
        times_over=[r.times_over for r in rulings],
        reason=[r.reason for r in rulings],
        rule=[r.limit.rule_id if r.limit else "" for r in rulings],
        binding=[r.binding for r in rulings],
        basis=[r.basis for r in rulings],
    )


def _bound(figure: float | None) -> float:
    return _NAN if figure is None else figure

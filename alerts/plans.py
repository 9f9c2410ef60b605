"""Emergency plans: what a graded episode proposes, whom it would touch, and what people then decide.

The system only proposes: publishing a warning without authority is prohibited (facts.md 3.2). An activation is about one
alert at one grade; a higher grade is a proposal of its own, and the lower one is superseded when people confirm it.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from alerts.lifecycle import STANDING
from schemas.codes import AlertState, FindingKind, Grade
from schemas.identity import content_id
from schemas.registry import Measure, Organisation, Plan, Registry
from store.alert_port import Activation, Alert


class State(StrEnum):
    """Where an activation is; only people move it to `confirmed` and `lifted`."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    LIFT_PROPOSED = "lift_proposed"
    """The episode is over; people have not lifted it yet."""
    LIFTED = "lifted"
    SUPERSEDED = "superseded"
    """A higher grade took its place."""
    LAPSED = "lapsed"
    """The episode ended, or turned out not to exist, before anybody confirmed."""


class Refusal(StrEnum):
    """Why a person's decision does not fit an activation."""

    NONE = "none"
    NOBODY = "nobody"
    NOT_PROPOSED = "not_proposed"
    NOT_IN_FORCE = "not_in_force"


IN_FORCE: Final = frozenset({State.CONFIRMED, State.LIFT_PROPOSED})
OVER: Final = frozenset({State.LIFTED, State.SUPERSEDED, State.LAPSED})


def _minimum(grade: Grade, cut_pct: float) -> Measure:
    return Measure(
        grade=grade,
        text=f"全社会 SO2、NOx、PM、VOCs 减排比例不低于 {cut_pct:g}%",
        text_en=f"cut total SO2, NOx, PM and VOC emissions by at least {cut_pct:g} %",
        cut_pct=cut_pct,
    )


NATIONAL_MINIMUM: Final = Plan(
    id="national-minimum",
    city="*",
    name="国家最低要求（本市预案未登记）",
    name_en="national minimum (no plan of this city is registered)",
    source="环大气〔2024〕6号; facts.md 3.1",
    measures=[_minimum(Grade.YELLOW, 10), _minimum(Grade.ORANGE, 20), _minimum(Grade.RED, 30)],
)
"""Proposed for a city that has registered no plan, so that an episode never goes without a proposal."""


def plan_of(registry: Registry, city: str) -> Plan:
    """Return the plan of a city, the national minimum where it has none."""
    return next((plan for plan in registry.plan if plan.city == city), NATIONAL_MINIMUM)


def enterprises_of(registry: Registry, city: str) -> list[Organisation]:
    """Return the organisations that lie in a city or have a site there, by id."""
    with_site = {site.organisation for site in registry.site if site.city == city}
    found = (o for o in registry.organisation if o.city == city or o.id in with_site)
    return sorted(found, key=lambda organisation: organisation.id)


def touches(measure: Measure, organisation: Organisation) -> bool:
    """Whether a measure asks something of an enterprise; one without classes is the city's own."""
    return organisation.performance_class in measure.classes and (
        not measure.industries or organisation.industry in measure.industries
    )


def measures_at(plan: Plan, grade: Grade) -> list[Measure]:
    """Return the measures that apply at a grade: those of this grade and of all below it."""
    return [measure for measure in plan.measures if measure.grade.rank <= grade.rank]


def proposal(alert: Alert, registry: Registry, at: int) -> Activation:
    """Return the proposed activation of the city's plan for an alert at its grade."""
    city = alert.city or ""
    plan = plan_of(registry, city)
    return Activation(
        activation_id=content_id("activation", alert.alert_id, alert.grade),
        plan_id=plan.id,
        city=city,
        alert_id=alert.alert_id,
        grade=alert.grade,
        state=State.PROPOSED,
        proposed_at=at,
        changed_at=at,
        detail=_touched(plan, measures_at(plan, alert.grade), enterprises_of(registry, city)),
    )


def _touched(plan: Plan, measures: list[Measure], enterprises: list[Organisation]) -> dict[str, Any]:
    rows = [
        measure.model_dump(mode="json") | {"enterprises": [o.id for o in enterprises if touches(measure, o)]}
        for measure in measures
    ]
    named = {enterprise for row in rows for enterprise in row["enterprises"]}
    return {
        "plan": {"name": plan.name, "name_en": plan.name_en, "source": plan.source},
        "measures": rows,
        "enterprises": [
            {"id": o.id, "name": o.name, "industry": o.industry, "performance_class": o.performance_class}
            for o in enterprises
            if o.id in named
        ],
    }


def proposes_reductions(alert: Alert) -> bool:
    """Whether an alert of this kind proposes a plan: episodes that PM2.5 drives, never a health notice."""
    return alert.kind is FindingKind.HEAVY_POLLUTION


def is_over(alert: Alert) -> bool:
    """Whether the cause of an alert has ended or never was; a closed alert may have one that lasts."""
    if alert.state is AlertState.CLOSED:
        return alert.detail.get("ended_at") is not None
    return alert.state not in STANDING


def follow(alert: Alert, activations: Iterable[Activation], registry: Registry, at: int) -> list[Activation]:
    """Return the activations that are new or changed because of what the alert says now.

    Closing an alert changes nothing while its cause lasts: measures are lifted by a decision, not by tidying a list.
    """
    if not proposes_reductions(alert):
        return []
    kept = list(activations)
    if is_over(alert):
        return [_moved(a, _after_end(State(a.state)), at) for a in kept if _after_end(State(a.state)) != a.state]
    if alert.state not in STANDING:
        return []
    changed = [_moved(a, wanted, at) for a in kept if (wanted := _while_standing(a, alert.grade)) != a.state]
    known = {a.grade for a in kept}
    return changed if alert.grade in known else [*changed, proposal(alert, registry, at)]


def _after_end(state: State) -> State:
    return {State.PROPOSED: State.LAPSED, State.CONFIRMED: State.LIFT_PROPOSED}.get(state, state)


def _while_standing(activation: Activation, grade: Grade) -> State:
    """Return the state of an activation while its alert stands at `grade`."""
    state = State(activation.state)
    if activation.grade is grade:
        again = {State.LIFT_PROPOSED: State.CONFIRMED, State.LAPSED: State.PROPOSED, State.SUPERSEDED: State.PROPOSED}
        return again.get(state, state)
    # a proposal of another grade is out of date; what people have confirmed stays until they confirm something else
    return {State.PROPOSED: State.SUPERSEDED, State.LIFT_PROPOSED: State.CONFIRMED}.get(state, state)


def _moved(activation: Activation, state: State, at: int) -> Activation:
    at = max(at, activation.changed_at)
    return replace(activation, state=state, changed_at=at, version=activation.version + 1)


def why_not_confirm(activation: Activation, by: str) -> Refusal:
    """Return why `by` cannot confirm."""
    if not by.strip():
        return Refusal.NOBODY
    return Refusal.NONE if activation.state == State.PROPOSED else Refusal.NOT_PROPOSED


def why_not_lift(activation: Activation, by: str) -> Refusal:
    """Return why `by` cannot lift."""
    if not by.strip():
        return Refusal.NOBODY
    return Refusal.NONE if activation.state in IN_FORCE else Refusal.NOT_IN_FORCE


def confirm(activation: Activation, others: Iterable[Activation], by: str, at: int) -> list[Activation]:
    """Record that `by` confirmed; other activations of the same alert that were in force are superseded."""
    superseded = [
        _moved(other, State.SUPERSEDED, at)
        for other in others
        if other.activation_id != activation.activation_id and other.state in IN_FORCE
    ]
    return [_decided(activation, State.CONFIRMED, by, at), *superseded]


def lift(activation: Activation, by: str, at: int) -> Activation:
    """Record that `by` lifted the measures."""
    return _decided(activation, State.LIFTED, by, at)


def _decided(activation: Activation, state: State, by: str, at: int) -> Activation:
    return replace(_moved(activation, state, at), decided_by=by, decided_at=at)

"""What people do in a scenario, at the duty desk and the mark desk of a store."""

from alerts.desk import Desk, Refused
from detectors import mark_desk
from detectors.mark_desk import MarkDesk, Statement
from schemas.codes import FindingKind
from schemas.marks import MarkKind
from schemas.registry import Registry
from sim.scenario_inputs import ActivationStep, AlertStep, Mark
from sim.scenario_play import Action
from store.alert_port import Activation, Alert, AlertFilter, AlertStore
from store.mark_port import MarkStore

STANDING_PLANS = {"confirm": ("proposed",), "lift": ("confirmed", "lift_proposed")}


class People:
    """Acknowledge, close, confirm and lift, found by what the scenario names; enter marks."""

    def __init__(self, store: AlertStore, marks: MarkStore, registry: Registry) -> None:
        self._store = store
        self._marks = MarkDesk(marks, lambda: (1, registry))
        self._desk = Desk(store, lambda: (1, registry))

    def act(self, step: Action) -> str:
        """Do it at the instant of the step; return why it is not possible, "" where it was done."""
        try:
            if isinstance(step, Mark):
                return self._enter(step)
            return self._on_alert(step) if isinstance(step, AlertStep) else self._on_activation(step)
        except (Refused, mark_desk.Refused) as refusal:
            return str(refusal)

    def _enter(self, mark: Mark) -> str:
        said = Statement(
            mark.site,
            MarkKind(mark.kind),
            mark.start,
            mark.to,
            mark.by,
            evidence="scenario",
            parameters=tuple(mark.parameters or ()),
            variant=mark.variant,
        )
        self._marks.add(said, mark.at)
        return ""

    def _on_alert(self, step: AlertStep) -> str:
        alert = self._alert(step)
        if alert is None:
            return f"no standing alert of kind {step.kind} about {step.site or step.city}"
        if step.do == "acknowledge":
            self._desk.acknowledge(alert.alert_id, step.by, step.at)
        else:
            self._desk.close(alert.alert_id, step.by, step.outcome or "closed in the scenario", step.at)
        return ""

    def _alert(self, step: AlertStep) -> Alert | None:
        wanted = AlertFilter(standing=True, site=step.site, city=step.city, kind=FindingKind(step.kind))
        return next(iter(self._store.find_alerts(wanted)), None)

    def _on_activation(self, step: ActivationStep) -> str:
        activation = self._activation(step)
        if activation is None:
            return f"nothing to {step.do} for {step.city}"
        decide = self._desk.confirm if step.do == "confirm" else self._desk.lift
        decide(activation.activation_id, step.by, step.at)
        return ""

    def _activation(self, step: ActivationStep) -> Activation | None:
        states = STANDING_PLANS[step.do]
        return next((a for a in self._store.activations() if a.city == step.city and a.state in states), None)

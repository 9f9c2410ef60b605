"""What people do: acknowledge and close alerts, confirm and lift activations; each is a row of history and an event.

Delivery: one transaction a decision. Where the alert moved on meanwhile, it is read again and the decision made anew.
"""

from collections.abc import Callable
from typing import Final, TypeVar
from uuid import UUID

from alerts import lifecycle, plans
from alerts.draft import Draft
from alerts.lifecycle import Change
from schemas.codes import AlertState
from schemas.errors import EcoVigilError, Overtaken
from schemas.registry import Registry
from store.alert_port import Activation, Alert, AlertStore

ATTEMPTS: Final = 5

T = TypeVar("T")


class Refused(EcoVigilError):
    """What a person wanted does not fit the state of the alert or activation."""


class Desk:
    """The duty desk of one store."""

    def __init__(self, store: AlertStore, registry: Callable[[], tuple[int, Registry]]) -> None:
        self._store = store
        self._registry = registry

    def acknowledge(self, alert_id: UUID, by: str, at: int | None = None) -> Alert:
        """Record that `by` takes an open alert on; raises Refused. `at` is µs, absent: the store's own time."""
        why = lifecycle.why_not_acknowledge
        return self._decide(
            alert_id, lambda alert: why(alert, by), lambda a, now: lifecycle.acknowledge(a, by, now), at
        )

    def close(self, alert_id: UUID, by: str, reason: str, at: int | None = None) -> Alert:
        """Record that `by` ends an alert, and why; raises Refused."""
        why = lifecycle.why_not_close
        return self._decide(
            alert_id, lambda alert: why(alert, by, reason), lambda a, now: lifecycle.close(a, by, reason, now), at
        )

    def confirm(self, activation_id: UUID, by: str, at: int | None = None) -> Activation:
        """Record that people confirmed a proposed activation; raises Refused. It announces nothing."""
        return self._settle(activation_id, lambda a, others, now: _confirmed(a, others, by, now), at)

    def lift(self, activation_id: UUID, by: str, at: int | None = None) -> Activation:
        """Record that people lifted an activation; raises Refused."""
        return self._settle(activation_id, lambda a, others, now: _lifted(a, by, now), at)

    def _decide(
        self,
        alert_id: UUID,
        why_not: Callable[[Alert], lifecycle.Refusal],
        act: Callable[[Alert, int], Change],
        at: int | None,
    ) -> Alert:
        def attempt() -> Alert:
            draft = Draft(self._store, self._registry()[1])
            alert = draft.alert(alert_id)
            if alert is None:
                raise Refused(f"没有这条告警 no such alert: {alert_id}")
            refusal = why_not(alert)
            if refusal is not lifecycle.Refusal.NONE:
                raise Refused(_said(refusal, alert.state))
            changed = draft.apply(act(alert, self._store.now() if at is None else at))
            self._store.commit_alerts(draft.finished())
            return changed

        return _again(attempt)

    def _settle(
        self,
        activation_id: UUID,
        act: Callable[[Activation, list[Activation], int], list[Activation]],
        at: int | None,
    ) -> Activation:
        def attempt() -> Activation:
            known = self._store.activations()
            found = next((a for a in known if a.activation_id == activation_id), None)
            if found is None:
                raise Refused(f"没有这条启动记录 no such activation: {activation_id}")
            others = [a for a in known if a.alert_id == found.alert_id]
            changed = act(found, others, self._store.now() if at is None else at)
            draft = Draft(self._store, self._registry()[1])
            draft.batch.activations = [(a, a.version - 1) for a in changed]
            self._store.commit_alerts(draft.batch)
            return changed[0]

        return _again(attempt)


def _confirmed(activation: Activation, others: list[Activation], by: str, at: int) -> list[Activation]:
    _check(plans.why_not_confirm(activation, by), activation)
    return plans.confirm(activation, others, by, at)


def _lifted(activation: Activation, by: str, at: int) -> list[Activation]:
    _check(plans.why_not_lift(activation, by), activation)
    return [plans.lift(activation, by, at)]


def _check(refusal: plans.Refusal, activation: Activation) -> None:
    if refusal is not plans.Refusal.NONE:
        raise Refused(_said(refusal, activation.state))


def _said(refusal: lifecycle.Refusal | plans.Refusal, state: AlertState | str) -> str:
    words = {
        "not_open": "告警不在待处理状态 the alert is not open",
        "already_closed": "告警已关闭 the alert is closed already",
        "withdrawn": "告警已撤销 the alert was withdrawn",
        "nobody": "请说明经办人 say who (--by)",
        "no_reason": "请说明关闭理由 say why (--reason)",
        "not_proposed": "不是待确认的建议 it is not a proposal that waits",
        "not_in_force": "未在启动状态 it is not in force",
    }
    return f"{words[refusal]} ({state})"


def _again(attempt: Callable[[], T]) -> T:
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except Overtaken:
            continue
    return attempt()

"""Which bindings and permits came into the registry for the window of a verdict, when, and which of its versions follow from that."""

from collections.abc import Iterator

from detectors.verdicts import WATER_TEMPERATURE
from ecovigil.account import LIMIT_PERIODS, Account
from ecovigil.explanation import number
from schemas.codes import NotJudged
from schemas.registry import Binding, Permit, Registry
from schemas.times import cst_text
from standards.limits import LimitDecision, limits_for
from standards.parameters import base_code
from store.explain import Registration, VerdictVersion


def registration_lines(account: Account) -> Iterator[str]:
    """Yield what each version of the registry took out of force (-) or brought into force (+) for the window."""
    before: list[str] = []
    for registration in account.registrations:
        now = list(_in_force(account, registration))
        changes = [f"- {entry}" for entry in before if entry not in now]
        changes += [f"+ {entry}" for entry in now if entry not in before]
        if changes:
            yield f"{name_of(registration)} ({registration.imported_by})"
            yield from (f"  {change}" for change in changes)
        before = now


def name_of(registration: Registration) -> str:
    """Return number and time of a version of the registry."""
    return f"登记 registry v{registration.version} {cst_text(registration.imported_at, seconds=True)}"


def _in_force(account: Account, registration: Registration) -> Iterator[str]:
    at, code = account.window.start, base_code(account.window.parameter)
    for binding in registration.bindings:
        if binding.covers(at):
            yield f"适用标准 binding {binding.id}: {binding.reason} {_dates(binding)}"
    for permit in registration.permits:
        if permit.covers(at) and permit.limit is not None and base_code(permit.parameter) == code:
            yield f"许可证限值 permit {permit.id}: {number(permit.limit)} {_dates(permit)}"


def _dates(entry: Binding | Permit) -> str:
    return f"({entry.effective_from} – {entry.effective_to or '…'})"


def registrations_of(account: Account) -> list[Registration | None]:
    """Return, for each version of the verdict, the first version of the registry that gives its rule and limit; they never go back.

    None: none does, for example because the tables of the law changed since.
    """
    found: list[Registration | None] = []
    at = 0
    decisions = [_decision(account, registration) for registration in account.registrations]
    for verdict in account.verdicts:
        fitting = next((n for n in range(at, len(decisions)) if _fits(decisions[n], verdict)), None)
        found.append(None if fitting is None else account.registrations[fitting])
        at = at if fitting is None else fitting
    return found


def _decision(account: Account, registration: Registration) -> LimitDecision:
    window, water = account.window, account.mean(WATER_TEMPERATURE)
    site = account.registry.sites[window.site]
    registry = Registry(site=[site], binding=list(registration.bindings), permit=list(registration.permits))
    degc = water.value if water and water.valid else None
    return limits_for(registry, window.site, window.parameter, LIMIT_PERIODS[window.period], window.start, degc)


def _fits(decision: LimitDecision, verdict: VerdictVersion) -> bool:
    limit = decision.limit
    if limit is None:
        return not verdict.rule and verdict.reason == (decision.reason or NotJudged.NOT_LIMITED)
    figures = (limit.rule_id, limit.minimum, limit.maximum, decision.binding_id)
    return figures == (verdict.rule, verdict.limit_min, verdict.limit_max, verdict.binding)

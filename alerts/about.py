"""What the text of an alert is made from, and the words for its place and time."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas.codes import Period
from schemas.registry import Binding, Registry
from schemas.times import HOUR_US, cst_text, to_cst
from store.alert_port import Alert, WindowFacts


class Text(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class About:
    """All that a text is made from."""

    alert: Alert
    registry: Registry
    facts: WindowFacts | None
    """None: not known, so nothing is said of oxygen and flags."""

    def figure(self, key: str) -> Any:
        """Return one figure of the alert's detail."""
        return self.alert.detail.get(key)


def window_words(start: int, period: Period | None) -> str:
    """Return a window as people read it: `2026-03-10 08:00–09:00`, or the day."""
    if period is Period.DAY:
        return cst_text(start).partition(" ")[0]
    if period is Period.MONTH:
        return f"{to_cst(start):%Y-%m}"
    if period is Period.INSTANT:
        return cst_text(start, seconds=True)
    return f"{cst_text(start)}–{to_cst(start + HOUR_US):%H:%M}"


def law_words(about: About, rule: str, binding_id: str) -> Text:
    """Return the rule an alert rests on, the binding that makes it apply, and why."""
    binding = _binding(about, binding_id)
    standard = f"{binding.standard}（{binding.category}，{binding.variant}）" if binding and binding.standard else ""
    standard_en = f"{binding.standard} ({binding.category}, {binding.variant})" if binding and binding.standard else ""
    reason = f"，适用理由：{binding.reason}" if binding else ""
    return Text(
        f"依据 {' '.join(filter(None, (standard, rule)))}；适用标准 {binding_id}{reason}",
        f"rule {' '.join(filter(None, (standard_en, rule)))}; binding {binding_id}"
        + (f", because: {binding.reason}" if binding else ""),
    )


def _binding(about: About, binding_id: str) -> Binding | None:
    bindings = about.registry.site_bindings.get(about.alert.site_id or "", [])
    return next((binding for binding in bindings if binding.id == binding_id), None)

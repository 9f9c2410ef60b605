"""Why a verdict says what it says: the formulas with their numbers, the rule with its source, in Chinese and English."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from detectors.directory import OXYGEN, PH, WATER_FLOW
from detectors.gas import OXYGEN_GUARD_PCT
from detectors.nox import NO, NO2, NOX
from ecovigil.account import Account
from ecovigil.class_explanation import WATER_CODES, class_lines, class_rule_lines
from schemas.codes import Kind, NotJudged, Outcome, Period, SiteKind
from schemas.times import cst_text
from standards.gas_formulas import NO2_OF_NO, nox_as_no2
from standards.parameters import CONVERTED
from standards.provisions import Provision, provisions
from standards.surface_water import CLASS_NAMES
from standards.water_targets import GB_3838, WATER_CLASS, target_of

OUTCOME_WORDS: Final = {
    Outcome.MET: ("达标", "met"),
    Outcome.EXCEEDED: ("超标", "exceeded"),
    Outcome.NOT_JUDGED: ("未判定", "not judged"),
}
REASON_WORDS: Final = {
    NotJudged.TOO_FEW_SAMPLES: ("有效数据不足", "fewer valid samples than the law asks for"),
    NotJudged.NO_BINDING: ("当时没有适用标准", "no standard was bound to the site then"),
    NotJudged.MARKED: ("数据已标记，不用于判定", "the data are marked and are not judged"),
    NotJudged.CONVERSION_MISSING: ("缺少氧含量，无法折算", "without oxygen there is no conversion"),
    NotJudged.MEASURED_MISSING: ("缺少实测值", "the limit is for the measured value, only a converted one was sent"),
    NotJudged.OXYGEN_GUARD: (
        f"氧含量不低于 {OXYGEN_GUARD_PCT} %，不折算",
        f"oxygen at or above {OXYGEN_GUARD_PCT} %: nothing is converted",
    ),
    NotJudged.CONDITION_UNDECIDED: ("适用条件无法由数据判断", "which row applies can't be decided from the data"),
    NotJudged.FLOW_MISSING: ("缺少流量，无法加权", "there is no flow to weigh with"),
    NotJudged.NOT_LIMITED: (
        "曾经判定，现行适用标准对此不设限值",
        "it was judged before; the present binding does not limit it",
    ),
}
_TERMS: Final = 3
"""Terms of a sum that are written out at its beginning."""


def formula_lines(account: Account) -> Iterator[str]:
    """Yield how the compared value came about, and the comparison, with all numbers."""
    parameter = account.window.parameter
    if parameter == WATER_CLASS:
        yield from _class_lines(account)
        return
    if account.window.period is Period.INSTANT:
        yield "单次数据，不取平均 a single reading, no mean is taken"
        yield from _comparison_lines(account)
        return
    told = account.mean(parameter + CONVERTED)
    yield from _mean_lines(account, parameter)
    yield from _nox_lines(account)
    if account.verdict.basis == "converted":
        if told is not None and told.valid:
            yield "采用数采仪的折算值 the device's own converted value is used:"
            yield from _mean_lines(account, parameter + CONVERTED)
        else:
            yield from _conversion_lines(account)
    yield from _comparison_lines(account)


def _class_lines(account: Account) -> Iterator[str]:
    target = target_of(account.registry, account.window.site, account.window.start)
    means = {code: mean.value for code in WATER_CODES if (mean := account.mean(code)) and mean.valid}
    yield from class_lines(target, {c: v for c, v in means.items() if v is not None}, account.verdict.basis)
    outcome = " ".join(OUTCOME_WORDS[Outcome(account.verdict.outcome)])
    rank = int(account.verdict.value or 0)
    yield f"{CLASS_NAMES[rank] or words(account.verdict.reason)} → {outcome}"


def _nox_lines(account: Account) -> Iterator[str]:
    """Yield NOx = NO M(NO2)/M(NO) + NO2 where the device sends the two gases."""
    no, no2 = account.mean(NO), account.mean(NO2)
    own = any(sample.parameter == NOX for sample in account.samples)
    if account.window.parameter == NOX and not own and no and no2 and no.value is not None and no2.value is not None:
        total = number(nox_as_no2(no.value, no2.value))
        yield f"NOx（以 NO₂ 计 as NO₂）= NO × 46.005/30.006 + NO₂ = {number(no.value)} × {NO2_OF_NO:.4f} + {number(no2.value)} = {total}"


def _mean_lines(account: Account, parameter: str) -> Iterator[str]:
    mean = account.mean(parameter)
    if mean is None:
        yield f"{parameter}: 没有均值 no mean"
        return
    samples = account.counted(parameter)
    what = "小时 hours" if account.is_of_hours and mean.kind is not Kind.DAY else f"{mean.kind.wire}"
    yield f"{parameter}: 有效样本 valid samples: {mean.samples} ({what})"
    if not mean.valid:
        yield f"均值无效 the mean is invalid: {words(mean.reason)}"
    state = account.registry.gas_states.get((account.window.site, parameter))
    if state and mean.value is not None and not account.is_of_hours:
        yield f"各样本由 {state} 换算为标准干态 each sample is brought from {state} to standard state, dry: {number(mean.value)} {account.unit}"
    elif samples and mean.value is not None:
        yield f"{_average(account, parameter, samples)} = {number(mean.value)} {account.unit}".rstrip()


def _average(account: Account, parameter: str, samples: Sequence[tuple[int, float]]) -> str:
    """Return the average in figures: a median of pH, a flow-weighted mean of discharged water, else the arithmetic mean."""
    values = [value for _, value in samples]
    if parameter == PH:
        return f"中位数 median of {_terms(values, ', ')} = {number(median(values))}"
    flow = dict(account.counted(WATER_FLOW)) if account.kind is SiteKind.EFFLUENT else {}
    weighed = [(value, flow[at]) for at, value in samples if flow.get(at, -1) >= 0]
    total = sum(weight for _, weight in weighed)
    if total > 0:
        mass = sum(value * weight for value, weight in weighed)
        products = [f"{number(value)}×{number(weight)}" for value, weight in weighed]
        return f"Σ(C·Q)/ΣQ = ({_joined(products, ' + ')}) / {number(total)} = {number(mass)} / {number(total)}"
    return f"({_terms(values, ' + ')}) / {len(values)} = {number(sum(values))} / {len(values)}"


def _terms(values: Sequence[float], sign: str) -> str:
    return _joined([number(value) for value in values], sign)


def _joined(terms: Sequence[str], sign: str) -> str:
    if len(terms) <= _TERMS + 2:
        return sign.join(terms)
    return sign.join((*terms[:_TERMS], "…", terms[-1]))


def _conversion_lines(account: Account) -> Iterator[str]:
    """Yield C = C'(21 - O2 baseline)/(21 - O2 measured) with its figures."""
    mean, oxygen, limit = account.mean(account.window.parameter), account.mean(OXYGEN), account.limit()
    if mean is None or mean.value is None or limit is None or limit.baseline_o2_pct is None:
        return
    if account.window.period is Period.DAY:
        converted = [h.converted for h in account.hours_in_force(account.window.parameter) if h.converted is not None]
        if converted:
            yield f"各小时折算值的均值 mean of the converted hours: ({_terms(converted, ' + ')}) / {len(converted)}"
    elif oxygen is not None and oxygen.value is not None:
        base, measured = number(limit.baseline_o2_pct), number(oxygen.value)
        yield f"折算 C = C'·(21 − O₂基准)/(21 − O₂实测) = {number(mean.value)} × (21 − {base}) / (21 − {measured})"
    yield f"折算值 converted: {number(mean.converted)} {account.unit}"


def _comparison_lines(account: Account) -> Iterator[str]:
    verdict = account.verdict
    outcome = " ".join(OUTCOME_WORDS[Outcome(verdict.outcome)])
    if verdict.value is None:
        yield f"{outcome}: {words(verdict.reason)}"
        return
    value = number(verdict.value)
    if verdict.limit_min is not None:
        sign = "<" if verdict.value < verdict.limit_min else "≥"
        yield f"{value} {sign} {number(verdict.limit_min)} (下限 minimum)"
    if verdict.limit_max is not None:
        sign = ">" if verdict.outcome == Outcome.EXCEEDED and verdict.value > verdict.limit_max else "≤"
        yield f"{value} {sign} {' '.join(filter(None, (number(verdict.limit_max), account.unit)))} → {outcome}"
    if verdict.times_over is not None:
        over = number(verdict.times_over)
        yield f"超标倍数 times over = C/L − 1 = {value}/{number(verdict.limit_max)} − 1 = {over}"


def rule_lines(account: Account) -> Iterator[str]:
    """Yield the rule with its source and the binding with its reason, as far as table and registry of now have them."""
    verdict = account.verdict
    known = {provision.provision_id: provision for provision in provisions()}
    permit = next((p for p in account.registry.permit if p.id == verdict.rule), None)
    if verdict.rule in known:
        yield from _provision_lines(known[verdict.rule])
    elif verdict.rule == GB_3838:
        yield from class_rule_lines()
    elif permit is not None:
        until = permit.effective_to or "…"
        yield f"许可证限值 figure of the permit {permit.id}: {permit.limit} ({permit.averaging})"
        yield f"有效期 in force: {permit.effective_from} – {until}"
    elif verdict.rule:
        yield f"{verdict.rule}: 现行登记与标准表中已无 is in neither the registry nor the tables of now"
    binding = next((b for b in account.registry.binding if b.id == verdict.binding), None)
    if binding is not None:
        until = binding.effective_to or "…"
        yield f"适用标准 binding {binding.id}: {binding.reason} ({binding.effective_from} – {until})"
    elif verdict.binding and verdict.binding != verdict.rule:
        yield f"适用标准 binding {verdict.binding}: 现行登记中已无 is not in the registry of now"


def _provision_lines(provision: Provision) -> Iterator[str]:
    first, last = provision.dates
    yield f"{provision.provision_id}: {provision.standard}, {provision.scope}, {provision.subject} {provision.limit}"
    yield f"均值 averaging: {provision.averaging}; 有效期 in force: {first or '…'} – {last or '…'}"
    yield f"出处 source: {provision.row['source'] or '–'} ({' '.join(provision.mark)})"


def mark_lines(account: Account) -> Iterator[str]:
    """Yield the marks that leave data of the window out."""
    window = account.window
    for part in account.left_out:
        if part.start < window.end and part.end > window.start and part.covers(window.parameter):
            mark = part.mark
            stretch = f"{cst_text(part.start)} – {cst_text(part.end)}"
            entered = f"{mark.entered_by}, {cst_text(mark.entered_at)}"
            yield f"{mark.kind.zh} {mark.kind.value}: {stretch} ({entered}) {mark.evidence} [{mark.mark_id} v{mark.version}]"


def words(reason: str) -> str:
    """Return a reason in Chinese and English."""
    return " ".join(REASON_WORDS[NotJudged(reason)]) if reason in set(NotJudged) else reason


def number(value: float | None) -> str:
    """Return a figure without the noise of its last bits."""
    return "–" if value is None else f"{value:.10g}"

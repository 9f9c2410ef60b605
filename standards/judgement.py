"""Met or exceeded, and how far over (超标倍数 = C/L − 1)."""

from typing import Final, NamedTuple

from schemas.codes import Outcome

NOISE: Final = 1e-9
"""A value is above its limit when it is so by more than this share of the limit: a mean that is equal to its limit meets it,
whatever the last bits of a sum of doubles say. No monitor resolves a billionth, so no real exceedance is lost. The measured
value itself is not rounded (GB/T 8170, comparison of full values)."""


class Judgement(NamedTuple):
    """What a rule says of one value."""

    outcome: Outcome
    times_over: float | None
    """C/L − 1 of a value above a maximum; None when met, and for ranges and minima."""


def judge(value: float, minimum: float | None, maximum: float | None) -> Judgement:
    """Return what a limit says of one value in the same unit; a value equal to its limit meets it."""
    if maximum is not None and value - maximum > NOISE * abs(maximum):
        one_sided = minimum is None and maximum > 0
        return Judgement(Outcome.EXCEEDED, value / maximum - 1.0 if one_sided else None)
    if minimum is not None and minimum - value > NOISE * abs(minimum):
        return Judgement(Outcome.EXCEEDED, None)
    return Judgement(Outcome.MET, None)

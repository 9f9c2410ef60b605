"""Met or exceeded, and how far over (超标倍数 = C/L − 1)."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

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


def judge_columns(value: Any, minimum: Any, maximum: Any) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return (exceeded, times_over) of values against limits, arrays that broadcast; NaN where a limit has no minimum or maximum.

    Units are the caller's business: value and limit are in one unit. times_over is NaN where it does not apply.
    """
    value, low, high = (np.asarray(x, np.float64) for x in (value, minimum, maximum))
    above = value - high > NOISE * np.abs(high)
    below = low - value > NOISE * np.abs(low)
    ratio = np.where(above & np.isnan(low) & (high > 0), value / np.where(high > 0, high, 1.0) - 1.0, np.nan)
    return above | below, ratio


def judge(value: float, minimum: float | None, maximum: float | None) -> Judgement:
    """Return what a limit says of one value; a value equal to its limit meets it."""
    low, high = (np.nan if limit is None else limit for limit in (minimum, maximum))
    exceeded, ratio = judge_columns(value, low, high)
    if not exceeded:
        return Judgement(Outcome.MET, None)
    return Judgement(Outcome.EXCEEDED, None if np.isnan(ratio) else float(ratio))

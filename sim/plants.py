"""Simulated plants: what their monitors would measure every ten minutes, with believable noise and the shape of a day.

Figures are of well-run plants: about half of the strictest national limit, so that an hour above a limit is an incident.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.codes import SiteKind
from schemas.registry import Binding, Site

Series = NDArray[np.float64]
Plant = Callable[[np.random.Generator, Series], dict[str, Series]]
"""(generator, hour of the day of each sample) -> values by HJ 212 code."""

MEMORY: Final = 0.93
"""Correlation of one ten-minute value with the next."""
_AIR_O2: Final = 21.0


def generator_of(seed: int, site_id: str) -> np.random.Generator:
    """Return the site's own generator: the same for every run, whatever other sites there are."""
    digest = hashlib.sha256(f"{seed}/{site_id}".encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest[:16], "big")))


def wander(rng: np.random.Generator, samples: int) -> Series:
    """Return AR(1) noise of unit variance (`samples`,), cut at four standard deviations."""
    # it takes longer to import than all the rest: a role that starts again after a crash must not pay for it
    from scipy.signal import lfilter

    steps = rng.standard_normal(samples)
    steps[1:] *= np.sqrt(1.0 - MEMORY**2)
    noise: Any = lfilter([1.0], [1.0, -MEMORY], steps)
    return np.asarray(np.clip(noise, -4.0, 4.0), dtype=np.float64)


def day_shape(hour: Series, peak_hour: float) -> Series:
    """Return a wave of the day between -1 and 1 with its top at `peak_hour`."""
    wave: Series = np.cos((hour - peak_hour) * (2.0 * np.pi / 24.0))
    return wave


def coal_stack(baseline_o2_pct: float) -> Plant:
    """Return a coal-fired boiler with desulphurisation: measured and converted (-Zs) SO2, NOx, PM; O2, flow, temperature."""

    def values(rng: np.random.Generator, hour: Series) -> dict[str, Series]:
        load = 0.8 + 0.12 * day_shape(hour, 19.0) + 0.02 * wander(rng, hour.size)
        o2 = baseline_o2_pct + 1.5 * (1.0 - load) + 0.15 * wander(rng, hour.size)
        converted = {
            "a21026": 22.0 * (1.0 + 0.10 * wander(rng, hour.size)),
            "a21002": 46.0 * (1.0 + 0.07 * wander(rng, hour.size)),
            "a34013": 6.0 * (1.0 + 0.08 * wander(rng, hour.size)),
        }
        share = (_AIR_O2 - o2) / (_AIR_O2 - baseline_o2_pct)
        measured = {code: value * share for code, value in converted.items()}
        return (
            measured
            | {f"{code}-Zs": value for code, value in converted.items()}
            | {"a19001": o2, "a00000": 160.0 * load, "a01012": 52.0 + 6.0 * (load - 0.8) + wander(rng, hour.size)}
        )

    return values


def crusher(rng: np.random.Generator, hour: Series) -> dict[str, Series]:
    """Return the dust of a crusher behind a bag filter: by day it works, at night it idles."""
    working = 0.5 + 0.5 * np.tanh(2.0 * (day_shape(hour, 14.0) + 0.3))
    dust = (2.0 + 3.0 * working) * (1.0 + 0.10 * wander(rng, hour.size))
    return {"a34013": dust, "a00000": 4.0 + 8.0 * working, "a01012": 24.0 + 4.0 * working + wander(rng, hour.size)}


def municipal_effluent(rng: np.random.Generator, hour: Series) -> dict[str, Series]:
    """Return the effluent of a municipal plant of class 1A: COD, NH3-N, TP, TN, pH, flow, water temperature."""
    inflow = 0.8 * day_shape(hour, 10.0) + 0.2 * day_shape(2.0 * hour, 20.0)
    return {
        "w01018": 24.0 * (1.0 + 0.10 * inflow + 0.06 * wander(rng, hour.size)),
        "w21003": 1.1 * (1.0 + 0.20 * inflow + 0.10 * wander(rng, hour.size)),
        "w21011": 0.22 * (1.0 + 0.06 * wander(rng, hour.size)),
        "w21001": 8.5 * (1.0 + 0.06 * wander(rng, hour.size)),
        "w01001": 7.2 + 0.08 * wander(rng, hour.size),
        "w00000": 420.0 * (1.0 + 0.22 * inflow + 0.03 * wander(rng, hour.size)),
        "w01010": 14.0 + 0.4 * wander(rng, hour.size),
    }


def plant_of(site: Site, binding: Binding | None) -> Plant | None:
    """Return the plant behind a site by its kind and the category it is bound to; None where we simulate none."""
    category = (binding.category or "") if binding else ""
    if site.kind is SiteKind.EFFLUENT:
        return municipal_effluent
    if site.kind is not SiteKind.STACK:
        return None
    if "boiler" in category:
        return coal_stack(6.0 if binding and binding.standard == "GB 13223-2011" else 9.0)
    return crusher

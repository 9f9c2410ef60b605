"""The index for any air: it never falls when the air gets worse, and binary noise changes nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codes import AqiStandard
from standards.air_quality import NEEDED, aqi_of, iaqi_of

STANDARDS = st.sampled_from(list(AqiStandard))
ITEMS = st.sampled_from(NEEDED["day"])
HUNDREDTHS = st.integers(0, 80_000)


@given(STANDARDS, ITEMS, HUNDREDTHS, HUNDREDTHS)
def test_worse_air_never_has_a_lower_index(standard, item, one, other):
    low, high = iaqi_of(standard, "day", item, [min(one, other) / 100, max(one, other) / 100])

    assert low <= high


@given(STANDARDS, ITEMS, HUNDREDTHS, st.sampled_from([-np.inf, np.inf]))
def test_the_last_bit_of_a_concentration_decides_nothing(standard, item, hundredths, direction):
    exact = hundredths / 100

    noisy, plain = iaqi_of(standard, "day", item, [np.nextafter(exact, direction), exact])

    assert noisy == pytest.approx(plain, nan_ok=True)


@given(STANDARDS, st.lists(st.floats(0, 900) | st.just(np.nan), min_size=6, max_size=6))
def test_an_index_is_the_highest_of_its_items_or_none(standard, concentrations):
    index = aqi_of(standard, "day", dict(zip(NEEDED["day"], ([c] for c in concentrations), strict=True)))

    if index.aqi_at(0) is not None:
        assert index.aqi_at(0) == np.nanmax(index.iaqi)
    else:
        assert index.primary(0) == ()

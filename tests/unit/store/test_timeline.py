"""The twin's timelines stay in order whatever order rows come in."""

from hypothesis import given
from hypothesis import strategies as st

from store.memory_tables import Timeline


@given(st.lists(st.integers(0, 50)), st.integers(0, 50), st.integers(0, 50))
def test_between_returns_what_sorting_and_filtering_would(instants: list[int], start: int, end: int) -> None:
    timeline: Timeline[int] = Timeline()
    for at in instants:
        timeline.put(at, -at)

    assert timeline.between(start, end) == sorted({at for at in instants if start <= at < end})


def test_the_last_row_comes_first() -> None:
    timeline: Timeline[str] = Timeline()
    for at, word in ((2, "b"), (1, "a"), (2, "c")):
        timeline.put(at, word)

    assert list(timeline.latest_first()) == [(2, "c"), (1, "a")]

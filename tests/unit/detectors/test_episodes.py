"""Episodes on hand-made courses of the running 24-hour index; the figures are those of heavy_pollution_thresholds.csv."""

from collections.abc import Sequence

import numpy as np
import pytest

from detectors.episodes import Course, Episode, Law, episodes
from schemas.codes import FindingKind, Grade
from schemas.times import HOUR_US
from standards.thresholds import schemes

ALWAYS = 1 << 62
GAP = None


def course(*spells: tuple[int, int | None], pm25: Sequence[bool] | None = None) -> Course:
    """A course of (how many positions, index) spells from hour 0 on."""
    aqi = np.concatenate([np.full(n, np.nan if value is None else float(value)) for n, value in spells])
    marks = np.ones(len(aqi), np.bool_) if pm25 is None else np.array(pm25)
    return Course(np.arange(len(aqi)) * HOUR_US, aqi, marks)


def under(scheme: str, given: Course) -> list[Episode]:
    return episodes(given, [Law(-ALWAYS, ALWAYS, schemes()[scheme])])


def steps(episode: Episode) -> list[tuple[int, Grade]]:
    return [(step.position // HOUR_US, step.grade) for step in episode.steps]


def test_one_position_above_200_is_yellow_at_once() -> None:
    (episode,) = under("CN-2024-06", course((10, 100), (1, 201), (5, 120)))

    assert steps(episode) == [(10, Grade.YELLOW)]
    assert episode.steps[0].rules == ("2024-Y1",)
    assert episode.ended is None


def test_an_index_equal_to_the_threshold_is_not_above_it() -> None:
    assert under("CN-2024-06", course((10, 100), (20, 200), (5, 100))) == []


def test_more_than_150_for_48_hours_is_25_positions() -> None:
    assert under("CN-2024-06", course((3, 100), (24, 151), (3, 100))) == []
    (episode,) = under("CN-2024-06", course((3, 100), (25, 151), (3, 100)))
    assert steps(episode) == [(27, Grade.YELLOW)]


def test_the_grade_rises_with_the_duration_and_never_falls() -> None:
    (episode,) = under("CN-2024-06", course((1, 100), (25, 201), (30, 160), (5, 100)))

    # above 200: yellow at once (position 1), orange with the 25th (position 25)
    assert steps(episode) == [(1, Grade.YELLOW), (25, Grade.ORANGE)]


def test_red_of_2024_needs_both_of_its_rules() -> None:
    long_only = under("CN-2024-06", course((1, 100), (60, 250)))
    high_only = under("CN-2024-06", course((1, 100), (48, 350), (1, 100)))
    both = under("CN-2024-06", course((1, 100), (20, 250), (1, 301), (28, 250)))

    assert long_only[0].grade is Grade.ORANGE
    assert high_only[0].grade is Grade.ORANGE
    # 49 positions above 200 (1 … 49), one of them above 300
    assert steps(both[0])[-1] == (49, Grade.RED)
    assert both[0].steps[-1].rules == ("2024-R1", "2024-R2")


def test_500_alone_is_red_in_2018() -> None:
    (episode,) = under("CN-2018", course((1, 100), (1, 500), (1, 100)))

    assert steps(episode) == [(1, Grade.RED)]
    assert episode.steps[0].rules == ("2018-R3",)


def test_36_calm_positions_release() -> None:
    (episode,) = under("CN-2024-06", course((1, 100), (2, 210), (40, 150)))

    assert episode.ended == (2 + 36) * HOUR_US


def test_two_spells_closer_than_the_release_are_one_episode() -> None:
    near = under("CN-2024-06", course((1, 100), (1, 210), (35, 100), (1, 210), (1, 100)))
    far = under("CN-2024-06", course((1, 100), (1, 210), (36, 100), (1, 210), (1, 100)))

    assert [e.onset // HOUR_US for e in near] == [1]
    assert [e.onset // HOUR_US for e in far] == [1, 38]


def test_undefined_positions_do_not_lift() -> None:
    (episode,) = under("CN-2024-06", course((1, 100), (1, 210), (20, 100), (50, GAP), (16, 100)))

    # 20 calm ones before the gap and 16 after it
    assert episode.ended == (1 + 20 + 50 + 16) * HOUR_US


def test_undefined_positions_do_not_raise() -> None:
    assert under("CN-2024-06", course((3, 100), (20, 160), (2, GAP), (20, 160), (3, 100))) == []


def test_a_position_above_the_calm_restarts_the_release() -> None:
    (episode,) = under("CN-2024-06", course((1, 100), (1, 210), (30, 100), (1, 151), (36, 100)))

    assert episode.ended == (1 + 30 + 1 + 36) * HOUR_US


def test_ozone_gives_a_health_notice() -> None:
    (episode,) = under("CN-2024-06", course((1, 100), (3, 210), (1, 100), pm25=[False] * 5))

    assert episode.kind is FindingKind.HEALTH_NOTICE


def test_dust_before_pm25_is_a_health_notice_that_gives_way() -> None:
    marks = [False] * 3 + [True] * 40

    notice, heavy = under("CN-2024-06", course((1, 100), (4, 210), (38, 100), pm25=marks))

    assert (notice.kind, notice.onset, notice.ended) == (FindingKind.HEALTH_NOTICE, HOUR_US, 3 * HOUR_US)
    assert (heavy.kind, heavy.onset) == (FindingKind.HEAVY_POLLUTION, 3 * HOUR_US)
    assert heavy.ended == (4 + 36) * HOUR_US


def test_most_of_the_positions_that_met_the_rule_decide_the_cause() -> None:
    twelve_of_25 = [False] + [True] * 12 + [False] * 13 + [True]
    thirteen_of_25 = [False] + [True] * 13 + [False] * 12 + [True]

    notice = under("CN-2024-06", course((1, 100), (25, 160), (1, 100), pm25=twelve_of_25))
    heavy = under("CN-2024-06", course((1, 100), (25, 160), (1, 100), pm25=thirteen_of_25))

    assert [e.kind for e in notice] == [FindingKind.HEALTH_NOTICE]
    assert [e.kind for e in heavy] == [FindingKind.HEAVY_POLLUTION]


def test_a_scheme_counts_only_while_it_is_in_force() -> None:
    given = course((1, 100), (10, 210), (5, 100))

    assert episodes(given, [Law(-ALWAYS, HOUR_US, schemes()["CN-2024-06"])]) == []
    (late,) = episodes(given, [Law(4 * HOUR_US, ALWAYS, schemes()["CN-2024-06"])])
    assert late.onset == 4 * HOUR_US


@pytest.mark.parametrize("scheme", sorted(schemes()))
def test_clean_air_raises_nothing_under_any_scheme(scheme: str) -> None:
    assert under(scheme, course((200, 90))) == []

"""Who is told, and what a graded episode proposes."""

from dataclasses import replace

import pytest

from alerts import plans
from alerts.lifecycle import Reason as Change
from alerts.routing import Reason, why_notify
from schemas.codes import AlertState, FindingKind, Grade
from schemas.identity import content_id
from schemas.registry import Registry
from store.alert_port import Activation, Alert

REGISTRY = Registry.from_tables(
    {
        "organisation": [
            {"id": "a-mill", "performance_class": "A", "industry": "cement", "city": "110000"},
            {"id": "c-mill", "performance_class": "C", "industry": "cement", "city": "110000"},
            {"id": "c-foundry", "performance_class": "C", "industry": "casting", "city": "110000"},
            {"id": "elsewhere", "performance_class": "C", "industry": "cement", "city": "220100"},
        ],
        "site": [{"id": "kiln", "kind": "stack", "organisation": "c-mill", "city": "110000"}],
        "recipient": [
            {"id": "owner", "channel": "console", "organisation": "c-mill"},
            {"id": "other-owner", "channel": "console", "organisation": "a-mill"},
            {"id": "city", "channel": "console", "city": "110000"},
            {"id": "other-city", "channel": "console", "city": "220100"},
            {"id": "all-orange", "channel": "console", "min_grade": "orange"},
            {"id": "air", "channel": "console", "kinds": ["heavy_pollution"]},
        ],
        "plan": [
            {"id": "beijing", "city": "110000", "name": "预案", "measures": [
                {"grade": "yellow", "text": "道路洒水"},
                {"grade": "orange", "text": "停产", "classes": ["C", "D"], "industries": ["cement"]},
                {"grade": "red", "text": "限行"},
            ]},
        ],
    }
)  # fmt: skip
RECIPIENTS = {recipient.id: recipient for recipient in REGISTRY.recipient}


def exceedance(grade: Grade = Grade.YELLOW) -> Alert:
    return Alert(content_id("x"), FindingKind.EXCEEDANCE, AlertState.OPEN, grade, 0, 0, sites=("kiln",))


def episode(grade: Grade = Grade.ORANGE, kind: FindingKind = FindingKind.HEAVY_POLLUTION) -> Alert:
    return Alert(content_id("h"), kind, AlertState.OPEN, grade, 0, 0, city="110000")


@pytest.mark.parametrize(
    ("recipient", "reason"),
    [
        ("owner", Reason.ITS_SITE),
        ("other-owner", Reason.OTHER_ORGANISATION),
        ("city", Reason.ITS_CITY),
        ("other-city", Reason.OTHER_CITY),
        ("all-orange", Reason.BELOW_GRADE),
        ("air", Reason.OTHER_KIND),
    ],
)
def test_a_recipient_is_told_for_a_reason(recipient: str, reason: Reason) -> None:
    assert why_notify(exceedance(), Change.RAISED, RECIPIENTS[recipient], REGISTRY) is reason


def test_an_enterprise_is_not_told_of_a_city_episode_that_names_no_site_of_its_own() -> None:
    assert why_notify(episode(), Change.RAISED, RECIPIENTS["owner"], REGISTRY) is Reason.OTHER_ORGANISATION


def test_who_was_told_of_a_high_grade_is_told_that_it_fell() -> None:
    reason = why_notify(exceedance(), Change.DE_ESCALATED, RECIPIENTS["all-orange"], REGISTRY, Grade.RED)

    assert reason is Reason.EVERYTHING


@pytest.mark.parametrize(("change", "reason"), [(Change.EXTENDED, Reason.NO_STEP), (Change.CLOSED, Reason.OWN_DOING)])
def test_nobody_is_told_of_what_is_no_news(change: Change, reason: Reason) -> None:
    assert why_notify(exceedance(), change, RECIPIENTS["owner"], REGISTRY) is reason


def test_an_orange_proposal_names_measures_and_the_enterprises_they_touch() -> None:
    proposed = plans.proposal(episode(), REGISTRY, 7)

    touched = [(m["text"], m["enterprises"]) for m in proposed.detail["measures"]]
    assert touched == [("道路洒水", []), ("停产", ["c-mill"])]
    assert [o["id"] for o in proposed.detail["enterprises"]] == ["c-mill"]
    assert (proposed.plan_id, proposed.state) == ("beijing", "proposed")


def test_a_city_without_a_plan_is_proposed_the_national_minimum() -> None:
    proposed = plans.proposal(replace(episode(Grade.RED), city="220100"), REGISTRY, 7)

    assert [m["cut_pct"] for m in proposed.detail["measures"]] == [10, 20, 30]


def follow(alert: Alert, *kept: Activation) -> list[tuple[Grade, str]]:
    return [(a.grade, a.state) for a in plans.follow(alert, kept, REGISTRY, 9)]


def test_a_health_notice_proposes_nothing() -> None:
    assert follow(episode(kind=FindingKind.HEALTH_NOTICE)) == []


def test_what_people_confirmed_stays_in_force_while_a_higher_grade_is_only_proposed() -> None:
    proposed = plans.proposal(episode(Grade.YELLOW), REGISTRY, 1)
    (confirmed,) = plans.confirm(proposed, [proposed], "office", 2)

    assert follow(episode(Grade.RED), confirmed) == [(Grade.RED, "proposed")]


def test_confirming_the_higher_grade_supersedes_the_lower() -> None:
    lower = plans.proposal(episode(Grade.YELLOW), REGISTRY, 1)
    (in_force,) = plans.confirm(lower, [lower], "office", 2)
    higher = plans.proposal(episode(Grade.RED), REGISTRY, 3)

    changed = plans.confirm(higher, [in_force, higher], "office", 4)

    assert [(a.grade, a.state) for a in changed] == [(Grade.RED, "confirmed"), (Grade.YELLOW, "superseded")]


def test_the_end_of_an_episode_proposes_lifting_and_lets_proposals_lapse() -> None:
    ended = replace(episode(), state=AlertState.RESOLVED)
    proposed = plans.proposal(episode(), REGISTRY, 1)
    (confirmed,) = plans.confirm(proposed, [proposed], "office", 2)

    assert follow(ended, proposed) == [(Grade.ORANGE, "lapsed")]
    assert follow(ended, confirmed) == [(Grade.ORANGE, "lift_proposed")]


def test_an_episode_that_goes_on_after_all_needs_no_lifting() -> None:
    proposed = plans.proposal(episode(), REGISTRY, 1)
    (confirmed,) = plans.confirm(proposed, [proposed], "office", 2)
    (ending,) = plans.follow(replace(episode(), state=AlertState.RESOLVED), [confirmed], REGISTRY, 3)

    assert follow(episode(), ending) == [(Grade.ORANGE, "confirmed")]

"""The alerts role on the in-memory log and store, told as timelines."""

from collections.abc import Sequence

import pytest

from alerts.desk import Desk
from schemas import topics
from schemas.codes import FindingKind, FindingStatus, Grade, Outcome
from schemas.errors import Unavailable
from schemas.times import HOUR_US, MINUTE_US
from store.alert_port import AlertFilter
from store.memory import MemoryStore
from store.port import Lease
from tests.unit.alerts.stage_room import T0, Room, episode, finding, silence


def test_an_exceedance_becomes_an_alert_and_is_told_to_the_enterprise() -> None:
    room = Room()

    room.tell(room.judge(0, Outcome.EXCEEDED))

    (alert,) = room.alerts
    assert (alert.site_id, alert.city, alert.grade, alert.state) == ("kiln-1", "220100", "yellow", "open")
    assert [n.recipient_id for n in room.store.notifications_of(alert.alert_id)] == ["mill-desk"]


def test_the_same_finding_published_twice_changes_nothing() -> None:
    room = Room()
    told = silence()

    room.tell(told, silence(FindingStatus.ENDED, HOUR_US))
    room.tell(told)

    assert [event.reason for event in room.events] == ["raised", "resolved"]


def test_an_alert_that_grows_worse_is_told_to_more_people() -> None:
    room = Room()

    for hour in range(3):
        room.tell(room.judge(hour, Outcome.EXCEEDED))

    (alert,) = room.alerts
    told = [(n.step, n.recipient_id) for n in room.store.notifications_of(alert.alert_id)]
    assert told == [(1, "mill-desk"), (2, "city-office"), (2, "mill-desk")]


def test_steps_do_not_depend_on_how_far_the_role_lags_behind() -> None:
    prompt, late = Room(), Room()
    hours = [Outcome.EXCEEDED] * 3 + [Outcome.MET]

    for hour, outcome in enumerate(hours):
        prompt.tell(prompt.judge(hour, outcome))
    late.tell(*[late.judge(hour, outcome) for hour, outcome in enumerate(hours)])

    steps = [(event.step, event.reason, event.changed_at) for event in prompt.events]
    assert [(event.step, event.reason, event.changed_at) for event in late.events] == steps


def test_a_dead_logger_is_one_alert_that_names_all_its_sites() -> None:
    room = Room()

    room.tell(silence())

    (alert,) = room.alerts
    assert (alert.device_id, alert.sites) == ("mn", ("kiln-1", "kiln-2"))


def test_silence_ends_when_the_logger_speaks() -> None:
    room = Room()

    room.tell(silence(), silence(FindingStatus.ENDED, at=2 * HOUR_US))

    assert [alert.state for alert in room.alerts] == ["resolved"]


def test_a_clock_that_is_off_for_hours_is_one_alert() -> None:
    room = Room()

    room.tell(*[finding(FindingKind.DEVICE_CLOCK, device_id="mn", start=T0 + h * HOUR_US) for h in range(3)])

    assert [(alert.kind, alert.step) for alert in room.alerts] == [("device_clock", 1)]


def test_conflicting_values_are_one_alert_an_hour() -> None:
    room = Room()

    room.tell(
        *[
            finding(
                FindingKind.CONFLICTING_VALUES, site_id="kiln-1", parameter="a21002", start=T0 + minutes * MINUTE_US
            )
            for minutes in (0, 7, 60)
        ]
    )

    assert len(room.alerts) == 2


def test_an_episode_rises_and_ends() -> None:
    room = Room()

    room.tell(
        episode(Grade.YELLOW),
        episode(Grade.ORANGE, FindingStatus.CHANGED, at=24 * HOUR_US),
        episode(Grade.ORANGE, FindingStatus.ENDED, at=60 * HOUR_US),
    )

    assert [(e.reason, e.grade) for e in room.events] == [
        ("raised", "yellow"), ("escalated", "orange"), ("resolved", "orange"),
    ]  # fmt: skip
    assert room.alerts[0].detail["reductions"] is True


def test_an_orange_episode_proposes_a_plan_that_people_confirm_and_lift() -> None:
    room = Room()
    desk = Desk(room.store, room.store.registry)

    room.tell(episode(Grade.ORANGE))
    (proposed,) = room.store.activations()
    confirmed = desk.confirm(proposed.activation_id, "应急办", T0 + 2 * HOUR_US)
    room.tell(episode(Grade.ORANGE, FindingStatus.ENDED, at=60 * HOUR_US))
    (ending,) = room.store.activations()
    lifted = desk.lift(proposed.activation_id, "应急办", T0 + 70 * HOUR_US)

    assert [a.state for a in (proposed, confirmed, ending, lifted)] == [
        "proposed", "confirmed", "lift_proposed", "lifted",
    ]  # fmt: skip


def test_a_plan_in_force_learns_of_the_end_though_its_alert_was_closed() -> None:
    room = Room()
    desk = Desk(room.store, room.store.registry)
    room.tell(episode(Grade.ORANGE))
    desk.confirm(room.store.activations()[0].activation_id, "应急办", T0 + 2 * HOUR_US)

    desk.close(room.alerts[0].alert_id, "应急办", "handed over", T0 + 3 * HOUR_US)
    room.tell(episode(Grade.ORANGE, FindingStatus.ENDED, at=60 * HOUR_US))

    assert [alert.state for alert in room.alerts] == ["closed"]
    assert [a.state for a in room.store.activations()] == ["lift_proposed"]


def test_a_higher_grade_is_proposed_and_replaces_the_lower_proposal() -> None:
    room = Room()

    room.tell(episode(Grade.YELLOW), episode(Grade.RED, FindingStatus.CHANGED, at=HOUR_US))

    states = {a.grade: a.state for a in room.store.activations()}
    assert states == {Grade.YELLOW: "superseded", Grade.RED: "proposed"}


def test_a_health_notice_proposes_no_reductions() -> None:
    room = Room()

    room.tell(episode(Grade.RED, kind=FindingKind.HEALTH_NOTICE))

    assert room.alerts[0].detail["reductions"] is False
    assert room.store.activations() == []


def test_a_withdrawn_episode_takes_its_proposal_back() -> None:
    room = Room()

    room.tell(episode(Grade.ORANGE), episode(Grade.ORANGE, FindingStatus.WITHDRAWN, at=HOUR_US))

    assert [alert.state for alert in room.alerts] == ["withdrawn"]
    assert [a.state for a in room.store.activations()] == ["lapsed"]


def test_what_a_person_did_is_told_to_others_systems_only() -> None:
    room = Room()
    room.tell(room.judge(0, Outcome.EXCEEDED))

    Desk(room.store, room.store.registry).close(room.alerts[0].alert_id, "duty", "mended", T0 + 2 * HOUR_US)

    assert [event.reason for event in room.events] == ["raised", "closed"]
    assert len(room.store.notifications_of(room.alerts[0].alert_id)) == 1


def test_a_finding_that_cannot_be_read_stops_nothing() -> None:
    room = Room()
    room.log.producer().send(topics.FINDINGS, b'{"kind": "of a newer writer"}')

    room.tell(silence())

    assert len(room.alerts) == 1


def test_an_ordinary_dead_letter_raises_no_alert() -> None:
    room = Room()

    room.tell(finding(FindingKind.DEAD_LETTER, device_id="mn", detail={"reason": "malformed"}))
    assert room.alerts == []

    room.tell(finding(FindingKind.DEAD_LETTER, device_id="mn", detail={"reason": "internal_error"}))
    assert [alert.grade for alert in room.alerts] == ["orange"]


def test_a_successor_goes_on_where_the_last_commit_was() -> None:
    room = Room()
    room.tell(silence())
    room.stage.close()

    room.stage = room.another_stage()
    room.tell(silence(FindingStatus.ENDED, at=HOUR_US))

    assert [event.reason for event in room.events] == ["raised", "resolved"]


def test_a_role_that_was_fenced_takes_its_partition_back_while_it_is_its_own() -> None:
    room = Room()
    room.tell(silence())
    room.store.claim(topics.FINDINGS, room.log.consumer(topics.FINDINGS, "other").log_id(), [0], "intruder")

    room.tell(silence(FindingStatus.ENDED, at=HOUR_US))

    assert [event.reason for event in room.events] == ["raised", "resolved"]


class AbsentStore(MemoryStore):
    """A store that is away at the first claim."""

    asked = False

    def claim(self, topic: str, log_id: str, partitions: Sequence[int], owner: str) -> list[Lease]:
        """Fail once."""
        if not self.asked:
            self.asked = True
            raise Unavailable("away")
        return super().claim(topic, log_id, partitions, owner)


def test_a_store_that_is_away_at_the_claim_is_asked_again() -> None:
    room = Room(store=AbsentStore())
    with pytest.raises(Unavailable):
        room.stage.step(0)

    room.tell(room.judge(0, Outcome.EXCEEDED))

    assert len(room.store.find_alerts(AlertFilter())) == 1

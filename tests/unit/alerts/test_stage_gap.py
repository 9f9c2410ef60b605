"""The alerts role when the log has deleted findings before they were read: their table and the verdicts tell what they told."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.findings import finding_row
from schemas.codes import FindingKind, FindingStatus, Grade, Outcome
from schemas.events import Finding
from schemas.times import DAY_US, HOUR_US
from schemas.topics import FINDINGS
from store.alert_port import Alert
from tests.unit.alerts.stage_room import T0, Room, episode, finding, silence

RAISED, ENDED = FindingStatus.RAISED, FindingStatus.ENDED


class Kept(Room):
    """A room in which findings are kept in their table before they are told."""

    def keep(self, *findings: Finding) -> None:
        with self.store.transaction() as tables:
            for row in map(finding_row, findings):
                tables.finding[row.finding_id] = row

    def tell(self, *findings: Finding) -> None:
        self.keep(*findings)
        super().tell(*findings)

    def lose(self, *findings: Finding) -> None:
        """Keep and publish findings that the log deletes before they are read; then a new stage starts."""
        self.stage.close()
        self.keep(*findings)
        for said in findings:
            self.log.producer().send(FINDINGS, said.model_dump_json().encode())
        self.log.forget_before(FINDINGS, 0, len(self.log.topic(FINDINGS).records[0]))
        self.stage = self.another_stage()
        super().tell()


def standing(alerts: Sequence[Alert]) -> list[tuple[object, ...]]:
    """Return what alerts say in the end, whatever the steps to it."""
    return sorted((str(a.alert_id), a.state, a.grade, a.text_zh, repr(sorted(a.detail.items()))) for a in alerts)


def test_the_gap_is_kept_as_our_own_loss_and_reading_goes_on() -> None:
    room = Kept()
    room.tell(silence())

    room.lose(silence(ENDED, at=HOUR_US))

    assert [loss[:2] for loss in room.store.untold_losses()] == [("offset_gone", "findings.v1/0@1")]
    assert room.store.leases(FINDINGS, [0])[0].next_offset == 2
    assert not room.stage.step(0)


def test_an_exceedance_that_was_not_heard_of_is_an_alert() -> None:
    room = Kept()

    room.lose(*[room.judge(hour, Outcome.EXCEEDED) for hour in range(3)], room.judge(3, Outcome.MET))

    assert [(alert.site_id, alert.grade, alert.state) for alert in room.alerts] == [("kiln-1", "orange", "resolved")]


def test_an_end_that_was_not_heard_of_resolves_the_alert() -> None:
    room = Kept()
    room.tell(episode(Grade.YELLOW))

    room.lose(episode(Grade.ORANGE, ENDED, at=60 * HOUR_US))

    assert [event.reason for event in room.events] == ["raised", "resolved"]


def test_an_episode_that_came_and_went_unheard_is_in_the_history() -> None:
    room = Kept()

    room.lose(episode(Grade.ORANGE, ENDED, at=60 * HOUR_US))

    assert [event.reason for event in room.events] == ["raised", "resolved"]


def test_what_was_read_before_the_gap_is_not_told_again() -> None:
    room = Kept()
    room.tell(silence(), silence(ENDED, at=HOUR_US))
    again = finding(FindingKind.SILENT_DEVICE, device_id="mn", site_id="kiln-1", start=T0 + 2 * HOUR_US)
    room.tell(again)

    room.lose(episode(Grade.YELLOW))
    room.lose(episode(Grade.YELLOW, start=T0 + DAY_US))

    assert [event.reason for event in room.events] == ["raised", "resolved", "raised", "raised", "raised"]


def test_what_was_under_way_when_the_table_was_read_still_counts_in_its_turn() -> None:
    room = Kept()
    room.lose(silence(ENDED, at=HOUR_US))

    room.tell(silence())
    room.tell(silence(ENDED, at=HOUR_US))

    assert [alert.state for alert in room.alerts] == ["resolved"]


@settings(max_examples=40, deadline=None)
@given(
    hours=st.lists(st.sampled_from([Outcome.MET, Outcome.EXCEEDED]), min_size=1, max_size=12),
    grades=st.lists(st.sampled_from([Grade.YELLOW, Grade.ORANGE, Grade.RED]), max_size=4),
    data=st.data(),
)
def test_the_end_is_that_of_an_undisturbed_run(hours: list[Outcome], grades: list[Grade], data: st.DataObject) -> None:
    first, end = sorted(data.draw(st.tuples(st.integers(0, 18), st.integers(0, 18))))
    found = []
    for is_disturbed in (False, True):
        room = Kept()
        said = [room.judge(hour, outcome) for hour, outcome in enumerate(hours)]
        said += [episode(grade, FindingStatus.CHANGED, at=hour * HOUR_US) for hour, grade in enumerate(grades)]
        said += [silence(), silence(ENDED, at=HOUR_US)]
        room.tell(*said[:first])
        (room.lose if is_disturbed else room.tell)(*said[first:end])
        room.tell(*said[end:])
        found.append(standing(room.alerts))

    assert found[1] == found[0]

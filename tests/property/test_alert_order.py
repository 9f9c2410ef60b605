"""Verdicts in any order and any batching lead to the same standing alerts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.stage import AlertStage
from bus.memory_log import MemoryLog
from schemas import topics
from schemas.codes import AlertState, FindingKind, Outcome, Period
from schemas.events import Finding
from schemas.identity import content_id
from schemas.times import HOUR_US
from store.alert_port import AlertFilter
from store.memory import MemoryStore
from store.port import Verdicts, WorkBatch

HOURS = 7
OUTCOMES = st.sampled_from(list(Outcome))
Write = tuple[int, Outcome, float]
WRITES = st.tuples(st.integers(0, HOURS - 1), OUTCOMES, st.sampled_from([0.05, 0.3, 1.5]))


def judge(store: MemoryStore, write: Write) -> None:
    hour, outcome, times_over = write
    (series,) = store.series_numbers([("kiln-1", "a21002")])
    over = times_over if outcome is Outcome.EXCEEDED else float("nan")
    columns = {"series": series, "period": 0, "start": hour * HOUR_US, "outcome": outcome.value, "times_over": over}
    figures = {"value": 100 * (1 + times_over), "limit_min": float("nan"), "limit_max": 100.0}
    words = dict.fromkeys(("reason", "rule", "binding", "basis"), "")
    rows = Verdicts.of(**{name: [value] for name, value in (columns | figures | words).items()})
    store.commit_work(WorkBatch([], verdicts=rows))


def told(write: Write, now: int) -> bytes:
    finding = Finding(
        finding_id=content_id("finding", write[0]),
        kind=FindingKind.EXCEEDANCE,
        site_id="kiln-1",
        parameter="a21002",
        period=Period.HOUR,
        start=write[0] * HOUR_US,
        detected_at=now,
    )
    return finding.model_dump_json().encode()


def standing(writes: list[Write], pauses: set[int]) -> set[tuple[object, ...]]:
    """Return what stands after these verdicts; the alerts role runs after the writes in `pauses` and at the end."""
    store, log = MemoryStore(), MemoryLog()
    stage = AlertStage(log.consumer(topics.FINDINGS, "alerts"), store, store)
    for now, write in enumerate(writes):
        judge(store, write)
        log.producer().send(topics.FINDINGS, told(write, now))
        if now in pauses:
            stage.step(0)
    while stage.step(0):
        pass
    kept = [a for a in store.find_alerts(AlertFilter()) if a.state is not AlertState.WITHDRAWN]
    return {(a.alert_id, a.state, a.grade, a.first_start, a.last_start, str(a.detail["worst"])) for a in kept}


@settings(max_examples=150, deadline=None)
@given(
    earlier=st.lists(WRITES, max_size=8),
    final=st.tuples(*[st.tuples(st.just(hour), OUTCOMES, st.sampled_from([0.05, 0.3, 1.5])) for hour in range(HOURS)]),
    order=st.permutations(range(HOURS)),
    pauses=st.sets(st.integers(0, 15)),
)
def test_the_order_of_verdicts_does_not_change_what_stands(
    earlier: list[Write], final: tuple[Write, ...], order: list[int], pauses: set[int]
) -> None:
    in_order = standing(list(final), set(range(HOURS)))

    assert standing(earlier + [final[hour] for hour in order], pauses) == in_order

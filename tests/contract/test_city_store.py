"""The city role's slice: PostgreSQL and the in-memory twin promise the same."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from schemas.codes import FindingKind
from schemas.columns import Means
from schemas.errors import LeaseLost
from schemas.identity import content_id
from schemas.times import HOUR_US
from schemas.topics import MEANS, REPORTS
from store.city import PostgresCityStore
from store.city_port import CityBatch, CityStore
from store.ledger import PostgresLedger
from store.ledger_port import LedgerStore, passed_over
from store.memory import MemoryStore
from store.port import Advance, FindingRow, IndexRow, Lease, OutboxEvent, WorkBatch, WorkStore
from store.postgres import Database
from store.work import PostgresWorkStore

T = 1_773_115_200_000_000  # 2026-03-10 12:00 China Standard Time
HEAVY = FindingKind.HEAVY_POLLUTION.value


class Rig:
    """A store that a worker has written and the city role reads."""

    def __init__(self, work: WorkStore, city: CityStore, ledger: LedgerStore) -> None:
        self.work = work
        self.city = city
        self.ledger = ledger

    def mean(
        self, site: str, parameter: str, start: int, value: float | None, *, period: int = 0, closed_at: int = 0
    ) -> None:
        (series,) = self.work.series_numbers([(site, parameter)])
        means = Means.of(
            series=[series], period=[period], start=[start], value=[np.nan if value is None else value], samples=[60],
            kind=[1], valid=[value is not None], reason=[""], closed_at=[closed_at or start + HOUR_US],
        )  # fmt: skip
        self.work.commit_work(WorkBatch([], means=means))

    def tick(self, partition: int, now: int) -> None:
        (lease,) = self.work.claim(REPORTS, "log", [partition], "worker")
        self.work.commit_work(WorkBatch([Advance(lease, 0, now)]))

    def lease(self) -> Lease:
        (lease,) = self.city.claim(MEANS, "log", [0], "city")
        return lease

    def commit(self, *rows: IndexRow, findings: Sequence[FindingRow] = (), outbox: Sequence[OutboxEvent] = ()) -> None:
        advance = Advance(self.lease(), 1, T)
        self.city.commit_city(CityBatch([advance], list(rows), list(findings), list(outbox)))


def index(period: str, start: int, aqi: int | None = 43) -> IndexRow:
    return IndexRow(
        "c", True, period, start, "hj633-2012", aqi, ("a34004",), '{"iaqi":{"a34004":43},"value":{"a34004":30.0}}'
    )


def finding(onset: int, payload: bytes = b'{"status": "raised"}') -> FindingRow:
    return FindingRow(str(content_id("finding", HEAVY, "c", onset)), HEAVY, None, None, "c", None, onset, T, payload)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.live)])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """The twin, and PostgreSQL."""
    if request.param == "memory":
        store = MemoryStore()
        yield Rig(store, store, store)
        return
    database = Database(request.getfixturevalue("database_url"))
    yield Rig(PostgresWorkStore(database), PostgresCityStore(database), PostgresLedger(database))
    database.close()


def test_there_is_no_lowest_tick_until_every_partition_has_ticked(rig: Rig) -> None:
    assert rig.city.lowest_tick(REPORTS, 2) is None
    rig.tick(0, T)
    assert rig.city.lowest_tick(REPORTS, 2) is None
    rig.tick(1, T + 5)
    assert rig.city.lowest_tick(REPORTS, 2) == T


def test_station_means_come_in_order_and_without_other_sites(rig: Rig) -> None:
    rig.mean("s2", "a34004", T, 30.0)
    rig.mean("s1", "a34004", T + HOUR_US, None)
    rig.mean("s1", "a34004", T, 31.0)
    rig.mean("elsewhere", "a34004", T, 99.0)
    rig.mean("s1", "a34004", T, 50.0, period=1)

    found = rig.city.station_means(["s1", "s2"], 0, T, T + 2 * HOUR_US)

    assert found.site.tolist() == ["s1", "s2", "s1"]
    assert found.start.tolist() == [T, T, T + HOUR_US]
    assert found.value[:2].tolist() == [31.0, 30.0]
    assert found.valid.tolist() == [True, True, False]
    assert found.closed_at.tolist() == [T + HOUR_US, T + HOUR_US, T + 2 * HOUR_US]


def test_what_was_closed_since_then_is_found_however_old_it_is(rig: Rig) -> None:
    rig.mean("s1", "a34004", T - 4 * HOUR_US, 31.0)
    rig.mean("s1", "a34004", T - 3 * HOUR_US, 31.0, closed_at=T + 2)
    rig.mean("s2", "a34004", T - 3 * HOUR_US, 31.0, closed_at=T + 3)
    rig.mean("s1", "a34004", T - 24 * HOUR_US, 31.0, period=1, closed_at=T)
    rig.mean("elsewhere", "a34004", T, 31.0)

    found = rig.city.closed_since(["s1", "s2"], T)

    assert found == [(1, T - 24 * HOUR_US, T), (0, T - 3 * HOUR_US, T + 3)]


def test_the_end_of_a_range_is_exclusive(rig: Rig) -> None:
    rig.mean("s1", "a34004", T, 31.0)
    rig.commit(index("hour", T))

    assert len(rig.city.station_means(["s1"], 0, T - HOUR_US, T)) == 0
    assert rig.city.city_indices("c", T - HOUR_US, T) == []


def test_index_rows_come_back_as_they_were_written(rig: Rig) -> None:
    rows = [index("hour", T), index("running24", T, None), index("day", T + HOUR_US)]
    rig.commit(*reversed(rows))

    assert rig.city.city_indices("c", T, T + 2 * HOUR_US) == rows


def test_a_row_is_replaced_by_its_key(rig: Rig) -> None:
    rig.commit(index("hour", T, 43))
    rig.commit(index("hour", T, 50))

    assert [row.aqi for row in rig.city.city_indices("c", T, T + 1)] == [50]


def test_findings_come_by_kind_and_onset(rig: Rig) -> None:
    rig.commit(findings=[finding(T + HOUR_US), finding(T)], outbox=[OutboxEvent("findings.v1", "c", b"{}")])

    assert [row.start for row in rig.city.city_findings("c", [HEAVY])] == [T, T + HOUR_US]
    assert rig.city.city_findings("c", ["health_notice"]) == []
    assert rig.city.city_findings("d", [HEAVY]) == []


def test_edges_are_the_first_hour_that_waits_and_the_last_that_is_closed(rig: Rig) -> None:
    assert rig.city.city_edges("c", ["s1"]) == (None, None)
    for hour in range(4):
        rig.mean("s1", "a34004", T + hour * HOUR_US, 31.0)
    rig.commit(index("hour", T), index("hour", T + 2 * HOUR_US))

    assert rig.city.city_edges("c", ["s1"]) == (T + HOUR_US, T + 2 * HOUR_US)


def test_a_lost_lease_writes_nothing(rig: Rig) -> None:
    old = rig.lease()
    rig.lease()

    with pytest.raises(LeaseLost):
        rig.city.commit_city(CityBatch([Advance(old, 1, T)], [index("hour", T)], [finding(T)]))
    assert rig.city.city_indices("c", T, T + 1) == []
    assert rig.city.city_findings("c", [HEAVY]) == []


def test_a_loss_is_kept_with_the_offsets_and_once(rig: Rig) -> None:
    for _ in range(2):
        rig.city.commit_city(CityBatch([Advance(rig.lease(), 9, T)], losses=[passed_over(MEANS, 0, 4, T)]))

    assert rig.ledger.untold_losses() == [("offset_gone", "means.v1/0@4", T, None)]


def test_offsets_move_with_the_results(rig: Rig) -> None:
    rig.commit(index("hour", T))

    assert rig.lease().next_offset == 1

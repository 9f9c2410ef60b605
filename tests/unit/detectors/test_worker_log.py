"""The worker when the log has lost what comes next."""

from typing import Any

from schemas.codes import FindingKind, FindingStatus
from schemas.topics import REPORTS
from store.port import Advance, WorkBatch


def gone(bench: Any) -> None:
    """Let five records come and be deleted before they are read."""
    bench.minutes("03-10 08:00", 30, 23.0)
    bench.tick("03-10 08:30")
    bench.run()
    bench.worker.close()
    for minute in range(5):
        bench.minutes(f"03-10 08:{30 + minute}", 1, 23.0)
    bench.log.forget_before(REPORTS, 0, 7)
    bench.worker = bench.new_worker()
    bench.run()


def test_records_that_are_gone_stop_the_partition_and_are_counted(bench: Any) -> None:
    gone(bench)

    (gap,) = bench.findings(FindingKind.LOG_GAP)

    assert (gap.status, gap.detail["offset"], gap.detail["records"]) == (FindingStatus.RAISED, 2, 5)
    assert bench.store.leases(REPORTS, [0])[0].next_offset == 2


def test_nothing_is_read_until_people_let_it_go_on(bench: Any) -> None:
    gone(bench)
    bench.tick("03-10 09:10")
    bench.run()
    assert not bench.store.tables.mean

    resumed(bench, 7)
    bench.run()

    assert bench.verdict("03-10 08:00")[0] == "not_judged"


def test_what_devices_send_again_fills_the_gap(bench: Any) -> None:
    gone(bench)
    resumed(bench, 7)

    bench.minutes("03-10 08:30", 30, 23.0)
    bench.tick("03-10 09:10")
    bench.run()

    assert bench.verdict("03-10 08:00") == ("exceeded", 23.0, "")


def resumed(bench: Any, offset: int) -> None:
    """Decide, as `ecovigil log resume` does, and let the worker look at once."""
    (lease,) = bench.store.leases(REPORTS, [0])
    bench.store.commit_work(WorkBatch([Advance(lease, offset, lease.tick_at)]))
    bench.crash()

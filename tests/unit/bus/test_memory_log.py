"""What only the in-memory log can show: retention, a topic made anew, who gets which partition."""

import pytest

from bus.memory_log import MemoryConsumer, MemoryLog
from schemas.errors import OffsetGone


def started(log: MemoryLog, offset: int = 0) -> MemoryConsumer:
    """Return a consumer of topic t that reads partition 0 from `offset`."""
    consumer = log.consumer("t", "g")
    consumer.take_rebalance()
    consumer.start(0, offset)
    return consumer


def test_records_of_a_gone_offset_are_not_skipped() -> None:
    log = MemoryLog()
    for value in (b"a", b"b", b"c"):
        log.producer().send("t", value)
    log.forget_before("t", 0, 2)

    with pytest.raises(OffsetGone):
        started(log, 1).poll(0)


def test_a_topic_made_anew_has_another_identity() -> None:
    log = MemoryLog()
    before = log.consumer("t", "g").log_id()

    log.renew("t")

    assert log.consumer("t", "h").log_id() != before


def test_a_second_member_takes_half_of_the_partitions() -> None:
    log = MemoryLog({"t": 4})
    first = log.consumer("t", "g")
    first.take_rebalance()

    second = log.consumer("t", "g")

    change, other = first.take_rebalance(), second.take_rebalance()
    assert change is not None
    assert other is not None
    assert change.lost == other.gained == {1, 3}


def test_a_partition_that_went_and_came_back_is_lost_and_gained() -> None:
    log = MemoryLog({"t": 2})
    first = log.consumer("t", "g")
    first.take_rebalance()

    log.consumer("t", "g").close()

    change = first.take_rebalance()
    assert change is not None
    assert change.lost == change.gained == {1}

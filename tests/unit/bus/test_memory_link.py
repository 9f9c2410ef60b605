"""The in-memory link redelivers what was not settled, as a broker does."""

from bus.memory_link import MemoryLink


def test_what_was_not_settled_comes_again_after_a_reconnection() -> None:
    link = MemoryLink()
    for payload in (b"1", b"2", b"3"):
        link.offer("ecovigil/x", payload)
    first, *_ = link.poll(0, 2)
    link.settle([first])

    link.reconnect()

    assert [d.payload for d in link.poll(0, 10)] == [b"2", b"3"]


def test_a_token_of_an_earlier_connection_settles_nothing() -> None:
    link = MemoryLink()
    link.offer("ecovigil/x", b"1")
    stale = link.poll(0, 1)
    link.reconnect()
    link.poll(0, 1)

    link.settle(stale)

    assert link.unsettled == 1

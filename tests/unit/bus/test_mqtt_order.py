"""Acknowledgements leave in the order in which the messages came."""

from bus.mqtt_order import DeliveryOrder


def order_of(*packet_ids: int) -> DeliveryOrder:
    """Return an order with these messages waiting."""
    order = DeliveryOrder()
    for packet_id in packet_ids:
        order.arrived(packet_id)
    return order


def test_a_later_message_waits_for_an_earlier_one() -> None:
    order = order_of(7, 3, 9)

    assert order.settle([9, 3]) == []
    assert order.settle([7]) == [7, 3, 9]


def test_a_packet_id_may_come_back_once_it_was_acknowledged() -> None:
    order = order_of(1)
    order.settle([1])

    order.arrived(1)

    assert order.settle([1]) == [1]


def test_a_new_connection_owes_nothing_to_the_old_one() -> None:
    order = order_of(1, 2)
    order.settle([2])

    order.forget()
    order.arrived(2)

    assert order.settle([2]) == [2]

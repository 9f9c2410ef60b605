"""A record under way is answered for once: by the client, or by us where the client never will."""

from bus.kafka_sent import Outstanding


def test_what_a_client_holds_fails_when_it_is_given_up() -> None:
    outstanding, answers, gone = Outstanding(), list[object](), TimeoutError("gone")
    outstanding.add("stuck", answers.append)
    other = outstanding.add("other", answers.append)

    outstanding.give_up("stuck", gone)

    assert answers == [gone]
    outstanding.settle(other, None)
    assert answers == [gone, None]


def test_a_late_answer_about_what_was_given_up_says_nothing() -> None:
    outstanding, answers = Outstanding(), list[object]()
    number = outstanding.add("stuck", answers.append)
    outstanding.give_up("stuck", TimeoutError("gone"))

    outstanding.settle(number, None)

    assert len(answers) == 1


def test_only_what_is_under_way_waits() -> None:
    outstanding = Outstanding()
    outstanding.settle(outstanding.add("client", None), None)

    assert outstanding.waiting_s() == 0.0

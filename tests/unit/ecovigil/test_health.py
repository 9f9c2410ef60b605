"""Alive: the loop came round lately. Ready: nothing is missing."""

from ecovigil.health import STARTED, Health


class Watch:
    """A clock in our hands, s."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_loop_that_stands_still_is_not_alive_until_it_comes_round_again() -> None:
    watch = Watch()
    health = Health(stuck_after_s=60, clock=watch)

    watch.now = 60.5
    stuck = health.is_alive()
    health.stepped()

    assert (stuck, health.is_alive()) == (False, True)


def test_a_role_that_is_not_built_yet_is_not_ready() -> None:
    health = Health()

    assert health.missing() == [STARTED]


def test_what_is_missing_is_named_and_counts_no_longer_when_it_is_back() -> None:
    answers = {"database": False, "log": True}
    health = Health()
    health.require("database", lambda: answers["database"])
    health.require("log", lambda: answers["log"])
    health.started()

    before = health.missing()
    answers["database"] = True

    assert (before, health.missing()) == (["database"], [])

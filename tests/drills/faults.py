"""What goes wrong in a drill: each fault is done under load, and returns when it is over and only the recovery is left."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ecovigil.roles import RoleProcess
from schemas.times import HOUR_US, MINUTE_US
from tests.acceptance.drill import until
from tests.drills.chain import RECOVERED_WITHIN_S, RealChain, insist

Act = Callable[[RealChain], object]

KILLED: Final = ("bridge", "detectors", "relay", "city", "alerts", "notifier")
SERVERS: Final = ("kafka", "mqtt", "database")
DOWN_S: Final = 3.0
"""How long a killed server stays away."""
FROZEN_S: Final = 9.0
"""Longer than the session of a consumer group (6 s): its partitions go to others meanwhile, where there are any."""
CUT_S: Final = 5.0
STALLED_S: Final = 9.0
SLOW_FOR_S: Final = 8.0
SLOW_BY_S: Final = 0.1
"""Of each piece, in both directions: a statement takes 0.2 s longer."""
WAYS: Final = (
    ("bridge", "mqtt"),
    ("bridge", "kafka"),
    ("detectors", "kafka"),
    ("detectors", "database"),
    ("relay", "kafka"),
)


@dataclass(frozen=True)
class Fault:
    """One fault by name."""

    name: str
    act: Act
    alarm: str = ""
    """What roles must say as an error because of it."""


def kill(*targets: str) -> Act:
    """Return the fault that these die by SIGKILL in the same moment; servers stay away for some seconds."""

    def act(chain: RealChain) -> None:
        roles = [chain.random.choice(chain.pids(target)) for target in targets if target not in SERVERS]
        for pid in roles:
            os.kill(pid, signal.SIGKILL)
        chain.healed()
        servers = [target for target in targets if target in SERVERS]
        for server in servers:
            chain.ground.kill(server)
        if servers:
            chain.wait(chain.random.uniform(0.5, 1.0) * DOWN_S)
            chain.healed()
        for server in servers:
            chain.ground.server(server).start()
        for target in set(targets) - set(SERVERS):
            until(lambda who=target: chain.pids(who), RECOVERED_WITHIN_S)

    return act


def kill_any_two(chain: RealChain) -> None:
    """Let two of all die in the same moment, as the seed says."""
    targets = chain.random.sample((*KILLED, *SERVERS), 2)
    chain.extras.append(f"{targets[0]} and {targets[1]}")
    kill(*targets)(chain)


def freeze(target: str) -> Act:
    """Return the fault that a role is stopped (SIGSTOP) past its session, and thawed."""

    def act(chain: RealChain) -> None:
        pid = chain.random.choice(chain.pids(target))
        os.kill(pid, signal.SIGSTOP)
        try:
            chain.wait(FROZEN_S)
        finally:
            os.kill(pid, signal.SIGCONT)
            chain.healed()

    return act


def cut(role: str, server: str) -> Act:
    """Return the fault that every connection on a way is reset for some seconds."""

    def act(chain: RealChain) -> None:
        link = chain.ground.links[role, server]
        link.cut()
        chain.wait(CUT_S)
        link.heal()
        chain.healed()

    return act


def stall(role: str, server: str) -> Act:
    """Return the fault that nothing comes through on a way, past every session, while the connections stand."""

    def act(chain: RealChain) -> None:
        link = chain.ground.links[role, server]
        link.stall()
        chain.wait(STALLED_S)
        link.heal()
        chain.healed()

    return act


def slow_database(chain: RealChain) -> None:
    """Let every role wait for the database at each statement."""
    links = [link for (_, server), link in chain.ground.links.items() if server == "database"]
    for link in links:
        link.slow(SLOW_BY_S)
    chain.wait(SLOW_FOR_S)
    for link in links:
        link.heal()
    chain.healed()


def clock_ahead_and_back(by_us: int) -> Act:
    """Return the fault that the clock role sees its machine's clock jump ahead, then back to the right time."""

    def act(chain: RealChain) -> None:
        now = chain.playback.last_tick
        insist(lambda: chain.tick(now + by_us))
        chain.playback.last_tick = now
        chain.healed()

    return act


def clock_back(by_us: int) -> Act:
    """Return the fault that the clock role's machine falls behind, ticks on there, and is set right again."""

    def act(chain: RealChain) -> None:
        now = chain.playback.last_tick
        for minute in range(3):
            insist(lambda at=now - by_us + minute * MINUTE_US: chain.tick(at))
        chain.playback.last_tick = now
        chain.healed()

    return act


def two_bridges(chain: RealChain) -> None:
    """Start a second bridge under the client id of the first: one of them must leave, the other go on."""
    log = chain.folder / "bridge-second.log"
    second = RoleProcess("bridge", chain.environment("bridge"), log_file=log)
    second.start()
    first = next(role for role in chain.roles if role.name == "bridge")
    try:
        until(lambda: first.gave_up() or second.gave_up(), RECOVERED_WITHIN_S)
        chain.healed()
        chain.extras.append("the second left" if second.gave_up() else "the first left")
    finally:
        chain.last_of_all(second.stop)


FAULTS: Final = (
    *(Fault(f"{role} killed", kill(role)) for role in KILLED),
    *(Fault(f"{server} killed", kill(server)) for server in SERVERS),
    Fault("kafka and database killed", kill("kafka", "database")),
    Fault("bridge and kafka killed", kill("bridge", "kafka")),
    Fault("any two killed", kill_any_two),
    *(Fault(f"{role} frozen", freeze(role)) for role in KILLED),
    *(Fault(f"{role}-{server} cut", cut(role, server)) for role, server in WAYS),
    *(Fault(f"{role}-{server} stalled", stall(role, server)) for role, server in WAYS),
    Fault("database slow", slow_database),
    Fault("clock ahead by 3 h and back", clock_ahead_and_back(3 * HOUR_US)),
    Fault("clock back by 3 h", clock_back(3 * HOUR_US)),
    Fault("two bridges of one client id", two_bridges),
)

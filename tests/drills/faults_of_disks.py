"""The disk of the database, or of the log, is full for a while: on a ground whose servers have small disks."""

from typing import Final

from tests.drills.chain import RealChain
from tests.drills.disk import SmallDisk
from tests.drills.faults import Act, Fault

FULL_FOR_S: Final = 6.0
DATABASE_MB: Final = 400
LOG_MB: Final = 200


def full(disk: SmallDisk, server: str) -> Act:
    """Return the fault that nothing more fits on a server's disk; an operator makes room, and starts again what is not well."""

    def act(chain: RealChain) -> None:
        disk.fill()
        chain.wait(FULL_FOR_S)
        disk.empty()
        died = not chain.ground.server(server).is_alive()
        chain.extras.append("the server died of it" if died else "the server lived on")
        chain.healed()
        if died or server == "kafka":  # which gives a log directory up for good when a write to it has failed once
            chain.ground.server(server).stop()
            chain.ground.server(server).start()

    return act


def on_small_disks(database: SmallDisk, log: SmallDisk) -> tuple[Fault, ...]:
    """Return the faults of full disks."""
    return (
        Fault("disk of the database full", full(database, "database")),
        Fault("disk of the log full", full(log, "kafka")),
    )

"""Every error of EcoVigil; a class is an instruction to the caller.

EcoVigilError
├── InvalidReport          the message is wrong: dead-letter it, never retry
├── Unavailable            a broker or database is away: retry with back-off
├── OffsetGone             records were deleted before they were read: alarm; stop, or take from the tables what they told; never skip silently
├── LeaseLost              another worker owns the partition now: drop its state, rebuild or let go
├── Overtaken              somebody changed the same thing meanwhile: read it again, decide again
└── InvalidConfiguration   the operator must act: refuse to start
"""

from schemas.codes import Rejection


class EcoVigilError(Exception):
    """The root of the tree; `ecovigil` turns any of these into one line on stderr."""


class InvalidReport(EcoVigilError):
    """A message cannot be taken as a report; it goes to the dead letters with `reason`."""

    def __init__(self, reason: Rejection, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


class Unavailable(EcoVigilError):
    """A broker or database is away for now; the same call may go through later."""


class OffsetGone(EcoVigilError):
    """The log does not have this offset (any more): reading on would skip records, so the partition stops until its reader, or people, have decided."""

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        super().__init__(f"{topic}/{partition}: offset {offset} is not in the log")
        self.topic = topic
        self.partition = partition
        self.offset = offset


class LeaseLost(EcoVigilError):
    """A partition was fenced: somebody with a higher epoch owns it."""


class Overtaken(EcoVigilError):
    """What was to be changed has changed since it was read; nothing was written."""


class InvalidConfiguration(EcoVigilError):
    """Settings, a registry or a scenario are wrong; `problems` lists each with its file and key."""

    def __init__(self, problems: list[str] | str) -> None:
        self.problems = [problems] if isinstance(problems, str) else problems
        super().__init__("; ".join(self.problems))

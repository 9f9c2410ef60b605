"""Plays a scenario on a chain, in memory or live: arrivals, what people do, what breaks, and a tick each virtual minute."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.times import MINUTE_US, cst_text
from sim.arrivals import Arrival, timeline
from sim.expectations import unmet
from sim.results import Results
from sim.scenario_file import Registration, Scenario
from sim.scenario_inputs import ActivationStep, AlertStep, CityState, Kill, Mark, OfficialForecast, Step

Action = AlertStep | ActivationStep | Mark
"""What people do."""
Happening = Step | Mark | Registration


class Chain(Protocol):
    """All roles together with their servers, or the twins of these."""

    def deliver(self, arrivals: list[Arrival]) -> None:
        """Move the clock to the arrivals' instant, send them, return when all are acknowledged."""
        ...

    def tick(self, now: int) -> None:
        """Move the clock and append one tick to every partition."""
        ...

    def settle(self) -> None:
        """Return when everything that was sent and ticked has been worked off by every role."""
        ...

    def kill(self, role: str) -> None:
        """Let a role die without a word and start it again."""
        ...

    def act(self, step: Action) -> str:
        """Do what a person does; return why it is not possible, "" where it was done."""
        ...

    def register(self, registration: Registration) -> None:
        """Import another version of the registry."""
        ...

    def results(self) -> Results:
        """Return what was worked out."""
        ...


@dataclass(frozen=True)
class Minute:
    """All that happens after one tick, up to and including the next."""

    tick: int
    arrivals: list[Arrival]
    steps: list[Happening]


def play(scenario: Scenario, chain: Chain) -> list[str]:
    """Return a line for all that the scenario expects and that did not come out, or could not be played."""
    problems = list(unsupported(scenario))
    for minute in minutes(scenario):
        problems += _play_minute(minute, chain)
    chain.settle()
    return problems + unmet(scenario, chain.results())


def unsupported(scenario: Scenario) -> Iterator[str]:
    """Return what the scenario asks for and we cannot do: it must not pass in silence."""
    for step in scenario.play.step:
        if isinstance(step, OfficialForecast | CityState):
            yield f"not supported yet: step {step.do} (at {cst_text(step.at)}, {step.city})"


def minutes(scenario: Scenario) -> Iterator[Minute]:
    """Yield the ticks from `starts` to `ends`, each with what comes before it; what comes after `ends` is never seen."""
    arrivals = timeline(scenario.play.feed, scenario.registry)
    happenings = [*scenario.registrations, *scenario.play.step, *scenario.play.mark]
    steps = sorted(happenings, key=lambda step: step.at)
    arrived = acted = 0
    for tick in range(scenario.play.starts, scenario.play.ends + 1, MINUTE_US):
        first, arrived = arrived, _first_after(arrivals, arrived, tick)
        before, acted = acted, _first_after(steps, acted, tick)
        yield Minute(tick, arrivals[first:arrived], steps[before:acted])


def _first_after(entries: Sequence[Arrival | Happening], at: int, tick: int) -> int:
    while at < len(entries) and entries[at].at <= tick:
        at += 1
    return at


def _play_minute(minute: Minute, chain: Chain) -> list[str]:
    problems = []
    arrivals = minute.arrivals
    for step in minute.steps:
        chain_first = [arrival for arrival in arrivals if arrival.at <= step.at]
        arrivals = arrivals[len(chain_first) :]
        _deliver(chain_first, chain)
        problems += _take_step(step, chain)
    _deliver(arrivals, chain)
    chain.tick(minute.tick)
    return problems


def _deliver(arrivals: list[Arrival], chain: Chain) -> None:
    """Deliver in groups of one instant, so that each has its own time of reception."""
    start = 0
    for end in range(1, len(arrivals) + 1):
        if end == len(arrivals) or arrivals[end].at != arrivals[start].at:
            chain.deliver(arrivals[start:end])
            start = end


def _take_step(step: Happening, chain: Chain) -> list[str]:
    if isinstance(step, Kill):
        chain.kill(step.role)
    elif isinstance(step, Registration):
        chain.settle()
        chain.register(step)
    elif isinstance(step, Action):
        chain.settle()
        refusal = chain.act(step)
        return [f"{_name_of(step)} at {cst_text(step.at)}: {refusal}"] if refusal else []
    return []


def _name_of(step: Action) -> str:
    return f"mark {step.kind}" if isinstance(step, Mark) else f"step {step.do}"

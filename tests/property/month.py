"""March 2026 of a coal boiler, a town's outfall, a furnace, a river and a kiln, as their loggers send it; and ways in which it may reach the chain."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import numpy as np

from ecovigil.in_memory import InMemoryChain
from schemas.codes import Kind
from schemas.registry import Registry
from schemas.times import CST, DAY_US, HOUR_US, MINUTE_US, SECOND_US, to_us
from schemas.topics import report_topic
from sim.arrivals import Arrival, report_payload
from sim.scenario_file import Registration
from sim.scenario_inputs import Mark
from store.final_port import final_lines

START: Final = to_us(datetime(2026, 3, 1, tzinfo=CST))
DAYS: Final = 31
END: Final = START + DAYS * DAY_US
FURNACE_DAYS: Final = 6
LIVE_STEP_US: Final = 3 * HOUR_US
"""Between two ticks of the month played live."""
BOILER: Final = {"standard": "GB 13271-2014", "variant": "new", "effective_from": "2015-01-01", "reason": "built 2015"}
TABLES: Final[dict[str, list[dict[str, Any]]]] = {
    "organisation": [{"id": "heat", "name": "heat", "industry": "锅炉 boiler"}],
    "site": [
        {"id": "boiler", "kind": "stack", "organisation": "heat", "region": "220100"},
        {"id": "outfall", "kind": "effluent", "region": "220100"},
        {"id": "furnace", "kind": "furnace", "region": "220100"},
        {"id": "river", "kind": "surface_water", "region": "220100"},
        {"id": "kiln", "kind": "stack", "region": "220100"},
    ],
    "device": [{"id": f"mn-{site}", "sites": [site]} for site in ("boiler", "outfall", "furnace", "river", "kiln")],
    "binding": [
        BOILER | {"site": "boiler", "category": "gas boiler"},
        {
            "site": "outfall", "standard": "GB 18918-2002", "category": "municipal wastewater plant", "variant": "1A",
            "effective_from": "2010-01-01", "reason": "town",
        },
        {
            "site": "furnace", "standard": "GB 18485-2014", "category": "municipal waste incinerator",
            "variant": "normal operation", "effective_from": "2020-01-01", "reason": "line 1",
        },
        {
            "site": "river", "standard": "GB 3838-2002", "category": "river", "variant": "Ⅲ",
            "effective_from": "2021-01-01", "reason": "target",
        },
        {
            "site": "kiln", "standard": "GB 4915-2013", "category": "cement kiln and waste-heat boiler outlet",
            "variant": "general", "effective_from": "2015-07-01", "reason": "built 2010",
        },
    ],
    "permit": [
        {"site": "outfall", "parameter": "w01018", "limit": 45.0, "averaging": "daily_mean", "effective_from": "2026-03-08"},
        {"site": "outfall", "parameter": "w01018", "limit": 52.0, "averaging": "single_sample", "effective_from": "2026-03-08"},
    ],
}  # fmt: skip
NOX: Final = {"site": "boiler", "parameter": "a21002", "averaging": "hour_mean"}


def _registries() -> Iterator[Registration]:
    """Yield the versions of the registry: a wrong fuel put right, a permit in retrospect, ended in retrospect, another taken back."""
    tables = TABLES | {"binding": [BOILER | {"site": "boiler", "category": "coal boiler"}, *TABLES["binding"][1:]]}
    open_end = NOX | {"limit": 260.0, "effective_from": "2026-03-05"}
    ended = open_end | {"effective_to": "2026-03-17"}
    yield Registration(START + 7 * DAY_US + HOUR_US, Registry.from_tables(tables))
    with_permit = tables | {"permit": [*TABLES["permit"], open_end]}
    yield Registration(START + 11 * DAY_US + 9 * HOUR_US, Registry.from_tables(with_permit))
    yield Registration(
        START + 20 * DAY_US + 90 * SECOND_US, Registry.from_tables(tables | {"permit": [*TABLES["permit"], ended]})
    )


REGISTRATIONS: Final = tuple(_registries())


def _mark(day: int, site: str, kind: str, first_h: float, last_h: float, entered_h: float) -> Mark:
    begin = START + day * DAY_US
    hours = {"start": first_h, "to": last_h, "at": entered_h}
    return Mark.model_construct(
        by="plant", site=site, kind=kind, parameters=None, variant="",
        **{name: begin + int(hour * HOUR_US) for name, hour in hours.items()},
    )  # fmt: skip


MARKS: Final = (
    _mark(2, "boiler", "fault", 3.0, 4.5, 10.0),
    _mark(3, "boiler", "start_up", 5.0, 9.0, 13.0),
    _mark(4, "furnace", "maintenance", 2.0, 4.0, 11.0),
    _mark(9, "outfall", "calibration", 0.0, 8.0, 20.0),
    _mark(10, "boiler", "fault", 1.0, 2.0, 40.0),  # entered too late
    _mark(21, "boiler", "stopped", 0.0, 6.0, 30.0),
)
Happening = Arrival | Registration | Mark


@dataclass(frozen=True)
class Month:
    """What the loggers send, in the order in which it would arrive."""

    arrivals: list[Arrival]

    @classmethod
    def of(cls, seed: int) -> "Month":
        """Return the month of a seed: some reports are late by days, some come with another value, some twice."""
        rng = np.random.default_rng(seed)
        arrivals = [*_boiler(rng), *_outfall(rng), *_furnace(rng), *_river(rng), *_kiln(rng)]
        late = rng.random(len(arrivals)) < 0.03
        delay = (rng.exponential(2.0, len(arrivals)) * DAY_US).astype(np.int64)
        moved = [
            replace(a, at=min(a.at + int(d), END)) if is_late else a
            for a, d, is_late in zip(arrivals, delay, late, strict=True)
        ]
        return cls(sorted(moved, key=lambda arrival: arrival.at))


def _report(kind: Kind, site: str, start: int, sent_at: int, values: dict[str, float], flag: str = "N") -> Arrival:
    readings = [(name, round(float(value), 3), flag) for name, value in values.items()]
    payload = report_payload(start, sent_at, kind, site, readings)
    return Arrival(sent_at + 5 * SECOND_US, report_topic("220100", f"mn-{site}"), payload, f"mn-{site}")


def _reports(rng: np.random.Generator, kind: Kind, site: str, count: int, values: dict[str, Any]) -> Iterator[Arrival]:
    """Yield one report a period; a hundredth has a flag, another hundredth is corrected an hour later, a tenth of those twice."""
    length = kind.length_s * SECOND_US
    for n in range(count):
        start, chance = START + n * length, rng.random()
        given = {name: column[n] for name, column in values.items()}
        yield _report(kind, site, start, start + length, given, "C" if chance > 0.99 else "N")
        if chance < 0.01:
            other = {name: value * (1.3 if chance < 0.005 else 0.7) for name, value in given.items()}
            yield from [_report(kind, site, start, start + length + HOUR_US, other)] * (2 if chance < 0.001 else 1)


def _boiler(rng: np.random.Generator) -> Iterator[Arrival]:
    n = DAYS * 144
    load = np.repeat(rng.normal(0, 1, n // 6), 6)
    values = {
        "a21002": 215 + 18 * load + rng.normal(0, 5, n),
        "a19001": 11 + rng.normal(0, 0.3, n),
        "a00000": rng.normal(20, 1, n),
    }
    return _reports(rng, Kind.TEN_MINUTE, "boiler", n, values)


def _outfall(rng: np.random.Generator) -> Iterator[Arrival]:
    n = DAYS * 24
    day = np.repeat(rng.normal(0, 1, DAYS), 24)
    values = {
        "w01018": 46 + 5 * day + rng.normal(0, 3, n),
        "w21003": 6 + 1.5 * day,
        "w00000": rng.uniform(0, 80, n),
        "w01010": 12 + day / 2,
    }
    return _reports(rng, Kind.HOUR, "outfall", n, values)


def _furnace(rng: np.random.Generator) -> Iterator[Arrival]:
    n = FURNACE_DAYS * 288
    cold = np.repeat(rng.random(n // 48) < 0.4, 48) & (rng.random(n) < 0.15)
    return _reports(rng, Kind.FIVE_MINUTE, "furnace", n, {"a01901": np.where(cold, 840.0, 900.0) + rng.normal(0, 5, n)})


def _river(rng: np.random.Generator) -> Iterator[Arrival]:
    n = DAYS * 24
    values = {"w21003": rng.normal(0.9, 0.2, n), "w01009": rng.normal(5.6, 0.5, n), "w01001": rng.normal(7.5, 0.2, n)}
    return (a for hour, a in enumerate(_reports(rng, Kind.HOUR, "river", n, values)) if hour % 4 == 0)


def _kiln(rng: np.random.Generator) -> Iterator[Arrival]:
    n = DAYS * 24
    values = {"a21003": rng.normal(230, 20, n), "a21004": rng.normal(20, 3, n), "a19001": rng.normal(10, 0.3, n)}
    return _reports(rng, Kind.HOUR, "kiln", n, values)


class Course:
    """One way of the month through an in-memory chain."""

    def __init__(self) -> None:
        self.chain = InMemoryChain(Registry.from_tables(TABLES), START)
        self.registrations = REGISTRATIONS

    def live(self, month: Month) -> str:
        """Let everything arrive, be entered and tick in its own time; return the final state."""
        happenings: list[Happening] = sorted([*month.arrivals, *self.registrations, *MARKS], key=lambda h: h.at)
        turns = {turn: list(due) for turn, due in groupby(happenings, key=lambda h: (h.at - START) // LIVE_STEP_US)}
        for turn in range((END - START) // LIVE_STEP_US + 1):
            self.take(turns.get(turn, []))
            self.chain.tick(START + (turn + 1) * LIVE_STEP_US)
        return self.final(END + 3 * DAY_US)

    def backfilled(self, month: Month, seed: int) -> str:
        """Let everything come in a random order after the month, in batches of any size, with ticks and crashes between."""
        rng = random.Random(seed)
        happenings: list[Happening] = [*month.arrivals, *MARKS]
        rng.shuffle(happenings)
        for registration in self.registrations:
            happenings.insert(rng.randrange(len(happenings)), registration)
        now = END + DAY_US
        for batch in _batches(_registered_in_order(happenings, self.registrations), rng):
            now += rng.choice((0, 1, 30)) * MINUTE_US
            self.take([replace(h, at=now) if isinstance(h, Arrival) else h for h in batch])
            self.disturb(rng, now)
        return self.final(now + HOUR_US)

    def replayed(self, month: Month, seed: int) -> str:
        """Let the month come in the order of its time, again and again in parts, in batches of any size, with ticks and crashes between."""
        rng = random.Random(seed)
        happenings: list[Happening] = sorted([*month.arrivals, *self.registrations, *MARKS], key=lambda h: h.at)
        for batch in _batches(happenings, rng):
            self.take(batch)
            now = max(h.at for h in batch)
            if rng.random() < 0.2:
                self.take([replace(h, at=now) for h in batch if isinstance(h, Arrival)])
            self.disturb(rng, now)
        return self.final(END + 3 * DAY_US)

    def take(self, happenings: Sequence[Happening]) -> None:
        """Let things happen one after another; reports that follow one another come together."""
        arrivals: list[Arrival] = []
        for happening in happenings:
            if isinstance(happening, Arrival):
                arrivals.append(
                    replace(happening, at=happenings[-1].at) if isinstance(happenings[-1], Arrival) else happening
                )
                continue
            self._deliver(arrivals)
            arrivals = []
            if isinstance(happening, Registration):
                self.chain.register(happening)
            else:
                assert self.chain.act(happening) == ""
        self._deliver(arrivals)

    def _deliver(self, arrivals: list[Arrival]) -> None:
        if arrivals:
            last = max(arrival.at for arrival in arrivals)
            self.chain.deliver([replace(arrival, at=last) for arrival in arrivals])

    def disturb(self, rng: random.Random, now: int) -> None:
        """Tick at times, and let a role die at times."""
        if rng.random() < 0.3:
            self.chain.tick(now)
        if rng.random() < 0.15:
            self.chain.kill(rng.choice(("detectors", "bridge", "relay", "alerts")))

    def final(self, now: int) -> str:
        """Tick until everything is judged; return what `export final` writes."""
        for minute in range(16):
            self.chain.tick(now + minute * MINUTE_US)
        return "".join(final_lines(self.chain.store.final_rows()))


def _registered_in_order(happenings: Iterable[Happening], registrations: Sequence[Registration]) -> list[Happening]:
    """Return them with the registrations in their own order: what is registered last counts."""
    in_turn = iter(registrations)
    return [next(in_turn) if isinstance(h, Registration) else h for h in happenings]


def _batches(happenings: Sequence[Happening], rng: random.Random) -> Iterator[Sequence[Happening]]:
    at = 0
    while at < len(happenings):
        size = rng.choice((1, 20, 200, 900))
        yield happenings[at : at + size]
        at += size

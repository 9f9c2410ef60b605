"""`bench latency`: from the publish of a report to the notification that it causes, in real time, under 20,000 readings a second.

A background of loggers reports every second; a few hundred boilers report minutes, and their hour ends while it is measured. Time goes by as
fast as on the wall (four ticks a second), only from another starting point. A shortened run sends a turn of the boilers within ten seconds, not sixty.
"""

import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ecovigil.bench.bench_servers import BenchServers
from ecovigil.bench.chain import ROLES, await_settled, lost_and_doubled, start_roles
from ecovigil.bench.child import Child
from ecovigil.bench.fleet import FleetShape, is_bypassed, registry_of
from ecovigil.bench.load import Order, Outcome
from ecovigil.bench.result import Figure, Result, costs, percentiles
from ecovigil.bench.runs import READINGS, Terms, await_read, carried_out, commit_latency_s, found, load, order, rows
from ecovigil.real_servers.real_server import CHECKOUT
from schemas.codes import Kind
from schemas.times import MINUTE_US, SECOND_US

BEFORE: Final = 59
"""Turns that were sent before: the sixtieth completes the hour, the one after it shows that its device has moved on."""
SPEED: Final = 2000
"""Devices of the background, each with one report a second."""
WARM: Final = 10
"""Turns of the background that are sent and worked off before: a device that nobody has met costs more than one that reports."""

Delivered = tuple[float, str, dict[str, Any]]
"""When the receiver was told, under which key, and what."""


def latency(terms: Terms) -> Result:
    """Measure publish to notification."""
    with (
        tempfile.TemporaryDirectory(prefix="ecovigil-bench-") as folder,
        Child(["-m", "benchmarks.receiver"], Path(folder) / "receiver.log", CHECKOUT) as receiver,
    ):
        hours = FleetShape(
            devices=terms.of(3000, 300),
            minutes=BEFORE + 2,
            bypass_every=5,
            prefix="s",
            webhook=receiver.outcome()["url"],
        )
        now = hours.instant(BEFORE) + MINUTE_US
        crowd = FleetShape(
            devices=SPEED, minutes=WARM + terms.of(240, 30), kind=Kind.REALTIME, start_us=now - WARM * SECOND_US
        )
        with BenchServers(registry_of(hours, crowd), embedded=terms.embedded, client=terms.client) as servers:
            return _measured(servers, terms, hours, crowd, receiver)


def _measured(servers: BenchServers, terms: Terms, hours: FleetShape, crowd: FleetShape, receiver: Child) -> Result:
    start_roles(servers, hours)
    before = hours.model_copy(update={"minutes": BEFORE})
    carried_out(servers, order(servers, before, ticks="acknowledged"))
    await_settled(servers, before)
    warm = crowd.model_copy(update={"minutes": WARM})
    carried_out(servers, order(servers, warm, rate=float(SPEED), ticks="by_the_clock"))
    await_read(servers)
    live = order(servers, hours, first_turn=BEFORE, rate=hours.devices / terms.of(60, 10), chunk=1)
    crowded = order(servers, crowd, first_turn=WARM, rate=float(SPEED), ticks="by_the_clock")
    with load(servers, crowded) as background, load(servers, live) as boilers:
        servers.meter.begin()
        background.begin()
        time.sleep(terms.of(60, 5))  # Kafka compiles what it does while it does it
        boilers.begin()
        boilers.outcome()
        crowd_went = Outcome.model_validate(background.outcome())
        await_read(servers)
        measured = crowd.devices * (crowd.minutes - WARM)
        spent = costs(servers.meter.cpu_s(), servers.meter.peak_mb(), (measured + 2 * hours.devices) * READINGS)
    receiver.begin()
    deliveries = receiver.outcome()["deliveries"]
    counted = rows(servers)
    for role in ROLES:
        servers.stop(role)
    figures = [
        Figure(
            name="background as published",
            value=measured * READINGS / (crowd_went.published_at - crowd_went.started_at),
            unit="readings/s",
            beside="asked for",
            beside_value=float(SPEED * READINGS),
        ),
        *_notified(live, deliveries),
        *percentiles("publish to committed row", commit_latency_s(servers, crowded)),
        *lost_and_doubled(counted, crowd.reports + hours.reports),
        Figure(name="told twice under one key", value=len(deliveries) - len({key for _, key, _ in deliveries})),
    ]
    workload = f"{crowd.devices} loggers each second, {hours.devices} boilers whose hour ends"
    return found(servers, terms, "latency", workload, figures, cost=spent)


def _notified(live: Order, deliveries: list[Delivered]) -> list[Figure]:
    closed, warned = notified_after_s(live, deliveries)
    return [
        Figure(name="notifications of hours that closed", value=len(closed)),
        *percentiles("publish of the closing report to notification", closed),
        Figure(name="notifications of warnings", value=len(warned)),
        *percentiles("publish of a report to the warning it makes true", warned),
    ]


def notified_after_s(live: Order, deliveries: list[Delivered]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the seconds from a report to its notification: of exceedances since the one that completed the hour, of warnings since the last one before."""
    published = np.load(live.times_file)
    closed: list[float] = []
    warned: list[float] = []
    for at, _, body in deliveries:
        number = next((int(s[1:]) for s in body["sites"] if s.startswith(live.shape.prefix)), None)
        if number is None or not is_bypassed(live.shape, number) or at < published[0, 0]:
            continue
        sent = published[:, number // live.chunk]
        if body["kind"] == "exceedance":
            closed.append(at - float(sent[0]))
        elif body["kind"] == "early_warning":
            warned.append(at - float(sent[sent <= at].max(initial=published[0, 0])))
    return np.array(closed), np.array(warned)

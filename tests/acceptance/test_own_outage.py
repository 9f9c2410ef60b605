"""Real processes on the machine's own clock: the bridge dies over the end of a minute; its report is missing by us, and lowers nobody's rate."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

import pytest

from bus.mqtt_fleet import DeviceFleetLink
from detectors.transmission import Transmission
from ecovigil.day_accounts import Archive, accounts_of
from ecovigil.roles import RoleProcess
from ecovigil.servers import Servers, role_environment
from ecovigil.settings import Settings
from ecovigil.wiring import database_url, mqtt_address
from schemas.codes import Kind
from schemas.registry import Registry
from schemas.times import MINUTE_US, SECOND_US, day_of
from schemas.topics import report_topic
from sim.arrivals import report_payload
from store.account_port import OwnOutage
from store.accounts import PostgresAccounts
from store.letters import PostgresLetters
from store.marks import PostgresMarks
from store.postgres import Database
from store.registry import RegistryStore
from tests.acceptance.drill import until

pytestmark = [pytest.mark.acceptance, pytest.mark.live, pytest.mark.timeout(300)]

BEFORE: Final = 3
"""Minutes whose reports come before the outage."""
SOON_US: Final = 20 * SECOND_US
"""So near to the end of a minute the bridge must not die: the platform has until then to note what there is."""
AWAY_US: Final = 30 * SECOND_US
"""More than what counts as none (`GAP_US`, 20 s)."""
WITHIN_S: Final = 60.0


def registry() -> Registry:
    return Registry.from_tables(
        {
            "site": [{"id": "stack-1", "kind": "stack", "city": "110000"}],
            "device": [{"id": "mn-1", "sites": ["stack-1"]}],
        }
    )


def now_us() -> int:
    return time.time_ns() // 1000


def wait_until(instant_us: int) -> None:
    """Wait for an instant of the machine's clock."""
    Event().wait(max(0.0, (instant_us - now_us()) / SECOND_US))


@dataclass
class Platform:
    """Servers, three roles, one device."""

    database: Database
    fleet: DeviceFleetLink
    bridge: RoleProcess
    environment: dict[str, str]

    def send(self, start: int) -> None:
        """Let the device send the report of a minute, and return when it is stored."""
        payload = report_payload(start, start + MINUTE_US, Kind.MINUTE, "stack-1", [("a21026", 20.0)])
        self.fleet.publish(report_topic("110000", "mn-1"), payload)
        self.fleet.poll_acks(0.2)
        until(lambda: (self.fleet.poll_acks(0.1), not self.fleet.unacknowledged)[1], WITHIN_S)

    def sent_from(self, minute: int) -> int:
        """Let the device send the reports of all minutes from this one on that are over; return the next one, which is not soon."""
        while minute + MINUTE_US < now_us() + SOON_US:
            wait_until(minute + MINUTE_US)
            self.send(minute)
            minute += MINUTE_US
        return minute

    def is_noted(self) -> bool:
        """Whether the bridge has noted its presence."""
        with self.database.read() as cursor:
            return bool(cursor.execute("SELECT FROM role_presence WHERE role = 'bridge'").fetchall())

    def stored(self) -> int:
        """Return how many reports are in the database."""
        with self.database.read() as cursor:
            return int(cursor.execute("SELECT count(*) FROM report").fetchall()[0][0])

    def bridge_outages(self) -> list[OwnOutage]:
        """Return the outages that have been noted."""
        outages = PostgresAccounts(self.database).own_outages(0, now_us() + MINUTE_US)
        return [outage for outage in outages if outage.role == "bridge"]

    def sent_of(self, minute: int, at: int) -> Transmission:
        """Return the device's account of a minute's day as of an instant."""
        archive = Archive(
            PostgresLetters(self.database), PostgresAccounts(self.database), PostgresMarks(self.database), registry()
        )
        (account,) = accounts_of(day_of(minute), archive, at).devices
        return account.sent

    def books(self, minute: int) -> str:
        """Return what `ecovigil books` prints."""
        command = [sys.executable, "-P", "-m", "ecovigil", "books", str(day_of(minute))]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """All of it, running."""
    with ExitStack() as opened:
        servers = opened.enter_context(Servers(Settings(), data_dir=tmp_path, durable=False))
        database = Database(database_url(servers.settings))
        opened.callback(database.close)
        RegistryStore(database).import_registry(registry(), "test", now_us() - 10 * MINUTE_US)
        environment = role_environment(servers) | {"ECOVIGIL_DATA_DIR": str(tmp_path)}
        roles = [RoleProcess(role, environment, log_file=tmp_path / role) for role in ("bridge", "detectors", "clock")]
        for role in roles:
            opened.callback(role.stop)
            role.start()
        fleet = DeviceFleetLink(mqtt_address(servers.settings), resend_after_s=2.0)
        opened.callback(fleet.close)
        yield Platform(database, fleet, roles[0], environment)


def test_what_a_device_would_have_sent_while_the_bridge_was_dead_is_missing_by_us(platform: Platform) -> None:
    first = now_us() // MINUTE_US * MINUTE_US - BEFORE * MINUTE_US
    missed = platform.sent_from(first)
    sent = (missed - first) // MINUTE_US
    until(lambda: platform.stored() == sent and platform.is_noted(), WITHIN_S)
    os.kill(platform.bridge.pid, signal.SIGKILL)
    platform.bridge.stop()
    dead_at = now_us()
    wait_until(max(dead_at + AWAY_US, missed + MINUTE_US + SECOND_US))

    platform.bridge.start()
    until(platform.bridge_outages, WITHIN_S)

    (outage,) = platform.bridge_outages()
    assert outage.started_at <= dead_at
    assert outage.ended_at >= missed + MINUTE_US
    assert platform.sent_of(missed, missed + MINUTE_US) == Transmission(sent + 1, sent, 1)
    assert platform.sent_of(missed, missed + MINUTE_US).rate == 1.0
    assert "平台中断 our own outage: bridge" in platform.books(missed)

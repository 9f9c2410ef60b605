"""The same code on the production servers: Apache Kafka in KRaft mode, Mosquitto, PostgreSQL; the same final state as on our own servers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.example import beijing_files
from tests.conftest import fresh_database

pytestmark = [pytest.mark.acceptance, pytest.mark.live]


def ecovigil(*arguments: str, **environment: str) -> str:
    """Run a command in a process of its own and return what it printed."""
    command = [sys.executable, "-m", "ecovigil", *arguments]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def replayed(folder: Path, **environment: str) -> str:
    """Replay Beijing's February 2014 and return the final state."""
    files = [str(path) for path in beijing_files()]
    ecovigil("replay", "air", *files, "--data-dir", str(folder), **environment)
    return ecovigil("export", "final", **environment)


def test_apache_kafka_and_mosquitto_give_the_final_state_of_our_own_servers(
    apache_kafka, mosquitto, database_server, tmp_path
) -> None:
    named = {"ECOVIGIL_KAFKA__BOOTSTRAP": apache_kafka.url, "ECOVIGIL_MQTT__URL": mosquitto.url}
    with fresh_database(database_server) as production, fresh_database(database_server) as own:
        there = replayed(tmp_path / "production", ECOVIGIL_DATABASE__URL=production, **named)
        here = replayed(tmp_path / "own", ECOVIGIL_DATABASE__URL=own)

    assert there.count("\n") > 50_000
    assert there == here

"""The embedded servers and the roles as processes: nothing outlives us, and what dies comes back."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import psutil
import pytest

from ecovigil.roles import RoleProcess
from ecovigil.servers import Servers, role_environment
from ecovigil.settings import Settings
from ecovigil.supervision import Supervision

pytestmark = [pytest.mark.acceptance, pytest.mark.live]
WAIT_S = 40


@pytest.fixture
def chain(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """`ecovigil run` with two roles, up and running."""
    command = [
        sys.executable,
        "-m",
        "ecovigil",
        "run",
        "--role",
        "clock",
        "--role",
        "relay",
        "--data-dir",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        assert any("running" in line for line in process.stdout)
        yield process
        process.kill()


def until(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true in time."""
    pause = Event()
    return any(condition() or pause.wait(0.1) for _ in range(WAIT_S * 10))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_running(chain: "subprocess.Popen[str]", number: signal.Signals) -> None:
    children = psutil.Process(chain.pid).children(recursive=True)
    assert len(children) >= 8  # three servers, a guard for each, two roles

    chain.send_signal(number)

    _, alive = psutil.wait_procs(children, timeout=WAIT_S)
    assert alive == []


def test_an_interrupted_run_ends_well(chain: "subprocess.Popen[str]") -> None:
    chain.send_signal(signal.SIGINT)

    assert chain.wait(WAIT_S) == 0


@pytest.mark.parametrize("name", ["mqtt", "kafka", "database"])
def test_a_killed_server_comes_back_at_the_same_address(tmp_path: Path, name: str) -> None:
    with Servers(Settings(), data_dir=tmp_path, durable=False) as servers:
        server = servers.started[name]
        before = (server.pid, server.url)

        os.kill(server.pid, signal.SIGKILL)

        assert until(lambda: server.pid != before[0] and server.is_alive() and server.is_ready())
        assert server.url == before[1]


def test_a_killed_role_comes_back(tmp_path: Path) -> None:
    with Servers(Settings(), data_dir=tmp_path, durable=False) as servers:
        role, supervision = RoleProcess("clock", role_environment(servers)), Supervision()
        role.start()
        supervision.watch([role])
        before = role.pid

        os.kill(before, signal.SIGKILL)

        assert until(lambda: role.pid != before and role.is_alive())
        supervision.stop()


def test_a_second_run_on_the_same_data_is_refused(tmp_path: Path, chain: "subprocess.Popen[str]") -> None:
    command = [sys.executable, "-m", "ecovigil", "run", "--role", "clock", "--data-dir", str(tmp_path)]

    second = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)

    assert second.returncode == 3
    assert second.stderr.count("\n") == 1

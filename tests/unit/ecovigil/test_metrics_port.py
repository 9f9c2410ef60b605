"""The port of a role: three paths, none where no port is named, another one where it is taken."""

import http.client
import socket
from collections.abc import Iterator

import pytest

from ecovigil.health import Health
from ecovigil.meters import Meters
from ecovigil.metrics_port import MetricsPort
from ecovigil.settings import MetricsSettings


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens already."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def asked(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    status, text = answer.status, answer.read().decode()
    connection.close()
    return status, text


def test_no_port_is_opened_where_none_is_named() -> None:
    with MetricsPort(MetricsSettings(), Meters("relay")) as opened:
        assert opened.port == 0


def test_metrics_are_told_even_where_the_port_is_taken(taken: int) -> None:
    meters = Meters("relay")
    meters.steps.labels("busy").inc(3)

    with MetricsPort(MetricsSettings(port=taken), meters) as opened:
        status, text = asked(opened.port, "/metrics")

    assert opened.port != taken
    assert status == 200
    assert 'ecovigil_steps_total{outcome="busy"} 3.0' in text.splitlines()


def test_readiness_names_what_is_missing(taken: int) -> None:
    meters = Meters("relay")
    meters.health.require("database", lambda: False)
    meters.health.started()

    with MetricsPort(MetricsSettings(port=taken), meters) as opened:
        assert asked(opened.port, "/readyz") == (503, "missing: database\n")
        assert asked(opened.port, "/healthz") == (200, "ok\n")


def test_a_loop_that_stands_still_fails_the_health_check(taken: int) -> None:
    seconds = iter([0.0, 61.0])
    meters = Meters("relay", Health(60, clock=lambda: next(seconds)))

    with MetricsPort(MetricsSettings(port=taken), meters) as opened:
        assert asked(opened.port, "/healthz")[0] == 503


def test_another_path_is_answered_with_those_that_are_there(taken: int) -> None:
    with MetricsPort(MetricsSettings(port=taken), Meters("relay")) as opened:
        assert asked(opened.port, "/")[0] == 404

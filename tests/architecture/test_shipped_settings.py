"""The settings that deploy/ ships are settings that EcoVigil knows."""

import tomllib
from pathlib import Path

import pytest

from ecovigil.settings import load

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_settings_of_the_containers_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOVIGIL_MQTT__PASSWORD", "a1")
    monkeypatch.setenv("ECOVIGIL_DATABASE__URL", "postgresql://ecovigil:b2@database:5432/ecovigil")

    settings = load(DEPLOY / "ecovigil.toml")

    assert settings.kafka.bootstrap == "kafka:9092"
    assert settings.mqtt.url == "mqtt://mosquitto:1883"


def test_no_password_is_in_the_file() -> None:
    tables = tomllib.loads((DEPLOY / "ecovigil.toml").read_text(encoding="utf-8"))

    assert "database" not in tables
    assert [name for name, table in tables.items() if "password" in table] == []


@pytest.mark.parametrize("line", ["set_tcp_nodelay true", "persistence true", "allow_anonymous false"])
def test_mosquitto_is_set_as_measured(line: str) -> None:
    assert line in (DEPLOY / "mosquitto.conf").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("limit", ["max_inflight_messages", "max_queued_messages"])
def test_mosquitto_does_not_drop_the_messages_of_a_slow_bridge(limit: str) -> None:
    lines = (DEPLOY / "mosquitto.conf").read_text(encoding="utf-8").splitlines()
    (found,) = [int(line.split()[1]) for line in lines if line.startswith(f"{limit} ")]

    assert found >= 5_000

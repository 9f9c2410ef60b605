"""docker-compose.yml: understood by a Compose parser, no default passwords, every role there, everything watched and kept."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose, PyOptions

ROOT = Path(__file__).parents[2]
COMPOSE_GO = ROOT / ".cache" / "compose-go" / "cmd"
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")
SECRETS = {"MQTT_PASSWORD": "a1", "POSTGRES_PASSWORD": "b2"}
ROLES = {"clock", "bridge", "detectors", "city", "alerts", "relay", "notifier"}
SERVERS = {"mosquitto", "kafka", "database"}
ONCE = {"migrate", "mqtt-accounts"}


def _filled(text: str) -> str:
    return VARIABLE.sub(lambda found: found[3] if found[2] == "-" else SECRETS[found[1]], text)


SERVICES: dict[str, Any] = yaml.safe_load(_filled(TEXT))["services"]


def _parsed(text: str) -> PyCompose:
    options = PyOptions(apply_merge=True)
    return options.from_yaml(_filled(text))


def test_a_compose_parser_understands_the_file() -> None:
    parsed = _parsed(TEXT)

    parsed.validate()

    assert set(parsed.service_names()) == ROLES | SERVERS | ONCE


def test_the_parser_would_have_refused_a_mistyped_key() -> None:
    with pytest.raises(ValueError, match="restrat"):
        _parsed(TEXT.replace("restart: unless-stopped", "restrat: unless-stopped"))


def test_the_reference_parser_accepts_the_file(tmp_path: Path) -> None:
    command = _reference_parser()
    if not command:
        pytest.skip("neither docker compose nor compose-go is installed")
    (tmp_path / "docker-compose.yml").write_text(_filled(TEXT), encoding="utf-8")

    read = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert read.returncode == 0, read.stderr


def test_no_password_has_a_default() -> None:
    secrets = [found for found in VARIABLE.finditer(TEXT) if "PASSWORD" in found[1]]

    assert secrets
    assert [found[0] for found in secrets if found[2] != "?"] == []


def test_the_example_of_the_environment_names_every_secret_and_gives_none() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()

    assert {f"{name}=" for name in SECRETS} <= set(lines)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_is_a_service_of_its_own(role: str) -> None:
    assert SERVICES[role]["command"] == ["run", "--role", role]


@pytest.mark.parametrize("name", sorted(ROLES | SERVERS))
def test_each_service_is_watched_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_is_healthy_when_it_says_that_it_is_ready(role: str) -> None:
    port = SERVICES[role]["environment"]["ECOVIGIL_METRICS__PORT"]

    asked = " ".join(SERVICES[role]["healthcheck"]["test"])

    assert f'"127.0.0.1", {port}' in asked
    assert "/readyz" in asked


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_waits_for_healthy_servers_and_the_migration(role: str) -> None:
    waits_for = {name: how["condition"] for name, how in SERVICES[role]["depends_on"].items()}

    assert waits_for == dict.fromkeys(SERVERS, "service_healthy") | {"migrate": "service_completed_successfully"}


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_server_keeps_its_data_in_a_named_volume(name: str) -> None:
    named = set(yaml.safe_load(_filled(TEXT))["volumes"])

    assert {mount.split(":")[0] for mount in SERVICES[name]["volumes"]} <= named


def test_only_the_broker_is_reached_from_outside() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"mosquitto"}


def test_every_file_that_it_mounts_is_in_the_repository() -> None:
    configs = yaml.safe_load(_filled(TEXT))["configs"].values()

    assert [config["file"] for config in configs if not (ROOT / config["file"]).is_file()] == []


def test_the_image_does_not_run_as_root() -> None:
    last_stage = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").rsplit("\nFROM ", 1)[1]

    assert "\nUSER ecovigil\n" in last_stage


def _reference_parser() -> list[str]:
    """Return the command that reads docker-compose.yml: Docker's own, or the library it is made of (.ci/run installs it)."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, timeout=30).returncode == 0:
        return [docker, "compose", "-f", "docker-compose.yml", "config", "--quiet"]
    return [str(COMPOSE_GO), "docker-compose.yml"] if COMPOSE_GO.is_file() else []

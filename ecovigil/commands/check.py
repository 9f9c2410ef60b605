"""`ecovigil check`: all problems of the settings at once, then whether the named servers answer."""

import socket
from pathlib import Path
from typing import Annotated

import typer

from bus.kafka_topics import is_reachable
from ecovigil.log_access import kafka_address
from ecovigil.settings import Settings, load, tls_files
from ecovigil.wiring import database_url, mqtt_address
from schemas.errors import InvalidConfiguration, Unavailable
from store.postgres import Database


def check(
    config: Annotated[Path | None, typer.Option("--config", help="设置文件（TOML）。 Settings file (TOML).")] = None,
) -> None:
    """检查设置与各服务器是否可达。 Check the settings, and whether the named servers answer."""
    settings = load(config)
    missing = [f"{key}: {path}: no such file" for key, path in tls_files(settings) if not path.is_file()]
    if missing:
        raise InvalidConfiguration(missing)
    answers = [_mqtt(settings), _kafka(settings), _database(settings)]
    for line, _ in answers:
        print(line)
    if not all(good for _, good in answers):
        raise typer.Exit(3)


def _mqtt(settings: Settings) -> tuple[str, bool]:
    if settings.mqtt.url is None:
        return _own("mqtt")
    address = mqtt_address(settings)
    try:
        with socket.create_connection((address.host, address.port), timeout=5):
            return _answer("mqtt", address.url, "")
    except OSError as error:
        return _answer("mqtt", address.url, str(error))


def _kafka(settings: Settings) -> tuple[str, bool]:
    if settings.kafka.bootstrap is None:
        return _own("kafka")
    reached = is_reachable(kafka_address(settings.kafka))
    return _answer("kafka", settings.kafka.bootstrap, "" if reached else "no answer")


def _database(settings: Settings) -> tuple[str, bool]:
    if settings.database.url is None:
        return _own("database")
    database = Database(database_url(settings))
    try:
        with database.read() as cursor:
            row = cursor.execute("SHOW server_version").fetchone()
        return _answer("database", f"PostgreSQL {row[0] if row else ''}", "")
    except Unavailable as error:
        return _answer("database", "", str(error))
    finally:
        database.close()


def _own(name: str) -> tuple[str, bool]:
    return f"{name}: 未指定，使用内置服务器 not named: our own server", True


def _answer(name: str, what: str, problem: str) -> tuple[str, bool]:
    return (
        (f"{name}: {what} 不可达 not reachable: {problem}", False)
        if problem
        else (f"{name}: {what} 可达 reachable", True)
    )

"""Fixtures for all tests: the embedded servers, one of each for a whole run, and a database of its own for a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from ecovigil.embedded_database import DatabaseServer
from ecovigil.embedded_kafka import KafkaServer
from ecovigil.embedded_mqtt import MqttServer
from store.postgres import Database
from store.schema import migrate

TEMPLATE = "migrated"
_numbers = count()


@pytest.fixture(scope="session")
def database_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    """A running PostgreSQL with a migrated template database."""
    server = DatabaseServer(tmp_path_factory.mktemp("database"), fsync=False)
    server.start()
    try:
        _execute(server.url, f"CREATE DATABASE {TEMPLATE}")
        _migrate(_named(server.url, TEMPLATE))
        yield server
    finally:
        server.stop()


@contextmanager
def fresh_database(database_server: DatabaseServer) -> Iterator[str]:
    """Give the URL of a database that is migrated and empty; it is dropped afterwards."""
    name = f"test_{next(_numbers)}"
    _execute(database_server.url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    yield _named(database_server.url, name)
    _execute(database_server.url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(database_server: DatabaseServer) -> Iterator[str]:
    """A database of the test's own, migrated and empty."""
    with fresh_database(database_server) as url:
        yield url


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A running embedded Kafka without topics."""
    server = KafkaServer(tmp_path_factory.mktemp("kafka"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mqtt_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MqttServer]:
    """A running embedded MQTT broker."""
    server = MqttServer(tmp_path_factory.mktemp("mqtt"))
    server.start()
    yield server
    server.stop()


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


def _named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())

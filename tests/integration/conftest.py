"""The real servers: Apache Kafka and Mosquitto, one of each for all tests; skipped with the reason where they are absent."""

from collections.abc import Iterator

import pytest

from ecovigil.real_servers import apache_kafka as kafka
from ecovigil.real_servers import mosquitto as mqtt


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.ApacheKafka]:
    """A running Apache Kafka, stopped at the end."""
    if kafka.why_absent():
        pytest.skip(kafka.why_absent())
    with kafka.ApacheKafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mqtt.Mosquitto]:
    """A running Mosquitto, stopped at the end."""
    if mqtt.why_absent():
        pytest.skip(mqtt.why_absent())
    with mqtt.Mosquitto(tmp_path_factory.mktemp("mosquitto")) as server:
        yield server

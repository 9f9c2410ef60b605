"""The log for a command of an operator: the one that the settings name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bus.kafka_address import KafkaAddress
from bus.kafka_log import KafkaLogProducer
from ecovigil.settings import KafkaSettings, Settings, load
from schemas.errors import InvalidConfiguration


@contextmanager
def opened_producer(client_id: str, settings: Settings | None = None) -> Iterator[KafkaLogProducer]:
    """Give a producer as long as the body runs; raises InvalidConfiguration where no log is named."""
    producer = KafkaLogProducer(kafka_address((settings or load()).kafka), client_id)
    try:
        yield producer
    finally:
        producer.close()


def kafka_address(kafka: KafkaSettings) -> KafkaAddress:
    """Return where the settings' log is; raises InvalidConfiguration where none is named."""
    if kafka.bootstrap is None:
        raise InvalidConfiguration(
            "kafka.bootstrap is not set: our own log lives only while `ecovigil run` does; name its address "
            "(ECOVIGIL_KAFKA__BOOTSTRAP=127.0.0.1:port)"
        )
    return KafkaAddress(
        bootstrap=kafka.bootstrap,
        security=kafka.security,
        sasl_mechanism=kafka.sasl_mechanism,
        username=kafka.username,
        password=kafka.password.get_secret_value() if kafka.password else None,
        ca=_text(kafka.ca),
        cert=_text(kafka.cert),
        key=_text(kafka.key),
    )


def _text(path: Path | None) -> str | None:
    return str(path) if path else None

"""Where Kafka is and how to sign in to it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class KafkaAddress:
    """Bootstrap servers, transport security and credentials."""

    bootstrap: str
    """host:port, several with commas."""
    security: str = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL."""
    sasl_mechanism: str | None = None
    """PLAIN, SCRAM-SHA-256, SCRAM-SHA-512."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None
    """Files in PEM form."""
    cert: str | None = None
    key: str | None = None
    session_ms: int = 6_000
    """After how long without a heartbeat a group takes a member's partitions away; 6 s is Apache Kafka's lowest by default."""

    def options(self) -> dict[str, Any]:
        """Return the connection options of a kafka-python client."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": self.security,
            "reconnect_backoff_max_ms": 1000,
        }
        if "SSL" in self.security:
            options |= {"ssl_cafile": self.ca, "ssl_certfile": self.cert, "ssl_keyfile": self.key}
        if self.security.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return options

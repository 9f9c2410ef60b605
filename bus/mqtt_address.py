"""Where the MQTT broker is and how to sign in to it."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class MqttAddress:
    """Broker, transport security and credentials."""

    url: str
    """mqtt://host:1883 or mqtts://host:8883."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None
    """Files in PEM form; without `ca` the system's authorities count."""
    cert: str | None = None
    key: str | None = None

    @property
    def host(self) -> str:
        """Host name."""
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """Port; by default 1883, with TLS 8883."""
        return urlsplit(self.url).port or (8883 if self.is_tls else 1883)

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return urlsplit(self.url).scheme == "mqtts"

    def tls(self) -> ssl.SSLContext | None:
        """Return the TLS context, None for a plain connection."""
        if not self.is_tls:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.cert:
            context.load_cert_chain(self.cert, self.key)
        return context

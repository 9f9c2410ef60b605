"""The bridge's figures, read from its own tally when somebody asks for them."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from ingest.bridge import Bridge


class BridgeFigures(Collector):
    """Collects what a bridge has done since it started, and what is under way."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def collect(self) -> Iterator[Metric]:
        """Yield every figure; called on the port's thread, reads numbers only."""
        tally, (messages, size) = self._bridge.tally, self._bridge.waiting
        counter, gauge = CounterMetricFamily, GaugeMetricFamily
        yield counter("ecovigil_messages_received", "Messages taken from MQTT.", tally.messages)
        yield counter("ecovigil_messages_acknowledged", "Messages that Kafka has.", tally.acknowledged)
        yield counter("ecovigil_bundles", "Bundles that Kafka has.", tally.bundles)
        yield counter("ecovigil_readings_sent", "Readings sent to Kafka.", tally.readings)
        yield counter("ecovigil_bridge_failures", "Sends to Kafka, or answers to MQTT, that failed.", tally.failures)
        yield gauge("ecovigil_unacknowledged_messages", "Messages taken and not settled yet.", messages)
        yield gauge("ecovigil_unacknowledged_bytes", "Payload bytes taken and not on Kafka yet.", size)
        refused = counter("ecovigil_refused", "Messages and readings refused.", labels=["reason"])
        for reason, count in dict(tally.refused).items():
            refused.add_metric([reason], count)
        yield refused

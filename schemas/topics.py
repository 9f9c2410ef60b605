"""Names on the wire: MQTT topics and Kafka topics."""

from typing import Final, NamedTuple

MQTT_ROOT: Final = "ecovigil"
MQTT_FILTER: Final = "ecovigil/#"
"""The bridge listens to all of it, so that a report on a wrong topic is kept as a dead letter."""
CLOCK_TOPIC: Final = "ecovigil-clock/v1/now"
"""Retained virtual `now` (microseconds, decimal text) of a replay; absent in production."""
CLOCK_SEEN: Final = "ecovigil-clock/v1/seen/"
"""A bridge echoes each virtual `now` here, under its client id."""

REPORTS: Final = "reports"
MEANS: Final = "means.v1"
FINDINGS: Final = "findings.v1"
ALERTS: Final = "alerts.v1"
DEAD_LETTERS: Final = "dead_letters"
MARKS: Final = "marks.v1"
KAFKA_TOPICS: Final = (REPORTS, MEANS, FINDINGS, ALERTS, DEAD_LETTERS, MARKS)


class ReportTopic(NamedTuple):
    """What the topic of a report says."""

    region: str
    device_id: str


def report_topic(region: str, device_id: str) -> str:
    """Return the MQTT topic on which a device publishes its reports."""
    return f"{MQTT_ROOT}/v1/{region}/{device_id}/report"


def ack_topic(region: str, device_id: str) -> str:
    """Return the MQTT topic on which a device learns which of its reports Kafka has."""
    return f"{MQTT_ROOT}/v1/{region}/{device_id}/ack"


def parse_report_topic(topic: str) -> ReportTopic | None:
    """Return region and device of a report's topic, or None where it is not of that form."""
    parts = topic.split("/")
    if (
        len(parts) == 5
        and parts[0] == MQTT_ROOT
        and parts[1] == "v1"
        and parts[4] == "report"
        and parts[2]
        and parts[3]
    ):
        return ReportTopic(parts[2], parts[3])
    return None

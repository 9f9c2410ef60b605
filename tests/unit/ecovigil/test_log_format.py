"""One JSON object a line: when, how grave, which role, what, and what else is known."""

import json
import logging
import sys

from ecovigil.log_format import JsonLines


def line(message: str, **more: object) -> dict[str, object]:
    record = logging.LogRecord("bus.kafka_log", logging.WARNING, "file.py", 1, message, (), None)
    record.created, record.msecs = 1_773_115_200.25, 250.0  # 2026-03-10 12:00:00.250 China Standard Time
    vars(record).update(more)
    text = JsonLines("bridge").format(record)
    assert "\n" not in text
    told: dict[str, object] = json.loads(text)
    return told


def test_a_line_says_when_where_and_what() -> None:
    assert line("主题 topic reports was made anew") == {
        "time": "2026-03-10T12:00:00.250+08:00",
        "level": "WARNING",
        "logger": "bus.kafka_log",
        "message": "主题 topic reports was made anew",
        "role": "bridge",
    }


def test_what_is_known_besides_becomes_fields() -> None:
    assert line("lease lost", partitions=[1, 2])["partitions"] == [1, 2]


def test_an_exception_is_a_field_of_the_same_line() -> None:
    try:
        raise ValueError("a defect")
    except ValueError:
        told = line("it failed", exc_info=sys.exc_info())

    assert str(told["exception"]).endswith("ValueError: a defect")

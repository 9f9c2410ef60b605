"""How a role's process writes its log: text for a terminal, or one JSON object a line for what collects logs."""

import logging
import sys
from typing import Final

from pythonjsonlogger.json import JsonFormatter

from ecovigil.settings import LogSettings
from schemas.times import CST_OFFSET_US, from_us

TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
FIELDS: Final = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "exception"}
"""Their names in a line."""
CLIENTS: Final = ("kafka", "paho")
"""Libraries that report each lost connection many times over; our own lines say it once."""


class JsonLines(JsonFormatter):
    """`time` (China Standard Time, ISO 8601), `level`, `role`, `logger`, `message`, fields given as `extra`, `exception`."""

    converter = staticmethod(lambda seconds: from_us(round((seconds or 0.0) * 1e6) + CST_OFFSET_US).timetuple())
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d+08:00"

    def __init__(self, role: str) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message"],
            rename_fields=FIELDS,
            static_fields={"role": role},
            json_ensure_ascii=False,
            json_default=str,
        )


def write_logs(settings: LogSettings, role: str) -> None:
    """Write this process's log on stderr as the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(role) if settings.format == "json" else logging.Formatter(TEXT))
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    root = logging.getLogger()
    asked = root.level < logging.WARNING  # on the command line
    if asked:
        level = min(level, root.level)
    for before in list(root.handlers):
        root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(level)
    for name in CLIENTS:
        logging.getLogger(name).setLevel(level if asked or level < logging.INFO else logging.CRITICAL)


def writes_json() -> bool:
    """Whether every line on stderr is to be a JSON object."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)

"""Findings as they were told; each telling is known by its content, so that a repeat changes nothing."""

import hashlib
import json
import logging
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from pydantic import ValidationError

from bus.port import LogRecord
from schemas.events import Finding
from schemas.identity import content_id

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """A finding in the state in which it was told."""

    finding: Finding

    @property
    def event_id(self) -> UUID:
        """Id of this telling on the log."""
        return content_id("finding_event", self._digest)

    @property
    def row_id(self) -> UUID:
        """Id of this state as it was taken from the table: the event may be under way still, and must then count by itself."""
        return content_id("finding_row", self._digest)

    @cached_property
    def _digest(self) -> str:
        # the table orders keys its own way
        said = self.finding.model_dump(mode="json", exclude_none=True)
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def told_by(record: LogRecord) -> Told | None:
    """Return what a record tells; None where it cannot be read (a newer writer's kind, or not ours): logged and passed."""
    return _told(record.value, f"{record.topic}/{record.partition}@{record.offset}")


def told_in_table(payload: bytes) -> Told | None:
    """Return what a row of the table `finding` tells; None where it cannot be read."""
    return _told(payload, "table finding")


def _told(value: bytes, place: str) -> Told | None:
    try:
        return Told(Finding.model_validate_json(value))
    except ValidationError as error:
        log.warning("%s: no finding: %s", place, error.errors()[0]["msg"])
        return None

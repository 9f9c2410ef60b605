"""Identities that come from content: the same cause has the same id in every run."""

from typing import Final
from uuid import UUID, uuid5

NAMESPACE: Final = UUID("6f0e6ac0-4f4b-5c1e-9a67-0b1f5d1c2026")


def content_id(*parts: object) -> UUID:
    """Return the UUIDv5 of a natural key, for example content_id("verdict", site, parameter, "hour", start)."""
    return uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts))

"""What people were told of a finding, held against what is so now: raised, changed or withdrawn, and nothing twice."""

from collections.abc import Mapping

from schemas.codes import FindingStatus
from schemas.events import Finding
from store.port import WorkStore

STANDING = frozenset({FindingStatus.RAISED, FindingStatus.CHANGED})


def told_before(store: WorkStore, finding_ids: list[str]) -> dict[str, Finding]:
    """Return what the store says was told last of each of these findings; those never told are absent."""
    return {key: Finding.model_validate_json(kept) for key, kept in store.findings_told(finding_ids).items()}


def amendment(told: Finding | None, found: Finding | None, now: int) -> Finding | None:
    """Return what is to be told now, None where nothing is new. `found` is what is so (None: there is no cause any more)."""
    stands = told is not None and told.status in STANDING
    if found is None:
        withdrawn = {"status": FindingStatus.WITHDRAWN, "detected_at": now}
        return told.model_copy(update=withdrawn) if told is not None and stands else None
    if told is None or not stands:
        return found
    return found.model_copy(update={"status": FindingStatus.CHANGED}) if told.detail != found.detail else None


def amendments(store: WorkStore, asked: Mapping[str, Finding | None], now: int) -> list[Finding]:
    """Return what is to be told now of these findings, by id."""
    told = told_before(store, list(asked))
    news = (amendment(told.get(key), found, now) for key, found in asked.items())
    return [finding for finding in news if finding is not None]

"""Where the bridge has the registry from: given, asked of the store, or kept fresh with a copy on disk."""

import os
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

from schemas.errors import InvalidConfiguration, Unavailable
from schemas.registry import Registry


class RegistryStore(Protocol):
    """The part of the store that knows the registry."""

    def registry(self) -> tuple[int, Registry]:
        """Return the newest registry and its version; raises Unavailable."""
        ...

    def registry_version(self) -> int:
        """Return the version of the newest registry; raises Unavailable."""
        ...


class RegistrySource(Protocol):
    """Says what is registered now; asked before each round of messages, so it must answer at once."""

    def current(self) -> tuple[int, Registry]:
        """Return version and registry; raises Unavailable where none was ever seen."""
        ...

    def close(self) -> None:
        """Stop what refreshes it."""
        ...


class FixedRegistry:
    """One registry for good."""

    def __init__(self, registry: Registry, version: int = 1) -> None:
        self._current = (version, registry)

    def current(self) -> tuple[int, Registry]:
        """Return what was given."""
        return self._current

    def close(self) -> None:
        """Nothing to stop."""


class StoreRegistry:
    """Asks the store each time: for the in-memory twin, where asking costs nothing."""

    def __init__(self, store: RegistryStore) -> None:
        self._store = store
        self._known: tuple[int, Registry] | None = None

    def current(self) -> tuple[int, Registry]:
        """Return what the store has now."""
        if self._known is None or self._store.registry_version() != self._known[0]:
            self._known = self._store.registry()
        return self._known

    def close(self) -> None:
        """Nothing to stop."""


class CachedRegistry:
    """Refreshes from the store on a thread of its own and keeps a copy on disk, so that the bridge runs without the database.

    The file is a cache and nothing more: the store's registry replaces it as soon as the store answers.
    """

    def __init__(self, store: RegistryStore, path: Path, every_s: float = 3.0) -> None:
        self._store = store
        self._path = path
        self._every_s = every_s
        self._stopping = Event()
        self._known = read_copy(path)
        self._is_confirmed = False
        """The store has been read: before, a version of the same number may be that of another database."""
        self.refresh()
        self._thread = Thread(target=self._refresh_for_ever, name="registry", daemon=True)
        self._thread.start()

    def current(self) -> tuple[int, Registry]:
        """Return what was last seen; raises Unavailable where neither store nor file has told anything yet."""
        if self._known is None:
            raise Unavailable("registry: the database is away and there is no copy on disk yet")
        return self._known

    def refresh(self) -> None:
        """Look at the store; what was known stays where it is away."""
        try:
            known = self._known if self._is_confirmed else None
            if known is None or self._store.registry_version() != known[0]:
                known = self._store.registry()
                write_copy(self._path, *known)
                self._known, self._is_confirmed = known, True
        except Unavailable:
            return

    def close(self) -> None:
        """Stop refreshing."""
        self._stopping.set()
        self._thread.join(timeout=self._every_s + 5)

    def _refresh_for_ever(self) -> None:
        while not self._stopping.wait(self._every_s):
            self.refresh()


def read_copy(path: Path) -> tuple[int, Registry] | None:
    """Return the copy on disk, or None where there is none that can be read."""
    try:
        version, _, content = path.read_text(encoding="utf-8").partition("\n")
        return int(version), Registry.model_validate_json(content)
    except (OSError, ValueError, InvalidConfiguration):
        return None


def write_copy(path: Path, version: int, registry: Registry) -> None:
    """Replace the copy on disk in one step; a disk that refuses costs only the copy."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(f"{version}\n{registry.model_dump_json()}\n", encoding="utf-8")
        fresh.replace(path)
    except OSError:
        return

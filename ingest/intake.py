"""Admission with the registry of the moment: what the bridge and a replay of dead letters share."""

from ingest.admission import Admitted, Limits, Refused, admit, device_of, printable
from ingest.directory import Directory, ParameterNumbers
from ingest.registry_source import RegistrySource
from schemas.codes import Rejection


class Intake:
    """Judges messages by the newest registry that its source knows."""

    def __init__(self, registry: RegistrySource, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._registry = registry
        self._numbers = ParameterNumbers()
        self._directory: Directory | None = None
        self._version = -1

    @property
    def parameters(self) -> list[str]:
        """The code of each parameter number."""
        return self._numbers.codes

    def refresh(self) -> Directory:
        """Take over a changed registry; raises Unavailable where none is known yet."""
        version, registry = self._registry.current()
        if self._directory is None or version != self._version:
            self._directory = Directory(registry, self._numbers)
            self._version = version
        return self._directory

    def judge(self, topic: str, payload: bytes, now_us: int) -> Admitted | Refused:
        """Return what admission says of a message, by the registry of the last `refresh`."""
        directory = self._directory or self.refresh()
        try:
            return admit(topic, payload, directory=directory, now_us=now_us, limits=self.limits)
        except Exception as error:  # the boundary for poison: one message that we cannot take must not stop the others
            detail = printable(f"{type(error).__name__}: {error}"[:200])
            return Refused(Rejection.INTERNAL_ERROR, detail, device_of(topic))

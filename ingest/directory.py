"""The registry as admission needs it: which sites a device reports for, which number its parameter and which unit factor a channel has."""

from dataclasses import dataclass, field

from schemas.codes import SiteKind
from schemas.registry import Device, Registry
from standards.parameters import is_known, to_canonical

ChannelEntry = tuple[int, float]
"""(number of the parameter, factor that brings its values to the canonical unit)."""


class ParameterNumbers:
    """Gives each parameter a small number that never changes while the process lives, whatever the registry."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        """The parameter of each number."""
        self._numbers: dict[str, int] = {}

    def number(self, parameter: str) -> int:
        """Return the number of a parameter, a new one where it has none."""
        if parameter not in self._numbers:
            self._numbers[parameter] = len(self.codes)
            self.codes.append(parameter)
        return self._numbers[parameter]


@dataclass(frozen=True)
class SiteEntry:
    """One site as admission needs it."""

    site_id: str
    kind: SiteKind
    hour_label_is_end: bool
    channels: dict[str, ChannelEntry] = field(default_factory=dict)
    """Channels met so far, by parameter."""


class Directory:
    """One version of the registry, flattened; channels are resolved when they are first met."""

    def __init__(self, registry: Registry, numbers: ParameterNumbers) -> None:
        self._registry = registry
        self._numbers = numbers
        self._sites: dict[str, SiteEntry] = {}

    def device(self, device_id: str) -> Device | None:
        """Return the registered device, or None."""
        return self._registry.devices.get(device_id)

    def site(self, site_id: str) -> SiteEntry:
        """Return the entry of a registered site."""
        entry = self._sites.get(site_id)
        if entry is None:
            site = self._registry.sites[site_id]
            entry = self._sites[site_id] = SiteEntry(site_id, site.kind, site.hour_label == "end")
        return entry

    def channel(self, site: SiteEntry, parameter: str) -> ChannelEntry | None:
        """Return the channel's entry, or None where its code, or the unit registered for it, is not known."""
        entry = site.channels.get(parameter)
        if entry is None:
            to_canonical = self._unit_factor(site, parameter)
            if to_canonical is None:
                return None
            entry = site.channels[parameter] = (self._numbers.number(parameter), to_canonical)
        return entry

    def _unit_factor(self, site: SiteEntry, parameter: str) -> float | None:
        if not is_known(parameter):
            return None
        registered = self._registry.channels.get((site.site_id, parameter))
        if registered is None:
            return 1.0
        try:
            return to_canonical(site.kind, parameter, registered.unit)
        except ValueError:
            return None

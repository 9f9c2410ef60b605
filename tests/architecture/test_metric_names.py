"""Every metric that a role tells is explained in the how-to, and nothing else is."""

import re
from pathlib import Path

from bus.memory_link import MemoryLink
from ecovigil.metered_bridge import BridgeFigures
from ecovigil.meters import Meters
from tests.unit.ingest.bridge_bench import HeldProducer, bridge_on

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "watch.md").read_text(encoding="utf-8")


def test_the_how_to_explains_the_metrics_that_there_are() -> None:
    meters = Meters("detectors")
    parts = (meters.log, meters.work, meters.outbox, meters.telling)
    meters.registry.register(BridgeFigures(bridge_on(MemoryLink(), HeldProducer())))

    families = {family.name for family in meters.registry.collect() if family.name.startswith("ecovigil_")}

    explained = set(re.findall(r"`(ecovigil_[a-z_]+?)(?:_total|_info)?(?:\{[a-z,]+\})?`", PAGE))
    assert parts
    assert families == explained

"""What is bundled for a first look: a sample registry and the hourly air of 12 Beijing stations in February 2014."""

from functools import cache
from pathlib import Path
from typing import Final

from schemas.registry import Registry
from standards.registration import read_registry

_DATA: Final = Path(__file__).parent / "data"

EXAMPLE: Final = _DATA / "example"
"""Registry files: 12 stations and 54 sites of 34 made-up enterprises."""
BEIJING_201402: Final = _DATA / "beijing_201402"
"""One `.csv.gz` a station, 2014-01-30 to 2014-02-28; CC BY 4.0, see its README."""


@cache
def example_registry() -> Registry:
    """Return the bundled registry."""
    return read_registry([EXAMPLE])


def beijing_files() -> list[Path]:
    """Return the bundled station files, by name."""
    return sorted(BEIJING_201402.glob("*.csv.gz"))

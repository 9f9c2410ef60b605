"""What tests of the bridge share."""

import pytest

from bus.memory_link import MemoryLink
from bus.memory_log import MemoryLog
from schemas.topics import REPORTS


@pytest.fixture
def link() -> MemoryLink:
    return MemoryLink()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog({REPORTS: 4})

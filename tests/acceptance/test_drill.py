"""A few of the faults of `make drill`, on Apache Kafka, Mosquitto and PostgreSQL: nothing lost, nothing doubled."""

from collections.abc import Iterator

import pytest

from ecovigil.real_servers import apache_kafka, mosquitto
from tests.drills.drills import Drills
from tests.drills.faults import FAULTS
from tests.drills.ground import Ground

LACKING = "; ".join(filter(None, (apache_kafka.why_absent(), mosquitto.why_absent())))
pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.live,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(LACKING), reason=LACKING),
]
SEED = 20140221
SHORT = ("kafka killed", "bridge-kafka cut", "database slow")
"""What the drill on our own servers (test_crashes.py) does not have."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The servers for all faults."""
    with Ground(tmp_path_factory.mktemp("ground")) as ground:
        yield ground


@pytest.fixture(scope="module")
def drills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drills]:
    """The undisturbed run, and a run for each fault."""
    with Drills(tmp_path_factory.mktemp("drills"), SEED) as drills:
        yield drills


@pytest.mark.parametrize("name", SHORT)
def test_after_a_fault_everything_is_as_if_there_had_been_none(drills: Drills, ground: Ground, name: str) -> None:
    fault = next(fault for fault in FAULTS if fault.name == name)

    row = drills.drilled(ground, fault)

    print(f"{name}: recovered in {row.recovery_s} s; {'; '.join(row.notes)}")
    assert (row.lost, row.doubled, row.wrong) == (0, 0, [])


def test_there_was_something_to_lose(drills: Drills, ground: Ground) -> None:
    undisturbed = drills.undisturbed(ground)

    assert sum('"exceeded"' in line for line in undisturbed.final) > 40
    assert len(undisturbed.keys) > 100

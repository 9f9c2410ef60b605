"""What counts of the readings of a window: marked ones flagged, raw gas at standard state, and what is made of others beside them."""

from detectors.directory import Directory
from detectors.marking import Marking
from detectors.nox import made_nox
from detectors.raw_gas import at_standard, made_flow
from schemas.columns import Readings


def counted(directory: Directory, readings: Readings, marking: Marking) -> Readings:
    """Return readings as far as they may be judged: what marks leave out is flagged, and flow and NOx are there where they can be made."""
    rows = at_standard(directory, marking.without_marked(readings, directory.series, directory.validity()))
    made = Readings.concat([made_nox(directory, rows), made_flow(directory, rows)])
    if not len(made):
        return rows
    return Readings.concat([rows, marking.without_marked(made, directory.series, directory.validity())])

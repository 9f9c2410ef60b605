"""Why means are invalid: too few samples came, or marks took them out of the judgement."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.codes import NotJudged


@dataclass(frozen=True)
class Shortage:
    """Which means have too few valid samples, and whether they would have enough without marks."""

    short: NDArray[np.bool_]
    enough_unmarked: NDArray[np.bool_]

    def reasons(self) -> NDArray[np.object_]:
        """Return why means are invalid: "" where there are enough samples."""
        found: NDArray[Any] = np.full(len(self.short), "", dtype=object)
        found[self.short] = NotJudged.TOO_FEW_SAMPLES.value
        found[self.short & self.enough_unmarked] = NotJudged.MARKED.value
        return found

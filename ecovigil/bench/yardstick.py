"""A fixed piece of work: how long it takes now says how fast the host is now; virtual machines differ by a third within minutes."""

import json
import time
from typing import Final

import numpy as np

TURNS: Final = 8
_ROWS: Final = [{"number": number, "text": str(number)} for number in range(200)]
_COLUMN: Final = np.arange(20_000.0)[::-1]


def piece() -> float:
    """Do the piece and return the CPU milliseconds of this thread that it took: 6 to 9 on the machines we have seen."""
    began = time.thread_time()
    for _ in range(TURNS):
        json.dumps(_ROWS)
        sum(row["number"] for row in _ROWS if isinstance(row["number"], int))
        np.argsort(_COLUMN)
    return (time.thread_time() - began) * 1e3

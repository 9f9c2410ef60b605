"""Charts of the report as inline SVG; text stays text, so that the reader's own fonts draw the Chinese."""

import io
import re
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecovigil.demo_summary import Exceedance, Line
from schemas.codes import AlertState, Grade
from schemas.times import CST_OFFSET_US, DAY_US, HOUR_US
from standards.air_quality import levels
from store.alert_port import AlertEvent

GRADE_COLOURS: Final = {Grade.BLUE: "#2060d0", Grade.YELLOW: "#e6c700", Grade.ORANGE: "#ff7e00", Grade.RED: "#d00000"}
STANDING: Final = frozenset({AlertState.OPEN, AlertState.ACKNOWLEDGED})
_STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ecovigil",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def city_chart(line: Line, episodes: list[AlertEvent]) -> str:
    """Return the running 24-hour index with its classes as bands, gaps left open, and the episodes that were alerted."""
    with mpl.rc_context(_STYLE):
        figure, axes = _canvas()
        times, values = _with_gaps(line)
        top = max([value for _, value in line if value is not None], default=100) * 1.1
        _bands(axes, top)
        axes.plot(times, values, color="#202020", linewidth=1.4)
        for event in episodes:
            if event.state in STANDING:
                axes.axvline(_when(event.at), color=GRADE_COLOURS[event.grade], linewidth=2.5)
        axes.set_ylim(0, top)
        return _finished(figure, axes, "AQI, 24 h")


def exceedance_chart(exceedance: Exceedance) -> str:
    """Return hour values with their limit."""
    with mpl.rc_context(_STYLE):
        figure, axes = _canvas()
        times, values = _with_gaps(exceedance.values)
        axes.plot(times, values, color="#202020", marker="o", markersize=3, linewidth=1.2)
        times, limits = _with_gaps(exceedance.limits)
        axes.step(times, limits, where="mid", color=GRADE_COLOURS[Grade.RED], linewidth=1.6, linestyle="--")
        axes.set_ylim(bottom=0)
        return _finished(figure, axes, exceedance.unit)


def _canvas() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    return figure, figure.add_subplot()


def _bands(axes: Axes, top: float) -> None:
    for level in levels():
        if level.low < top:
            axes.axhspan(max(level.low - 1, 0), min(level.high, top), color=level.rgb, alpha=0.25, linewidth=0)


def _with_gaps(line: Line) -> tuple[list[float], list[float]]:
    """Return the line with NaN where a value is undefined or hours are missing, so that no stroke bridges a gap."""
    times: list[float] = []
    values: list[float] = []
    before = line[0][0] if line else 0
    for at, value in line:
        if at - before > HOUR_US:
            times.append(_when(before + HOUR_US))
            values.append(float("nan"))
        times.append(_when(at))
        values.append(float("nan") if value is None else float(value))
        before = at
    return times, values


def _when(instant_us: int) -> float:
    """Return days since 1970 on a clock in China, as the axis counts them."""
    return (instant_us + CST_OFFSET_US) / DAY_US


def _finished(figure: Figure, axes: Axes, label: str) -> str:
    axes.xaxis_date()
    axes.set_ylabel(label)
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", target.getvalue(), flags=re.DOTALL)

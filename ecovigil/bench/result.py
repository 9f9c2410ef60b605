"""What a benchmark found, as a model that is written as JSON and shown as a table."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

PACKAGES = ("paho-mqtt", "kafka-python", "psycopg", "numpy", "pydantic", "msgpack", "zstandard", "crc32c")


class Section(BaseModel):
    """A part of a result; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Figure(Section):
    """One figure, beside what it is compared with."""

    name: str
    value: float
    unit: str = ""
    beside: str = ""
    """What was measured in the same run to compare it with, or the aim; "": nothing."""
    beside_value: float = 0.0

    @property
    def ratio(self) -> float | None:
        """How many times the other figure this one is."""
        return self.value / self.beside_value if self.beside and self.beside_value else None


class Cost(Section):
    """What one process has taken."""

    process: str
    cpu_s: float
    cpu_s_per_million: float
    """CPU seconds a million readings."""
    peak_mb: float


class Result(Section):
    """One mode's run."""

    mode: str
    client: str = "paho"
    """What the bridge received with (setting mqtt.client)."""
    quick: bool
    embedded: bool
    at: str
    """When, China Standard Time."""
    machine: dict[str, str]
    versions: dict[str, str]
    workload: str
    figures: list[Figure]
    costs: list[Cost]
    notes: list[str] = []

    @property
    def name(self) -> str:
        """Name of its file, without the extension."""
        marks = {self.client: self.client != "paho", "embedded": self.embedded, "quick": self.quick}
        return "-".join([self.mode, *(mark for mark, holds in marks.items() if holds)])


def machine() -> dict[str, str]:
    """Return what was measured on."""
    return {
        "cpu": _cpu_name(),
        "cores": str(os.cpu_count()),
        "memory_gb": f"{psutil.virtual_memory().total / 1e9:.0f}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": " ".join(f"{one:.1f}" for one in os.getloadavg()),
    }


def package_versions() -> dict[str, str]:
    """Return the versions of the libraries on the hot path."""
    return {name: version(name) for name in PACKAGES}


def percentiles(name: str, values_s: NDArray[np.float64]) -> list[Figure]:
    """Return p50, p95 and p99 of a latency in seconds."""
    if not len(values_s):
        return []
    return [
        Figure(name=f"{name} p{share}", value=float(np.percentile(values_s, share)), unit="s") for share in (50, 95, 99)
    ]


def costs(cpu_s: dict[str, float], peak_mb: dict[str, float], readings: int) -> list[Cost]:
    """Return the costs of all processes, dearest first."""
    rows = [
        Cost(process=name, cpu_s=taken, cpu_s_per_million=taken / readings * 1e6, peak_mb=peak_mb.get(name, 0.0))
        for name, taken in cpu_s.items()
    ]
    return sorted(rows, key=lambda cost: -cost.cpu_s)


def show(result: Result, console: Console) -> None:
    """Print a result as two tables."""
    figures = Table(title=f"{result.name}: {result.workload}")
    for head in ("指标 figure", "值 value", "单位 unit", "同次对照 beside in the same run", "值 value", "比 ratio"):
        figures.add_column(head, justify="right" if "value" in head or "ratio" in head else "left")
    for row in result.figures:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}×"
        beside = number(row.beside_value) if row.beside else ""
        figures.add_row(row.name, number(row.value), row.unit, row.beside, beside, ratio)
    console.print(figures)
    processes = Table()
    for head in ("进程 process", "CPU s", "CPU s / 1e6", "内存峰值 peak MB"):
        processes.add_column(head, justify="left" if "process" in head else "right")
    for cost in result.costs:
        processes.add_row(cost.process, f"{cost.cpu_s:.1f}", f"{cost.cpu_s_per_million:.2f}", f"{cost.peak_mb:,.0f}")
    console.print(processes)
    for note in result.notes:
        console.print(note)


def number(value: float) -> str:
    """Return a figure with as many digits as say something."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )

"""benchmarks/RESULTS.md from the JSON of benchmarks/results: `python -m ecovigil.bench.results_page`."""

from pathlib import Path
from typing import Final

from ecovigil.bench.result import Result, number
from ecovigil.real_servers.real_server import CHECKOUT

FOLDER: Final = CHECKOUT / "benchmarks" / "results"
PAGE: Final = CHECKOUT / "benchmarks" / "RESULTS.md"
HEAD: Final = """# Measured speed

Generated from `benchmarks/results/*.json` by `make bench` (a shortened run: `make bench QUICK=1`); a test checks that it is. Figures are for
ten readings a report. Every figure is of one run on the machine and day that its heading names; a ratio compares two figures of that run.
A run marked *shortened* is too short to count as sustained. `load` is the machine's load average before and after: where it is above
the number of cores, others were at work on it: then readings a second mean nothing, and of the ratios only those of CPU seconds.
`yardstick` is the mean CPU time of a fixed piece of work during the measurement (`ecovigil/bench/yardstick.py`): the host's speed.
"""


def page(results: list[Result]) -> str:
    """Return the page."""
    parts = [HEAD, *(_section(result) for result in sorted(results, key=lambda result: result.name))]
    return "\n".join(parts)


def read(folder: Path = FOLDER) -> list[Result]:
    """Return all results that are kept."""
    return [Result.model_validate_json(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def keep(result: Result, folder: Path = FOLDER) -> None:
    """Write a result in place of the one before of its name, and the page anew."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{result.name}.json").write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
    if folder == FOLDER:
        PAGE.write_text(page(read(folder)), encoding="utf-8")


def _section(result: Result) -> str:
    shortened = ", shortened" if result.quick else ""
    client = f", mqtt.client = {result.client}" if result.client != "paho" else ""
    machine = result.machine
    speed = f"; yardstick {machine['yardstick_ms']} ms" if "yardstick_ms" in machine else ""
    lines = [
        f"## {result.mode}{client}{' (embedded brokers)' if result.embedded else ''}{shortened}",
        "",
        f"{result.workload}. {result.at} CST; {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}; load {machine['load_before']} before, {machine['load_after']} after{speed}. "
        + ", ".join(f"{name} {known}" if name not in known else known for name, known in result.versions.items())
        + ".",
        "",
        "| figure | value | beside in the same run | value | ratio |",
        "|---|---:|---|---:|---:|",
        *(_figure_line(figure.name, f"{number(figure.value)} {figure.unit}".strip(), figure.beside, figure.beside_value, figure.ratio) for figure in result.figures),
        "",
        "| process | CPU s | CPU s a million readings | peak MB |",
        "|---|---:|---:|---:|",
        *(
            f"| {cost.process} | {cost.cpu_s:.1f} | {cost.cpu_s_per_million:.2f} | {cost.peak_mb:,.0f} |"
            for cost in result.costs
        ),
        *(f"\n{note}" for note in result.notes),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _figure_line(name: str, value: str, beside: str, beside_value: float, ratio: float | None) -> str:
    other = number(beside_value) if beside else ""
    return f"| {name} | {value} | {beside} | {other} | {'' if ratio is None else f'{ratio:.2f}×'} |"


if __name__ == "__main__":
    PAGE.write_text(page(read()), encoding="utf-8")

"""Results of benchmarks: ratios, names, and what the page says of a shortened run."""

import numpy as np

from ecovigil.bench.result import Cost, Figure, Result, costs, percentiles
from ecovigil.bench.results_page import keep, page, read

MACHINE = {
    "cpu": "a", "cores": "2", "memory_gb": "8", "system": "Linux", "python": "3.11", "load_before": "0.1",
    "load_after": "2.0",
}  # fmt: skip


def result(*, quick: bool = False) -> Result:
    """Return a result with one figure."""
    return Result(
        mode="ingest", quick=quick, embedded=False, at="2026-03-02 10:00", machine=MACHINE, versions={"paho-mqtt": "2.1"},
        workload="w", figures=[Figure(name="reports/s", value=12_000, beside="paho alone", beside_value=15_000)],
        costs=[Cost(process="bridge", cpu_s=3.0, cpu_s_per_million=1.5, peak_mb=90)],
    )  # fmt: skip


def test_a_figure_is_set_in_relation_to_the_one_beside_it() -> None:
    assert result().figures[0].ratio == 0.8


def test_a_figure_alone_has_no_ratio() -> None:
    assert Figure(name="lost", value=0).ratio is None


def test_the_percentiles_of_one_to_a_hundred() -> None:
    values = np.arange(1.0, 101.0)

    # linear between neighbours: 1 + 0.5 × 99, 1 + 0.95 × 99, 1 + 0.99 × 99
    assert [round(one.value, 2) for one in percentiles("x", values)] == [50.5, 95.05, 99.01]


def test_costs_are_by_a_million_readings_dearest_first() -> None:
    first, second = costs({"a": 1.0, "b": 3.0}, {"a": 10.0}, 2_000_000)

    assert (first.process, first.cpu_s_per_million, first.peak_mb) == ("b", 1.5, 0.0)
    assert (second.process, second.cpu_s_per_million, second.peak_mb) == ("a", 0.5, 10.0)


def test_the_page_says_that_a_run_was_shortened() -> None:
    assert "## ingest, shortened" in page([result(quick=True)])
    assert "## ingest\n" in page([result()])


def test_the_page_shows_figure_comparison_and_ratio() -> None:
    assert "| reports/s | 12,000 | paho alone | 15,000 | 0.80× |" in page([result()])


def test_a_result_is_kept_under_its_name_and_read_again(tmp_path) -> None:
    keep(result(quick=True), tmp_path)
    keep(result(), tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["ingest-quick.json", "ingest.json"]
    assert read(tmp_path) == [result(quick=True), result()]

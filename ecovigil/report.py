"""The report of a demonstration: one HTML file that needs nothing else."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts.words import ACTIVATION_WORDS, KIND_WORDS, STATE_WORDS
from ecovigil.demo_summary import Summary
from ecovigil.report_charts import GRADE_COLOURS, city_chart, exceedance_chart
from schemas.times import cst_text

_TEMPLATES: Final = Environment(
    loader=PackageLoader("ecovigil", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_TEMPLATES.filters["cst"] = cst_text


def write_report(summary: Summary, path: Path) -> Path:
    """Write the report and return where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report_html(summary), encoding="utf-8")
    return path


def report_html(summary: Summary) -> str:
    """Return the page."""
    return _TEMPLATES.get_template("report.html.j2").render(
        summary=summary,
        city_chart=city_chart(summary.city_index, summary.episodes),
        exceedance_chart=exceedance_chart(summary.exceedance) if summary.exceedance else "",
        colours=GRADE_COLOURS,
        kinds=KIND_WORDS,
        states=STATE_WORDS,
        activation_states=ACTIVATION_WORDS,
    )

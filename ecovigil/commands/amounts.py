"""`ecovigil amounts`: what a site discharged in a stretch of days: measured, substituted, missing, each by itself."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from detectors.amounts import Amounts, amounts_of, hours_of, hours_read_from
from ecovigil.database_access import opened_database
from schemas.codes import SiteKind
from schemas.errors import InvalidConfiguration
from schemas.marks import MarkKind
from schemas.registry import Registry
from schemas.times import DAY_US, cst_text, local_us, to_cst
from standards.marks import Span, left_out
from standards.parameters import CONVERTED, names_of
from standards.substitution import Medium, substitution_rules
from store.amounts import PostgresAmounts
from store.marks import PostgresMarkReader
from store.postgres import Database
from store.registry import RegistryStore

MEDIA: Final[dict[SiteKind, Medium]] = {SiteKind.STACK: "gas", SiteKind.EFFLUENT: "water"}


def amounts(
    site: Annotated[str, typer.Argument(metavar="SITE", help="点位。 Site id.")],
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="首日。 First day.")],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="末日（含）。 Last day.")],
    calibrated: Annotated[
        datetime | None,
        typer.Option(
            "--out-of-control-since",
            formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
            help="失控前最后一次合格校准。 The monitor was out of control: its last good calibration.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。 Print JSON.")] = False,
) -> None:
    """排放量：实测、替代、缺失，分别列出。 Emission amounts: measured, substituted and missing, each by itself.

    Substituted amounts (HJ 75, HJ 356; read in secondary texts, R2) enter no verdict on a concentration.
    """
    first, last = local_us(start), local_us(end) + DAY_US
    if last <= first:
        raise InvalidConfiguration("--to 早于 is before --from")
    calibrated_at = None if calibrated is None else local_us(calibrated)
    with opened_database() as database:
        found = amounts_in(database, RegistryStore(database).registry()[1], site, first, last, calibrated_at)
    if as_json:
        told = {parameter: asdict(amount) | _quarters(amount) for parameter, amount in found.items()}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif not found:
        typer.echo("这段时间没有排放量 no amounts in that time")
    else:
        _print(site, found, first, last)


def amounts_in(
    database: Database, registry: Registry, site: str, start: int, end: int, calibrated_at: int | None = None
) -> dict[str, Amounts]:
    """Return the amounts of every parameter of a site whose flow was ever measured; raises InvalidConfiguration for other sites."""
    if site not in registry.sites or registry.sites[site].kind not in MEDIA:
        raise InvalidConfiguration(f"{site!r} 不是登记的排放口 is no registered stack or effluent")
    first, medium = hours_read_from(start), MEDIA[registry.sites[site].kind]
    read = PostgresAmounts(database).hours(site, first, end)
    stood = _stood(database, registry, site, first, end)
    found = {}
    for parameter, mass_kg in sorted(read.mass_kg.items()):
        if any(mass is not None for mass in mass_kg.values()) and not parameter.endswith(CONVERTED):
            hours = hours_of(mass_kg, read.stopped.get(parameter, set()), stood, first, end)
            found[parameter] = amounts_of(medium, hours, start, calibrated_at)
    return found


def _stood(database: Database, registry: Registry, site: str, start: int, end: int) -> list[Span]:
    """Return the stretches in which marks that count say that the plant stood."""
    marks = left_out(registry, PostgresMarkReader(database).marks_over([site], start, end))
    return [(part.start, part.end) for part in marks if part.mark.kind is MarkKind.STOPPED and not part.mark.parameters]


def _quarters(amount: Amounts) -> dict[str, object]:
    return {"capture_pct": {to_cst(quarter).date().isoformat(): rate for quarter, rate in amount.capture_pct.items()}}


def _print(site: str, found: dict[str, Amounts], start: int, end: int) -> None:
    columns = (
        "因子 parameter",
        "实测 measured (kg)",
        "小时 h",
        "替代 substituted (kg)",
        "小时 h",
        "缺失 missing (h)",
        "停运 stopped (h)",
        "季度捕集率 capture (%)",
        "依据 rule",
    )
    span = f"{cst_text(start)[:10]} – {cst_text(end - DAY_US)[:10]}"
    shown = Table(*columns, title=escape(f"{site} 排放量 amounts {span}"))
    for parameter, amount in found.items():
        rates = ("–" if rate is None else f"{rate:.1f}" for rate in amount.capture_pct.values())
        shown.add_row(
            f"{names_of(parameter)[0]} {parameter}",
            f"{amount.measured_kg:.3f}",
            str(amount.measured_hours),
            f"{amount.substituted_kg:.3f}",
            str(amount.substituted_hours),
            str(amount.missing_hours),
            str(amount.stopped_hours),
            " ".join(rates),
            " ".join(amount.rule_ids) or "–",
        )
    Console().print(shown)
    for rule in substitution_rules():
        if any(rule.rule_id in amount.rule_ids for amount in found.values()):
            typer.echo(f"{rule.rule_id}: R2 {rule.confidence}; {rule.source}")
    typer.echo("替代量只用于排放量，不参与浓度判定 substitutes are for amounts only, no verdict rests on them")

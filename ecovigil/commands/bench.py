"""`ecovigil bench`: speed, latency and cost on real servers, each figure beside what it is compared with in the same run."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from ecovigil.bench.backfill import backfill
from ecovigil.bench.bench_servers import why_not
from ecovigil.bench.chain import chain
from ecovigil.bench.detect import detect
from ecovigil.bench.growth import size
from ecovigil.bench.ingest import ingest
from ecovigil.bench.latency import latency
from ecovigil.bench.result import Result, show
from ecovigil.bench.results_page import keep
from ecovigil.bench.runs import Terms
from ecovigil.bench.scale import scale
from ecovigil.bench.storing import store
from ecovigil.real_servers.real_server import lacking_deploy
from ecovigil.settings import MqttClient
from schemas.errors import InvalidConfiguration

MODES: Final[dict[str, Callable[[Terms], Result]]] = {
    "ingest": ingest,
    "detect": detect,
    "chain": chain,
    "latency": latency,
    "backfill": backfill,
    "scale": scale,
    "store": store,
    "size": size,
}
LONG: Final = ("backfill", "scale", "size")
"""Modes that a shortened run leaves out unless they are named: it must end soon, and of these it says little."""


def bench(
    mode: Annotated[
        list[str] | None,
        typer.Argument(
            help=f"测什么；缺省为全部（--quick 时不含 {'、'.join(LONG)}）。"
            f" What to measure; default: all, with --quick all but {', '.join(LONG)}. {', '.join(MODES)}"
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="缩短的运行。 A shortened run.")] = False,
    embedded: Annotated[
        bool,
        typer.Option(
            "--embedded", help="用内置的消息服务器。 On the embedded brokers, not Mosquitto and Apache Kafka."
        ),
    ] = False,
    client: Annotated[
        MqttClient, typer.Option("--client", help="采集端的 MQTT 客户端。 What the bridge receives with (mqtt.client).")
    ] = MqttClient.PAHO,
    results: Annotated[
        Path | None, typer.Option("--results", help="结果（JSON）写入的目录。 Folder for the results as JSON.")
    ] = None,
) -> None:
    """性能测试：吞吐、时延、成本，与同次运行的对照并列。 Speed, latency and cost, beside the plain loop and the bare clients (in a checkout)."""
    chosen = _checked(mode, quick=quick)
    why_not(embedded=embedded)
    console = Console()
    for name in chosen:
        result = MODES[name](Terms(quick=quick, embedded=embedded, client=client))
        show(result, console)
        if results is not None:
            keep(result, results.absolute())


def _checked(names: list[str] | None, *, quick: bool) -> list[str]:
    unknown = sorted(set(names or ()) - set(MODES))
    if unknown:
        raise InvalidConfiguration([f"{name}: no such mode; there are {', '.join(MODES)}" for name in unknown])
    if lacking_deploy():
        raise InvalidConfiguration("bench needs a checkout: what it is compared with is in its benchmarks/")
    return list(dict.fromkeys(names or (mode for mode in MODES if not (quick and mode in LONG))))

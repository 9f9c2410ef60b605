"""`ecovigil replay air`: plays hourly station files through the whole chain, as fast as it goes or in step with time."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ecovigil.live import LiveChain
from ecovigil.replay_run import Cost, cost_table, opened_chain, station_timeline
from ecovigil.settings import MqttClient, Settings, load
from schemas.errors import InvalidConfiguration
from schemas.times import DAY_US, HOUR_US, MINUTE_US, date_us, day_of
from sim.arrivals import Arrival
from sim.playback import in_steps
from sim.stations import read_station, with_stations

app = typer.Typer(help="回放历史数据。 Replay of recorded data.", no_args_is_help=True)

Files = Annotated[
    list[Path],
    typer.Argument(help="各站点逐时数据文件（.csv 或 .csv.gz）。 Hourly station files.", exists=True, dir_okay=False),
]
Speed = Annotated[
    str, typer.Option(help="倍速，或 max（尽快）。 So many times faster than life, or max: as fast as it goes.")
]
Step = Annotated[int, typer.Option(help="每步的小时数。 Virtual hours of one step.", min=1, max=24 * 31)]
Client = Annotated[
    MqttClient, typer.Option("--client", help="采集端的 MQTT 客户端。 What the bridge receives with (mqtt.client).")
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="内置服务器的数据目录。 Where our own servers keep their data.")
]


@app.callback()
def replay() -> None:
    """回放历史数据。 Replay of recorded data."""


@app.command()
def air(
    files: Files,
    speed: Speed = "max",
    step: Step = 24,
    client: Client = MqttClient.FRAMES,
    data_dir: DataDir = None,
) -> None:
    """回放空气站逐时数据：MQTT → Kafka → 判定 → 数据库。 Hourly air through MQTT, Kafka, detectors and database.

    Uses the servers of the settings, else its own. Exit code 1 where the books do not balance.
    """
    pause = _pause_of(speed)
    stations = [read_station(path) for path in files]
    names = [station.station for station in stations]
    console = Console()
    with opened_chain(_received_with(load(), client), lambda known: with_stations(known, names), 0, data_dir) as chain:
        arrivals = station_timeline(stations, chain.registry)
        chain.playback.wake(arrivals[0].at)
        cost = Cost(chain)
        _play(chain, arrivals, step * HOUR_US, pause, console)
        chain.settle()
        summary = cost.taken(len(arrivals))
        console.print(cost_table(summary))
        for line in summary.unbalanced:
            console.print(f"账目不平 books do not balance: {line}", style="red")
    raise typer.Exit(1 if summary.unbalanced else 0)


def _received_with(settings: Settings, client: MqttClient) -> Settings:
    return settings.model_copy(update={"mqtt": settings.mqtt.model_copy(update={"client": client.value})})


def _pause_of(speed: str) -> float:
    """Return seconds to wait for an hour of the data; 0: none."""
    if speed == "max":
        return 0.0
    try:
        factor = float(speed)
    except ValueError:
        factor = 0.0
    if not factor > 0:
        raise InvalidConfiguration(f"--speed {speed}: neither max nor a number above 0")
    return HOUR_US / 1e6 / factor


def _play(chain: LiveChain, arrivals: list[Arrival], step_us: int, pause_s: float, console: Console) -> None:
    first = date_us(day_of(arrivals[0].at)) + DAY_US + MINUTE_US
    started = time.monotonic()
    with Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("站点小时 station hours", total=len(arrivals))
        for number, (tick, batch) in enumerate(in_steps(arrivals, first, step_us)):
            chain.playback.deliver(tick, batch)
            chain.playback.tick(tick)
            progress.advance(task, len(batch))
            time.sleep(max(0.0, started + number * pause_s * step_us / HOUR_US - time.monotonic()))

"""`ecovigil scenario run`: plays scenario files and says what does not come out as expected."""

from pathlib import Path
from typing import Annotated

import typer

from ecovigil.in_memory import play_in_memory
from ecovigil.live import ScenarioServers
from ecovigil.settings import load
from sim.scenario_file import Scenario, read_scenario, scenario_files

app = typer.Typer(help="情景：应当得出什么结论。 Scenarios: what must come out.", no_args_is_help=True)

Paths = Annotated[
    list[Path], typer.Argument(help="情景文件或目录。 Scenario files, or folders of them (*.toml).", exists=True)
]
Live = Annotated[
    bool,
    typer.Option("--live", help="经由真实的服务器、进程和数据库。 Through the real servers, processes and database."),
]


@app.callback()
def scenario() -> None:
    """情景：应当得出什么结论。 Scenarios: what must come out."""


@app.command()
def run(paths: Paths, live: Live = False) -> None:
    """逐个运行情景，列出未满足的预期。 Play scenarios; a line for each expectation that is not met.

    Exit code 0 where all hold, 1 where one does not, 2 where a file is wrong.
    """
    scenarios = [read_scenario(file) for file in scenario_files(paths)]
    failed = _live(scenarios) if live else sum(_tell(one, play_in_memory(one)) for one in scenarios)
    print(f"{len(scenarios)} scenarios, {failed} failed")
    raise typer.Exit(1 if failed else 0)


def _live(scenarios: list[Scenario]) -> int:
    with ScenarioServers(load()) as servers:
        return sum(_tell(scenario, servers.play(scenario)) for scenario in scenarios)


def _tell(scenario: Scenario, problems: list[str]) -> bool:
    """Print the lines of one scenario; return whether it failed."""
    for problem in problems:
        print(f"{scenario.path}: {problem}")
    return bool(problems)

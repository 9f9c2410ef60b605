"""`ecovigil run`: the roles of the chain, each in a process of its own, on the named servers or on our own."""

import time
from pathlib import Path
from typing import Annotated

import typer

from ecovigil.log_format import write_logs
from ecovigil.roles import RoleProcess, run_watched, stop_on_signals, stop_with_parent
from ecovigil.servers import Servers, role_environment
from ecovigil.settings import Settings, load
from ecovigil.supervision import Supervision
from ecovigil.wiring import ROLES
from schemas.errors import InvalidConfiguration


def run(
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role", help=f"运行的角色，可重复；缺省为全部。 A role, may be repeated; default: all. {', '.join(ROLES)}"
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="设置文件（TOML）。 Settings file (TOML).")] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="内置服务器的数据目录。 Where our own servers keep their data.")
    ] = None,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """运行采集、判定、告警各环节，直到 Ctrl-C。 Run the chain until Ctrl-C: bridge, detectors, city, alerts, relay, notifier, clock."""
    names = _checked(role)
    stop = stop_on_signals()
    settings = load(config)
    if supervised:
        stop_with_parent(stop)
        run_watched(names[0], settings, stop)
        return
    write_logs(settings.log, "supervisor")
    with Servers(settings, data_dir=data_dir) as servers:
        processes = [
            RoleProcess(name, role_environment(servers) | _port(settings, place), config)
            for place, name in enumerate(names)
        ]
        supervision = Supervision()
        try:
            for process in processes:
                process.start()
            supervision.watch(processes)
            _tell(servers, names)
            while not stop.is_set():
                time.sleep(0.2)
        finally:
            supervision.stop()
            for process in processes:
                process.stop()


def _checked(names: list[str] | None) -> list[str]:
    unknown = sorted(set(names or ()) - set(ROLES))
    if unknown:
        raise InvalidConfiguration([f"--role {name}: no such role; there are {', '.join(ROLES)}" for name in unknown])
    return list(dict.fromkeys(names or ROLES))


def _port(settings: Settings, place: int) -> dict[str, str]:
    """Return what gives each role a port of its own: they follow one another."""
    first = settings.metrics.port
    return {"ECOVIGIL_METRICS__PORT": str(first + place)} if first else {}


def _tell(servers: Servers, names: list[str]) -> None:
    for key, server in servers.started.items():
        print(f"{key}: {server.address}  pid {server.pid}")
    print(f"运行中 running: {', '.join(names)}  (Ctrl-C 停止 stops)", flush=True)
